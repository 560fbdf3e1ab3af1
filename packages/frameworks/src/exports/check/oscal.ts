import { catalogs, controlFamilies, controls } from "../../catalogs/catalogs.ts";
import { canonicalText, sha256Hex } from "../canonical.ts";
import { contentHash, oscalVersion } from "../oscal/document.ts";
import { objectiveId } from "../oscal/catalog.ts";
import { exportNamespace } from "../formats.ts";
import { checkCounts, checkPositionText, checkWords, hex256, needInstant, needOrder, uuidForm } from "./common.ts";
import { at, isObject, items, text, walk } from "./problems.ts";
import type { Json, JsonObject, Problems } from "./problems.ts";
import { oscalMet } from "./verdicts.ts";

export const oscalRoots: Readonly<Record<string, string>> = {
  catalog: "oscal-catalog",
  "component-definition": "oscal-component-definition",
  "assessment-plan": "oscal-assessment-plan",
  "assessment-results": "oscal-assessment-results",
  "plan-of-action-and-milestones": "oscal-poam",
  "mapping-collection": "oscal-mapping",
};

const gaps: ReadonlySet<string> = new Set(["fail", "stale"]);
const outcomes: ReadonlySet<string> = new Set(["pass", "fail", "stale", "not_applicable", "unproven"]);

interface Our {
  readonly value: string;
  readonly place: string;
}

/** Our own properties of an object, by name. */
function ours(of: Json | undefined, place: string): Map<string, Our[]> {
  const found = new Map<string, Our[]>();
  for (const [index, one] of items(at(of, "props")).entries()) {
    if (!isObject(one) || one["ns"] !== exportNamespace) continue;
    const name = String(one["name"]);
    found.set(name, [...(found.get(name) ?? []), { value: String(one["value"]), place: `${place}/props/${index}/value` }]);
  }
  return found;
}

/** What an OSCAL document means, beyond its schema. @param root the document's one member */
export function checkOscal(document: JsonObject, root: string, problems: Problems): void {
  const body = document[root];
  const place = `/${root}`;
  if (!isObject(body)) return problems.add("document.shape", place, "is not an object");
  const nowMs = checkMetadata(body, root, place, problems);
  checkIdentity(body, place, problems);
  checkControls(body, root, place, problems);
  checkDates(body, place, nowMs, problems);
  if (root === "assessment-results" || root === "plan-of-action-and-milestones" || root === "component-definition") checkOutcomes(body, root, place, problems);
  checkCountsOf(body, root, place, problems);
  checkHash(document, root, problems);
  checkWords(document, problems);
}

function checkMetadata(body: JsonObject, root: string, place: string, problems: Problems): number | undefined {
  const metadata = body["metadata"];
  const here = `${place}/metadata`;
  if (at(metadata, "oscal-version") !== oscalVersion) problems.add("document.version", `${here}/oscal-version`, `is not ${oscalVersion}`);
  const own = ours(metadata, here);
  const format = own.get("format")?.[0];
  if (format?.value !== oscalRoots[root]) problems.add("manifest.format", format?.place ?? `${here}/props`, `names another format than ${oscalRoots[root]}`);
  const positions = own.get("log-position") ?? [];
  if (positions.length === 0) problems.add("position.missing", `${here}/props`, "states no position of the log");
  for (const one of positions) checkPositionText(one.value, one.place, problems);
  if (items(at(metadata, "responsible-parties")).length === 0) problems.add("manifest.by", here, "doesn't say who exported it");
  return needInstant(at(metadata, "last-modified"), `${here}/last-modified`, problems);
}

/** Ids are given once, and everything that is referred to is there. */
function checkIdentity(body: JsonObject, place: string, problems: Problems): void {
  const known = new Map<string, string>();
  const partIds = new Map<string, string>();
  const note = (id: string, where: string): void => {
    if (!uuidForm.test(id)) problems.add("uuid.invalid", where, "is not a UUID");
    const before = known.get(id);
    if (before !== undefined) problems.add("uuid.twice", where, `the same as ${before}`);
    else known.set(id, where);
  };
  note(String(body["uuid"]), `${place}/uuid`);
  for (const { place: here, name, value } of walk(body, place)) {
    if (name === "uuid" && here !== `${place}/uuid` && typeof value === "string") note(value, here);
    if (name === "id" && typeof value === "string" && /\/(?:parts|controls|groups)\/\d+\/id$/.test(here)) {
      if (partIds.has(value)) problems.add("id.twice", here, `the same as ${partIds.get(value)}`);
      else partIds.set(value, here);
    }
  }
  // A component may be named in two places that speak of the same thing; nothing else of ours is.
  for (const { place: here, name, value } of walk(body, place)) {
    if (typeof value !== "string") continue;
    const isReference = name.endsWith("-uuid") || /\/party-uuids\/\d+$/.test(here);
    const target = isReference ? value : (name === "href" || name === "source") && value.startsWith("#") ? value.slice(1) : undefined;
    if (target !== undefined && !known.has(target)) problems.add("reference.unresolved", here, `refers to ${target}, which isn't here`);
  }
  const roles = new Set(items(at(body, "metadata", "roles")).map((one) => text(at(one, "id"))));
  for (const { place: here, name, value } of walk(body["metadata"] ?? null, `${place}/metadata`)) if (name === "role-id" && !roles.has(String(value))) problems.add("reference.unresolved", here, `names the role ${String(value)}, which isn't here`);
}

function checkControls(body: JsonObject, root: string, place: string, problems: Problems): void {
  const ids = new Set(controls().map((one) => one.id));
  const objectives = new Set(controls().map((one) => objectiveId(one.id)));
  for (const { place: here, name, value } of walk(body, place)) {
    if (name === "control-id" && !ids.has(String(value))) problems.add("control.unknown", here, `there is no control ${String(value)}`);
    if (name === "objective-id" && !objectives.has(String(value))) problems.add("control.unknown", here, `there is no objective ${String(value)}`);
    if (name === "target-id" && !objectives.has(String(value))) problems.add("control.unknown", here, `there is no objective ${String(value)}`);
  }
  if (root === "catalog") {
    const families = new Map(controlFamilies().map((one) => [one.id, one.title]));
    for (const [index, group] of items(body["groups"]).entries()) {
      if (!families.has(String(at(group, "id")))) problems.add("control.unknown", `${place}/groups/${index}/id`, `there is no family ${String(at(group, "id"))}`);
      for (const [number, control] of items(at(group, "controls")).entries()) {
        const here = `${place}/groups/${index}/controls/${number}`;
        const known = controls().find((one) => one.id === at(control, "id"));
        if (known === undefined) problems.add("control.unknown", `${here}/id`, `there is no control ${String(at(control, "id"))}`);
        else if (known.family !== at(group, "id")) problems.add("control.family", `${here}/id`, `is of the family ${known.family}`);
        else if (at(control, "parts", 0, "prose") !== known.statement) problems.add("control.altered", `${here}/parts/0/prose`, "is not the control's statement");
      }
    }
  }
  if (root === "mapping-collection") checkMaps(body, place, problems);
}

function checkMaps(body: JsonObject, place: string, problems: Problems): void {
  for (const [index, mapping] of items(body["mappings"]).entries()) {
    const here = `${place}/mappings/${index}`;
    const key = ours(mapping, here).get("framework")?.[0];
    const framework = catalogs().find((one) => one.key === key?.value);
    if (framework === undefined) {
      problems.add("framework.unknown", key?.place ?? here, `there is no framework ${key?.value ?? "named"}`);
      continue;
    }
    const known = new Set(framework.items.map((one) => one.id));
    for (const [number, map] of items(at(mapping, "maps")).entries()) {
      if (at(map, "relationship") !== "supports") problems.add("map.relationship", `${here}/maps/${number}/relationship`, "claims more than that a control supports an item");
      const source = controls().find((one) => one.id === at(map, "sources", 0, "id-ref"));
      if (source === undefined) problems.add("control.unknown", `${here}/maps/${number}/sources/0/id-ref`, `there is no control ${String(at(map, "sources", 0, "id-ref"))}`);
      for (const [target, one] of items(at(map, "targets")).entries()) {
        const id = String(at(one, "id-ref"));
        const where = `${here}/maps/${number}/targets/${target}/id-ref`;
        if (!known.has(id)) problems.add("framework.item_unknown", where, `${framework.short} has no item ${id}`);
        else if (source !== undefined && !(source.supports[framework.key] ?? []).includes(id)) problems.add("map.unsupported", where, `${source.id} isn't mapped to ${id}`);
      }
    }
  }
}

const instants: ReadonlySet<string> = new Set(["last-modified", "collected", "expires", "start", "end", "deadline", "published"]);
/** Not later than the export itself. */
const past: ReadonlySet<string> = new Set(["collected", "start", "end"]);

function checkDates(body: JsonObject, place: string, nowMs: number | undefined, problems: Problems): void {
  for (const { place: here, name, value } of walk(body, place)) {
    if (instants.has(name) && here !== `${place}/metadata/last-modified` && typeof value === "string") {
      const ms = needInstant(value, here, problems);
      if (past.has(name)) needOrder(ms, nowMs, here, "is later than the export itself", problems);
    }
    if (!isObject(value)) continue;
    needOrder(msOf(value["start"]), msOf(value["end"]), `${here}/end`, "ends before it starts", problems);
    needOrder(msOf(value["collected"]), msOf(value["expires"]), `${here}/expires`, "expires before it was collected", problems);
    if ("deadline" in value) {
      const opened = ours(value, here).get("opened")?.[0];
      needOrder(msOf(opened?.value), msOf(value["deadline"]), `${here}/deadline`, "is due before it was opened", problems);
    }
  }
}

const msOf = (value: Json | undefined): number | undefined => (typeof value === "string" && Number.isFinite(Date.parse(value)) ? Date.parse(value) : undefined);

/** What was measured says the same everywhere, and what wasn't is nowhere a pass. */
function checkOutcomes(body: JsonObject, root: string, place: string, problems: Problems): void {
  const measured = new Map<string, string>();
  const observed = new Map<string, string>();
  const states = (of: Json | undefined, here: string, control: string): void => {
    const own = ours(of, here);
    const outcome = own.get("outcome")?.[0];
    if (outcome === undefined || !outcomes.has(outcome.value)) return problems.add("outcome.missing", outcome?.place ?? here, "states no outcome");
    if (measured.has(control)) problems.add("control.twice", here, `${control} is measured twice`);
    measured.set(control, outcome.value);
    const number = (name: string): number => Number(own.get(name)?.[0]?.value ?? 0);
    if (number("faults") > number("population")) problems.add("count.faults", own.get("faults")![0]!.place, "more faults than the population has members");
    if (number("excepted") > number("faults")) problems.add("count.faults", own.get("excepted")![0]!.place, "more excepted faults than faults");
    if (outcome.value !== "pass") return;
    if (number("faults") > 0) problems.add("outcome.contradicted", outcome.place, `passes with ${number("faults")} faults`);
    if (own.get("grade")?.[0]?.value === "cant_tell") problems.add("outcome.contradicted", outcome.place, "passes, though it can't be told");
    if (own.get("measured")?.[0]?.value === "never") problems.add("outcome.contradicted", outcome.place, "passes, though it was never measured");
    if ((own.get("seen-to-fail")?.[0]?.value ?? "never") === "never") problems.add("outcome.contradicted", outcome.place, "passes by a measure that was never seen to fail");
  };
  for (const { place: here, name, value } of walk(body, place)) {
    if (name === "state" && value === oscalMet) problems.add("outcome.claimed", here, "claims that an objective is met; a measure knows less");
    if (/\/implemented-requirements\/\d+$/.test(here)) states(value, here, String(at(value, "control-id")));
    if (/\/observations\/\d+$/.test(here)) {
      const control = ours(value, here).get("control")?.[0]?.value ?? "";
      if (!controls().some((one) => one.id === control)) problems.add("control.unknown", here, `there is no control ${control}`);
      observed.set(String(at(value, "uuid")), control);
      states(value, here, control);
      for (const [index, subject] of items(at(value, "subjects")).entries()) {
        const own = ours(subject, `${here}/subjects/${index}`);
        if (Number(own.get("faults")?.[0]?.value ?? 0) > Number(own.get("population")?.[0]?.value ?? 0)) problems.add("count.faults", `${here}/subjects/${index}`, "more faults than the population has members");
      }
    }
  }
  if (root !== "plan-of-action-and-milestones") for (const one of controls()) if (!measured.has(one.id)) problems.add("control.missing", place, `says nothing of ${one.id}: what isn't measured is stated as that`);
  if (root === "component-definition") return;
  const found = new Set<string>();
  const findingsPlace = root === "assessment-results" ? `${place}/results/0/findings` : `${place}/findings`;
  for (const [index, finding] of items(root === "assessment-results" ? at(body, "results", 0, "findings") : body["findings"]).entries()) {
    const here = `${findingsPlace}/${index}`;
    const control = observed.get(String(at(finding, "related-observations", 0, "observation-uuid")));
    const target = String(at(finding, "target", "target-id"));
    if (control === undefined || objectiveId(control) !== target) problems.add("finding.unfounded", `${here}/target/target-id`, "isn't about what its observation saw");
    else if (!gaps.has(measured.get(control) ?? "")) problems.add("finding.unfounded", here, `${control} is a finding, though its outcome is ${measured.get(control) ?? "absent"}`);
    if (control !== undefined) found.add(control);
  }
  for (const [control, outcome] of measured) if (gaps.has(outcome) && !found.has(control)) problems.add("finding.missing", findingsPlace, `${control} has the outcome ${outcome} and no finding`);
}

function checkCountsOf(body: JsonObject, root: string, place: string, problems: Problems): void {
  const metadata = body["metadata"];
  const stated = new Map<string, { value: Json; place: string }>();
  for (const [index, one] of items(at(metadata, "props")).entries()) if (at(one, "name") === "count") stated.set(String(at(one, "class")), { value: at(one, "value") ?? null, place: `${place}/metadata/props/${index}/value` });
  checkCounts(stated, counted(body, root, place), `${place}/metadata/props`, problems);
}

function counted(body: JsonObject, root: string, place: string): Record<string, number> {
  const listed = [...walk(body, place)];
  const matching = (pattern: RegExp): Json[] => listed.filter((one) => pattern.test(one.place)).map((one) => one.value);
  const propOf = (of: Json, name: string): string | undefined => ours(of, "").get(name)?.[0]?.value;
  switch (root) {
    case "catalog": return { groups: items(body["groups"]).length, controls: matching(/\/controls\/\d+$/).length };
    case "mapping-collection": {
      const sources = new Set(matching(/\/sources\/\d+\/id-ref$/));
      return { mappings: items(body["mappings"]).length, maps: matching(/\/maps\/\d+$/).length, controls: sources.size };
    }
    case "component-definition": {
      const components = items(body["components"]);
      return { components: components.length, systems: components.filter((one) => propOf(one, "system") !== undefined).length, parts: components.filter((one) => propOf(one, "kind") !== undefined).length, requirements: matching(/\/implemented-requirements\/\d+$/).length };
    }
    case "assessment-plan": {
      const subjects = items(at(body, "assessment-subjects", 0, "include-subjects"));
      const systems = new Set(items(at(body, "local-definitions", "components")).map((one) => at(one, "uuid")));
      return { controls: items(at(body, "reviewed-controls", "control-selections", 0, "include-controls")).length, activities: items(at(body, "local-definitions", "activities")).length, subjects: subjects.filter((one) => systems.has(at(one, "subject-uuid"))).length };
    }
    case "assessment-results": {
      const observations = items(at(body, "results", 0, "observations"));
      const of = (outcome: string): number => observations.filter((one) => propOf(one, "outcome") === outcome).length;
      return { observations: observations.length, findings: items(at(body, "results", 0, "findings")).length, risks: items(at(body, "results", 0, "risks")).length, pass: of("pass"), fail: of("fail"), stale: of("stale"), not_applicable: of("not_applicable"), unproven: of("unproven") };
    }
    default: {
      const poam = items(body["poam-items"]);
      const outcomeOf = (one: Json): string | undefined => propOf(one, "outcome");
      const failing = poam.filter((one) => gaps.has(outcomeOf(one) ?? "")).length;
      const unproven = poam.filter((one) => outcomeOf(one) === "unproven").length;
      const open = poam.filter((one) => propOf(one, "finding") !== undefined).length;
      return { items: failing + unproven + open, failing, unproven, "open-findings": open, observations: items(body["observations"]).length };
    }
  }
}

function checkHash(document: JsonObject, root: string, problems: Problems): void {
  const props = items(at(document, root, "metadata", "props"));
  const index = props.findIndex((one) => at(one, "name") === contentHash && at(one, "ns") === exportNamespace);
  const place = `/${root}/metadata/props${index < 0 ? "" : `/${index}/value`}`;
  const stated = text(at(props[index], "value"));
  if (stated === undefined || !hex256.test(stated)) return problems.add("hash.missing", place, "states no SHA-256 of its content");
  const emptied = structuredClone(document) as { [name: string]: { metadata: { props: { value: string }[] } } };
  emptied[root]!.metadata.props[index]!.value = "-";
  const actual = sha256Hex(canonicalText(emptied));
  if (actual !== stated) problems.add("hash.differs", place, `states ${stated}; its content has ${actual}`);
}
