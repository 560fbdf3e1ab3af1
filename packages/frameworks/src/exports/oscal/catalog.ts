import type { Control, ControlFamily } from "../../catalogs/catalogs.ts";
import type { ExportHead } from "../facts.ts";
import { line, oscalDocument, prop } from "./document.ts";

/** Ids of a control's statement and objective, as the other documents refer to them. */
export const statementId = (control: string): string => `${control}_smt`;
export const objectiveId = (control: string): string => `${control}_obj`;

/** How an assessor would call it: a question to the record examines, what runs is tested. */
export const methodOf = (control: Control): "EXAMINE" | "TEST" => (control.kind === "query" ? "EXAMINE" : "TEST");

/** OSCAL 1.2.2 catalog of the product's own controls. */
export function oscalCatalog(head: ExportHead, families: readonly ControlFamily[], controls: readonly Control[]): string {
  return oscalDocument(head, {
    root: "catalog",
    format: "oscal-catalog",
    title: "Mandate's control catalog",
    counts: { groups: families.length, controls: controls.length },
    body: {
      groups: families.map((family) => ({
        id: family.id,
        class: "family",
        title: line(family.title),
        controls: controls
          .filter((one) => one.family === family.id)
          .map((one) => ({
            id: one.id,
            class: "mandate",
            title: line(one.statement),
            props: [prop("measured-by", one.kind), prop("applies-to", one.appliesTo)],
            parts: [
              { id: statementId(one.id), name: "statement", prose: one.statement },
              { id: objectiveId(one.id), name: "assessment-objective", prose: one.measure },
              { id: `${one.id}_ev`, name: "assessment-method", props: [{ name: "method", value: methodOf(one) }], prose: one.evidence },
            ],
          })),
      })),
    },
  });
}
