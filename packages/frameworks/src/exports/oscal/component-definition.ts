import type { Control } from "../../catalogs/catalogs.ts";
import { stableUuid } from "../canonical.ts";
import type { ExportFacts, PartFacts } from "../facts.ts";
import { line, oscalDocument, productComponent, productUuid, prop, resource, some, systemProps, systemUuid } from "./document.ts";
import { ourCatalogUuid } from "./mapping.ts";
import { measuredProps } from "./measured.ts";

const typeOf: Readonly<Record<PartFacts["kind"], string>> = { model: "service", tool: "service", destination: "interconnection", agent: "software", prompt: "guidance", dataset: "software" };

/** OSCAL 1.2.2 component definition: the product and what it measured of its controls, the systems, what they use. */
export function oscalComponentDefinition(facts: ExportFacts, controls: readonly Control[]): string {
  const newest = new Map(facts.measured.map((one) => [one.control, one]));
  const partUuid = (part: PartFacts): string => stableUuid(facts.organization.id, part.kind, part.name);
  const parts = new Map(facts.systemFacts.flatMap((system) => system.parts.map((part) => [partUuid(part), part] as const)));
  const components = [
    {
      uuid: productUuid,
      type: productComponent.type,
      title: productComponent.title,
      description: productComponent.description,
      "control-implementations": [{
        uuid: stableUuid(facts.organization.id, "control-implementation"),
        source: `#${ourCatalogUuid}`,
        description: "What the newest measurement of each control says. A control without one says so: it counts as unproven.",
        "implemented-requirements": controls.map((control) => {
          const result = newest.get(control.id);
          return {
            uuid: stableUuid(facts.organization.id, "implemented-requirement", control.id),
            "control-id": control.id,
            description: line(result?.reason ?? "Not measured yet."),
            props: measuredProps(result),
          };
        }),
      }],
    },
    ...facts.systemFacts.map((system) => ({
      uuid: systemUuid(facts, system.name),
      type: "system",
      title: line(system.title),
      description: line(system.description ?? (system.purposes.map((one) => one.text).join(" ") || "No purpose is on record.")),
      props: [
        ...systemProps(system),
        prop("audience", system.audience),
        prop("autonomy", system.autonomy),
        ...system.purposes.map((one) => prop("purpose", one.id)),
        ...(system.boundary === null ? [] : [prop("sensitivity", system.boundary.sensitivity), ...system.boundary.regions.map((region) => prop("region", region)), ...system.boundary.classes.map((one) => prop("data-class", one))]),
        ...(system.owners.business === null ? [] : [prop("business-owner", system.owners.business)]),
        ...(system.owners.technical === null ? [] : [prop("technical-owner", system.owners.technical)]),
        ...system.unresolved.map((one) => prop("unresolved", one)),
      ],
      ...some("links", system.parts.map((part) => ({ href: `#${partUuid(part)}`, rel: "depends-on", text: `${part.kind}:${part.name}` }))),
    })),
    ...[...parts].map(([uuid, part]) => ({
      uuid,
      type: typeOf[part.kind],
      title: line(part.title ?? part.name),
      description: `${part.kind}:${part.name} as the register holds it, version ${part.version}.`,
      props: [prop("kind", part.kind), prop("name", part.name), prop("version", String(part.version)), prop("spec-sha256", part.sha256), ...Object.entries(part.facts).map(([name, value]) => prop(name, value)), ...part.classes.map((one) => prop("data-class", one))],
    })),
  ];
  return oscalDocument(facts, {
    root: "component-definition",
    format: "oscal-component-definition",
    title: `AI systems of ${facts.organization.name} and what governs them`,
    counts: { components: components.length, systems: facts.systemFacts.length, parts: parts.size, requirements: controls.length },
    body: { components },
    resources: [resource(ourCatalogUuid, "Mandate's control catalog", "The document that `mandate export oscal-catalog` writes.")],
  });
}
