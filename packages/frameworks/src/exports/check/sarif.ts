import { createHash } from "node:crypto";
import { canonicalText } from "../canonical.ts";
import { checkCounts, checkManifest, checkWords, needInstant, needOrder, statedCounts, uuidForm } from "./common.ts";
import { at, isObject, items, text } from "./problems.ts";
import type { Json, JsonObject, Problems } from "./problems.ts";

const levelOf: Readonly<Record<string, string>> = { low: "note", medium: "warning", high: "error", critical: "error" };

/** What findings in SARIF mean, beyond its schema. */
export function checkSarif(document: JsonObject, problems: Problems): void {
  if (document["version"] !== "2.1.0") problems.add("document.version", "/version", "is not 2.1.0");
  if (items(document["runs"]).length !== 1) problems.add("document.shape", "/runs", "holds other than one run");
  const run = at(document, "runs", 0);
  if (!isObject(run)) return;
  const exportedMs = checkManifest(run["properties"], "sarif", "/runs/0/properties", problems);
  if (at(run, "invocations", 0, "endTimeUtc") !== at(run, "properties", "exportedAt")) problems.add("date.differs", "/runs/0/invocations/0/endTimeUtc", "is not when it was exported");
  if (!uuidForm.test(String(at(run, "automationDetails", "guid")))) problems.add("uuid.invalid", "/runs/0/automationDetails/guid", "is not a UUID");
  const rules = items(at(run, "tool", "driver", "rules")).map((one) => String(at(one, "id")));
  for (const [index, id] of rules.entries()) if (rules.indexOf(id) !== index) problems.add("id.twice", `/runs/0/tool/driver/rules/${index}/id`, `the rule ${id} stands twice`);
  const states: Record<string, number> = { open: 0, dismissed: 0, excepted: 0 };
  const seen = { guids: new Map<string, string>(), prints: new Map<string, string>(), rules: new Set<string>() };
  const hash = createHash("sha256");
  const results = items(run["results"]);
  for (const [index, result] of results.entries()) {
    hash.update(`${canonicalText(result)}\n`);
    const place = `/runs/0/results/${index}`;
    checkResult(result, place, rules, seen, exportedMs, problems);
    const state = String(at(result, "properties", "state"));
    if (!(state in states)) problems.add("finding.state", `${place}/properties/state`, `${state} is no state of a finding that isn't closed`);
    else states[state]!++;
  }
  for (const [index, id] of rules.entries()) if (!seen.rules.has(id)) problems.add("reference.orphan", `/runs/0/tool/driver/rules/${index}`, `no result is of the rule ${id}`);
  checkCounts(statedCounts(at(run, "properties", "counts"), "/runs/0/properties/counts"), { results: results.length, rules: rules.length, ...states }, "/runs/0/properties/counts", problems);
  hash.update(canonicalText({ ...document, runs: [{ ...run, results: [], properties: { ...(isObject(run["properties"]) ? run["properties"] : {}), contentSha256: "" } }] }));
  const actual = hash.digest("hex");
  if (at(run, "properties", "contentSha256") !== actual) problems.add("hash.differs", "/runs/0/properties/contentSha256", `its content has ${actual}`);
  checkWords(document, problems);
}

function checkResult(result: Json, place: string, rules: readonly string[], seen: { guids: Map<string, string>; prints: Map<string, string>; rules: Set<string> }, exportedMs: number | undefined, problems: Problems): void {
  const rule = String(at(result, "ruleId"));
  seen.rules.add(rule);
  if (!rules.includes(rule)) problems.add("reference.unresolved", `${place}/ruleId`, `there is no rule ${rule}`);
  else if (rules[Number(at(result, "ruleIndex"))] !== rule) problems.add("reference.unresolved", `${place}/ruleIndex`, `is the place of another rule than ${rule}`);
  once(seen.guids, at(result, "guid"), `${place}/guid`, "uuid.twice", problems);
  if (!uuidForm.test(String(at(result, "guid")))) problems.add("uuid.invalid", `${place}/guid`, "is not a UUID");
  once(seen.prints, at(result, "partialFingerprints", "mandateFinding/v1"), `${place}/partialFingerprints`, "id.twice", problems);
  if (at(result, "kind") !== "fail") problems.add("finding.kind", `${place}/kind`, "a finding that isn't closed is a fail, whoever lets it stand");
  const severity = String(at(result, "properties", "severity"));
  if (at(result, "level") !== levelOf[severity]) problems.add("finding.level", `${place}/level`, `isn't the level of severity ${severity}`);
  const isOpen = at(result, "properties", "state") === "open";
  const suppressions = items(at(result, "suppressions"));
  if (isOpen === suppressions.length > 0) problems.add("finding.state", `${place}/suppressions`, isOpen ? "suppresses what is open" : "doesn't say why it stands");
  for (const [index, one] of suppressions.entries()) if ((text(at(one, "justification")) ?? "").trim() === "") problems.add("finding.state", `${place}/suppressions/${index}/justification`, "doesn't say why it stands");
  const time = (name: string): number | undefined => needInstant(at(result, "properties", name), `${place}/properties/${name}`, problems);
  const [openedMs, lastMs, dueMs] = [time("openedAt"), time("lastSeenAt"), time("due")];
  needOrder(openedMs, lastMs, `${place}/properties/lastSeenAt`, "was last seen before it was opened", problems);
  needOrder(openedMs, dueMs, `${place}/properties/due`, "is due before it was opened", problems);
  needOrder(lastMs, exportedMs, `${place}/properties/lastSeenAt`, "was last seen after the export", problems);
  if (!isOpen && at(result, "properties", "standsUntil") !== undefined) needOrder(exportedMs, time("standsUntil"), `${place}/properties/standsUntil`, "had ended before the export: it is open again", problems);
}

function once(seen: Map<string, string>, value: Json | undefined, place: string, code: string, problems: Problems): void {
  const key = String(value);
  const before = seen.get(key);
  if (before !== undefined) problems.add(code, place, `the same as ${before}`);
  else seen.set(key, place);
}
