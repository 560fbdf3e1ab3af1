import type { Control } from "../../catalogs/catalogs.ts";
import { stableUuid } from "../canonical.ts";
import type { ExportFacts, FindingFacts } from "../facts.ts";
import { gapsOf } from "./assessment.ts";
import { line, oscalDocument, productComponent, productUuid, prop, systemComponents, systemUuid, some } from "./document.ts";

const origins = [{ actors: [{ type: "tool", "actor-uuid": productUuid }] }];

/** OSCAL 1.2.2 plan of action and milestones: failing controls, controls nobody can speak for, findings that aren't closed. */
export function oscalPoam(facts: ExportFacts, controls: readonly Control[], findings: readonly FindingFacts[]): string {
  const gaps = gapsOf(facts, controls);
  const wanted = new Set([...gaps.failing, ...gaps.unmeasured].map(([control]) => control.id));
  const observations = gaps.observations.filter((one) => wanted.has(String(one["title"])));
  const uuid = (kind: string, id: string): string => stableUuid(facts.organization.id, kind, id);
  const known = new Set(facts.systemFacts.map((one) => one.name));
  const items = [
    ...gaps.failing.map(([control, result]) => ({
      uuid: uuid("poam-control", control.id),
      title: line(`${control.id}: ${control.statement}`),
      description: line(result.reason),
      props: [prop("control", control.id), prop("outcome", result.outcome)],
      "related-findings": [{ "finding-uuid": uuid("finding", control.id) }],
      "related-observations": [{ "observation-uuid": uuid("observation", control.id) }],
      "related-risks": [{ "risk-uuid": uuid("risk", control.id) }],
    })),
    ...gaps.unmeasured.map(([control, result]) => ({
      uuid: uuid("poam-unproven", control.id),
      title: line(`${control.id} isn't proven`),
      description: line(result?.reason ?? "Not measured yet."),
      props: [prop("control", control.id), prop("outcome", "unproven")],
      "related-observations": [{ "observation-uuid": uuid("observation", control.id) }],
    })),
    ...findings.map((one) => ({
      uuid: uuid("poam-finding", one.id),
      title: line(one.title),
      description: line(one.detail),
      props: [prop("finding", one.id), prop("cause", one.cause), prop("state", one.state), ...(one.owner === null ? [] : [prop("owner", one.owner)])],
      "related-risks": [{ "risk-uuid": uuid("finding-risk", one.id) }],
    })),
  ];
  // OSCAL wants one item at least; what is absent is said, not left out.
  const none = { uuid: uuid("poam-none", "none"), title: "Nothing is open", description: "At this position no control fails or is unproven, and no finding is open." };
  return oscalDocument(facts, {
    root: "plan-of-action-and-milestones",
    format: "oscal-poam",
    title: `What is open at ${facts.organization.name}`,
    counts: { items: items.length, failing: gaps.failing.length, unproven: gaps.unmeasured.length, "open-findings": findings.length, observations: observations.length },
    body: {
      "system-id": { "identifier-type": "http://ietf.org/rfc/rfc4122", id: uuid("organization", "system-id") },
      "local-definitions": { components: [productComponent, ...systemComponents(facts, facts.systemFacts)] },
      ...some("observations", observations),
      ...some("risks", [
        ...gaps.risks,
        ...findings.map((one) => ({
          uuid: uuid("finding-risk", one.id),
          title: line(one.title),
          description: line(one.detail),
          statement: line(one.causeTitle),
          props: [prop("finding", one.id), prop("severity", one.severity), prop("seen", String(one.seen)), prop("opened", one.openedAt), ...(one.system === null ? [] : [prop("system", one.system)])],
          status: one.state === "open" ? "open" : "deviation-approved",
          origins,
          ...(one.stands === null ? {} : { "mitigating-factors": [{ uuid: uuid("mitigating", one.id), description: line(`${one.stands.reason} (by ${one.stands.by}, until ${one.stands.until})`), ...(one.system !== null && known.has(one.system) ? { subjects: [{ "subject-uuid": systemUuid(facts, one.system), type: "component" }] } : {}) }] }),
          deadline: one.due,
          remediations: [{ uuid: uuid("remediation", one.id), lifecycle: "recommendation", title: "What mends it", description: line(one.fix) }],
        })),
      ]),
      ...some("findings", gaps.findings),
      "poam-items": items.length === 0 ? [none] : items,
    },
  });
}
