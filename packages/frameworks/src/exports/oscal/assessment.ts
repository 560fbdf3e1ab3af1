import type { Control } from "../../catalogs/catalogs.ts";
import { stableUuid } from "../canonical.ts";
import type { ExportFacts, MeasuredFacts } from "../facts.ts";
import { methodOf, objectiveId } from "./catalog.ts";
import { line, oscalDocument, productComponent, productUuid, prop, resource, some, systemComponents, systemUuid } from "./document.ts";
import { ourCatalogUuid } from "./mapping.ts";
import { goodForMs, isGap, measuredProps } from "./measured.ts";

const registerUuid = stableUuid("resource", "register");
const planUuid = stableUuid("resource", "oscal-assessment-plan");
const registerResource = resource(registerUuid, "The register", "OSCAL wants a system security plan here. The register of AI systems takes its place: `mandate export oscal-component-definition` writes it.");
const catalogResource = resource(ourCatalogUuid, "Mandate's control catalog", "The document that `mandate export oscal-catalog` writes.");
const origins = [{ actors: [{ type: "tool", "actor-uuid": productUuid }] }];

const observationUuid = (facts: ExportFacts, control: string): string => stableUuid(facts.organization.id, "observation", control);
const riskUuid = (facts: ExportFacts, control: string): string => stableUuid(facts.organization.id, "risk", control);

function reviewed(controls: readonly Control[]): Record<string, unknown> {
  return {
    "control-selections": [{ "include-controls": controls.map((one) => ({ "control-id": one.id })) }],
    "control-objective-selections": [{ "include-objectives": controls.map((one) => ({ "objective-id": objectiveId(one.id) })) }],
  };
}

/** OSCAL 1.2.2 assessment plan. */
export function oscalAssessmentPlan(facts: ExportFacts, controls: readonly Control[]): string {
  const activityUuid = (control: string): string => stableUuid("activity", control);
  const subjects = facts.systemFacts.map((one) => ({ "subject-uuid": systemUuid(facts, one.name), type: "component" }));
  // The product itself is measured where there are no systems yet.
  const about = { type: "component", "include-subjects": subjects.length === 0 ? [{ "subject-uuid": productUuid, type: "component" }] : subjects };
  return oscalDocument(facts, {
    root: "assessment-plan",
    format: "oscal-assessment-plan",
    title: `How the controls of ${facts.organization.name} are measured`,
    counts: { controls: controls.length, activities: controls.length, subjects: subjects.length },
    body: {
      "import-ssp": { href: `#${registerUuid}` },
      "local-definitions": {
        ...some("components", systemComponents(facts, facts.systemFacts)),
        activities: controls.map((control) => ({
          uuid: activityUuid(control.id),
          title: control.id,
          description: control.measure,
          props: [{ name: "method", value: methodOf(control) }, prop("applies-to", control.appliesTo)],
          "related-controls": { "control-selections": [{ "include-controls": [{ "control-id": control.id }] }] },
        })),
      },
      "reviewed-controls": reviewed(controls),
      "assessment-subjects": [about],
      "assessment-assets": { components: [productComponent], "assessment-platforms": [{ uuid: stableUuid(facts.organization.id, "platform"), title: "Mandate", "uses-components": [{ "component-uuid": productUuid }] }] },
      tasks: [{
        uuid: stableUuid("task", "measure"),
        type: "action",
        title: "Measure every control",
        description: "A result older than a day counts as stale.",
        timing: { "at-frequency": { period: 1, unit: "days" } },
        "associated-activities": controls.map((control) => ({ "activity-uuid": activityUuid(control.id), subjects: [about] })),
      }],
    },
    resources: [registerResource, catalogResource],
  });
}

/** What was seen of one control; of one that nobody measured, that. */
function observation(facts: ExportFacts, control: Control, result: MeasuredFacts | undefined): Record<string, unknown> {
  const known = new Set(facts.systemFacts.map((one) => one.name));
  const subjects = Object.keys(result?.systems ?? {}).filter((name) => known.has(name)).sort();
  return {
    uuid: observationUuid(facts, control.id),
    title: control.id,
    description: line(result?.reason ?? "Not measured yet."),
    props: [prop("control", control.id), ...measuredProps(result)],
    methods: [result === undefined ? "UNKNOWN" : methodOf(control)],
    types: ["control-objective"],
    origins,
    ...some("subjects", subjects.map((name) => ({ "subject-uuid": systemUuid(facts, name), type: "component", props: [prop("population", String(result!.systems[name]!.population)), prop("faults", String(result!.systems[name]!.faults))] }))),
    ...(result === undefined ? {} : { "relevant-evidence": [{ description: result.query, props: [prop("window-since", result.window.since), prop("window-until", result.window.until)] }] }),
    collected: result?.at ?? facts.exportedAt,
    ...(result === undefined ? {} : { expires: new Date(Date.parse(result.at) + goodForMs).toISOString() }),
  };
}

function gapRisk(facts: ExportFacts, control: Control, result: MeasuredFacts): Record<string, unknown> {
  const isExcepted = result.outcome === "fail" && result.faults > 0 && result.excepted === result.faults;
  return {
    uuid: riskUuid(facts, control.id),
    title: line(`${control.id}: ${control.statement}`),
    description: line(result.reason),
    statement: result.outcome === "stale" ? "The last result is too old to speak of today." : faultsText(result),
    props: [prop("control", control.id), prop("faults", String(result.faults)), prop("excepted", String(result.excepted))],
    status: isExcepted ? "deviation-approved" : "open",
    origins,
    "related-observations": [{ "observation-uuid": observationUuid(facts, control.id) }],
  };
}

const shownFaults = 20;

function faultsText(result: MeasuredFacts): string {
  const shown = result.exceptions.slice(0, shownFaults).map((one) => `- ${line(one.subject)}: ${line(one.fault)}${one.exception === null ? "" : ` (exception ${one.exception})`}`);
  const rest = result.faults - shown.length;
  return [`${result.faults} of ${result.population} ${result.unit}.`, ...shown, ...(rest > 0 ? [`- ${rest} more`] : [])].join("\n");
}

function gapFinding(facts: ExportFacts, control: Control, result: MeasuredFacts): Record<string, unknown> {
  return {
    uuid: stableUuid(facts.organization.id, "finding", control.id),
    title: line(`${control.id} ${result.outcome === "stale" ? "was not measured in time" : "fails"}`),
    description: line(result.reason),
    target: { type: "objective-id", "target-id": objectiveId(control.id), status: { state: "not-satisfied", reason: result.outcome === "stale" ? "other" : "fail" } },
    "related-observations": [{ "observation-uuid": observationUuid(facts, control.id) }],
    "related-risks": [{ "risk-uuid": riskUuid(facts, control.id) }],
  };
}

interface Gaps {
  readonly observations: readonly Record<string, unknown>[];
  readonly findings: readonly Record<string, unknown>[];
  readonly risks: readonly Record<string, unknown>[];
  readonly failing: readonly (readonly [Control, MeasuredFacts])[];
  readonly unmeasured: readonly (readonly [Control, MeasuredFacts | undefined])[];
}

/** What the results say, as OSCAL's observations, findings and risks. Only gaps are findings: OSCAL's other status would claim what no measure knows. */
export function gapsOf(facts: ExportFacts, controls: readonly Control[]): Gaps {
  const newest = new Map(facts.measured.map((one) => [one.control, one]));
  const all = controls.map((control) => [control, newest.get(control.id)] as const);
  const failing = all.flatMap(([control, result]) => (result !== undefined && isGap(result) ? [[control, result] as const] : []));
  return {
    observations: all.map(([control, result]) => observation(facts, control, result)),
    findings: failing.map(([control, result]) => gapFinding(facts, control, result)),
    risks: failing.map(([control, result]) => gapRisk(facts, control, result)),
    failing,
    unmeasured: all.filter(([, result]) => result === undefined || result.outcome === "unproven"),
  };
}

export function outcomeCounts(facts: ExportFacts, controls: readonly Control[]): Record<string, number> {
  const newest = new Map(facts.measured.map((one) => [one.control, one]));
  const count = (outcome: MeasuredFacts["outcome"]): number => controls.filter((one) => (newest.get(one.id)?.outcome ?? "unproven") === outcome).length;
  return { pass: count("pass"), fail: count("fail"), stale: count("stale"), not_applicable: count("not_applicable"), unproven: count("unproven") };
}

/** OSCAL 1.2.2 assessment results: the newest result of each control, as of the export's position. */
export function oscalAssessmentResults(facts: ExportFacts, controls: readonly Control[]): string {
  const { observations, findings, risks } = gapsOf(facts, controls);
  const starts = facts.measured.map((one) => one.window.since).sort();
  return oscalDocument(facts, {
    root: "assessment-results",
    format: "oscal-assessment-results",
    title: `What the controls of ${facts.organization.name} measured`,
    counts: { observations: observations.length, findings: findings.length, risks: risks.length, ...outcomeCounts(facts, controls) },
    body: {
      "import-ap": { href: `#${planUuid}` },
      results: [{
        uuid: stableUuid(facts.organization.id, "result"),
        title: "The newest result of each control",
        description: "Pass and fail are what the query named in each observation found in its window. Unproven means not measured, or by a measure that was never seen to fail.",
        start: starts[0] ?? facts.exportedAt,
        end: facts.exportedAt,
        "local-definitions": { components: [productComponent, ...systemComponents(facts, facts.systemFacts)] },
        "reviewed-controls": reviewed(controls),
        observations,
        ...some("risks", risks),
        ...some("findings", findings),
      }],
    },
    resources: [resource(planUuid, "Assessment plan", "The document that `mandate export oscal-assessment-plan` writes."), catalogResource],
  });
}
