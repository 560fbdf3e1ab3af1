import { createHash } from "node:crypto";
import { canonicalText } from "../canonical.ts";
import { ocsfVersion } from "../ocsf.ts";
import { checkCounts, checkManifest, checkWords, hex256, statedCounts } from "./common.ts";
import { at, isObject, items, text } from "./problems.ts";
import type { Json, JsonObject, Problems } from "./problems.ts";

const categories: Readonly<Record<number, number>> = { 6003: 6, 3004: 3, 2004: 2 };
const calls: ReadonlySet<string> = new Set(["call.intent", "call.outcome", "decision"]);

interface Origin {
  last: number;
  line: number;
}

/** What a file of OCSF events means, line by line: one that is larger than memory is checked too. */
export async function checkOcsf(lines: AsyncIterable<string>, problems: Problems): Promise<void> {
  const hash = createHash("sha256");
  const origins = new Map<string, Origin>();
  let held: string | undefined;
  let number = 0;
  let count = 0;
  for await (const line of lines) {
    // The last line is the export itself, so each is held until another follows.
    if (held !== undefined) {
      hash.update(`${held}\n`);
      count++;
      checkLine(held, ++number, origins, problems);
    }
    held = line;
  }
  number++;
  const place = `line ${number}`;
  const last = held === undefined ? undefined : parse(held, place, problems);
  if (last === undefined) return problems.add("manifest.missing", place, "the last line isn't the export's own event");
  const manifest = last["unmapped"];
  if (at(last, "metadata", "event_code") !== "export") return problems.add("manifest.missing", place, "the last line isn't the export's own event: the file is cut short");
  checkClass(last, place, problems);
  checkManifest(manifest, "ocsf", `${place}/unmapped`, problems);
  if (Date.parse(String(at(manifest, "exportedAt"))) !== last["time"]) problems.add("date.differs", `${place}/time`, "is not when it was exported");
  checkCounts(statedCounts(at(manifest, "counts"), `${place}/unmapped/counts`), { events: count }, `${place}/unmapped/counts`, problems);
  const stated = at(manifest, "contentSha256");
  const actual = hash.update(canonicalText({ ...last, unmapped: { ...(isObject(manifest) ? manifest : {}), contentSha256: "" } })).digest("hex");
  if (!hex256.test(String(stated)) || stated !== actual) problems.add("hash.differs", `${place}/unmapped/contentSha256`, `its lines have ${actual}`);
  const sizes = new Map(items(at(manifest, "position")).map((one) => [String(at(one, "origin")), Number(at(one, "size"))]));
  for (const [origin, { last: index, line }] of origins) {
    const size = sizes.get(origin);
    if (size === undefined) problems.add("reference.unresolved", `line ${line}/metadata/log_name`, `the log ${origin} has no position`);
    else if (index >= size) problems.add("position.beyond", `line ${line}/metadata/sequence`, `entry ${index} is beyond the stated size ${size} of ${origin}`);
  }
  checkWords(last, problems, place);
}

function parse(line: string, place: string, problems: Problems): JsonObject | undefined {
  try {
    const value = JSON.parse(line) as Json;
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  problems.add("document.shape", place, "is not a JSON object");
  return undefined;
}

function checkLine(line: string, number: number, origins: Map<string, Origin>, problems: Problems): void {
  const place = `line ${number}`;
  const event = parse(line, place, problems);
  if (event === undefined) return;
  checkClass(event, place, problems);
  const origin = text(at(event, "metadata", "log_name"));
  const index = at(event, "metadata", "sequence");
  if (origin === undefined || typeof index !== "number" || !Number.isSafeInteger(index) || index < 0) problems.add("position.invalid", `${place}/metadata/sequence`, "doesn't say which entry of which log it is");
  else {
    const before = origins.get(origin);
    if (before !== undefined && index <= before.last) problems.add("position.order", `${place}/metadata/sequence`, `entry ${index} of ${origin} after entry ${before.last} on line ${before.line}`);
    origins.set(origin, { last: Math.max(index, before?.last ?? -1), line: number });
  }
  if (!/^ent_/.test(String(at(event, "metadata", "uid")))) problems.add("id.invalid", `${place}/metadata/uid`, "is not an entry's id");
  if (typeof event["time"] !== "number" || event["time"] !== at(event, "metadata", "logged_time") || event["time"] < 1_500_000_000_000) problems.add("date.invalid", `${place}/time`, "is not when the entry was written");
  const code = String(at(event, "metadata", "event_code"));
  if (calls.has(code) !== (event["class_uid"] === 6003)) problems.add("event.class", `${place}/class_uid`, `isn't the class of ${code}`);
  if (event["class_uid"] === 6003) checkVerdict(event, place, problems);
  checkWords(event, problems, place);
}

function checkClass(event: JsonObject, place: string, problems: Problems): void {
  const { class_uid: classUid, category_uid: category, activity_id: activity, type_uid: type } = event;
  if (typeof classUid !== "number" || !(classUid in categories)) return problems.add("event.class", `${place}/class_uid`, "is no class that is exported");
  if (category !== categories[classUid]) problems.add("event.class", `${place}/category_uid`, `isn't the category of class ${classUid}`);
  if (typeof activity !== "number" || type !== classUid * 100 + activity) problems.add("event.type", `${place}/type_uid`, "isn't its class and activity");
  if (at(event, "metadata", "version") !== ocsfVersion) problems.add("document.version", `${place}/metadata/version`, `is not ${ocsfVersion}`);
}

const actions: Readonly<Record<string, readonly [action: number, disposition: number]>> = { allow: [1, 1], deny: [2, 2], hold: [2, 25] };

/** What the gateway did is said the same way three times. */
function checkVerdict(event: JsonObject, place: string, problems: Problems): void {
  const outcome = text(at(event, "unmapped", "outcome"));
  const [action, disposition] = actions[outcome ?? ""] ?? [0, 0];
  if (event["action_id"] !== action) problems.add("event.verdict", `${place}/action_id`, `isn't what was decided: ${outcome ?? "nothing"}`);
  if (event["disposition_id"] !== disposition) problems.add("event.verdict", `${place}/disposition_id`, `isn't what was decided: ${outcome ?? "nothing"}`);
  if (outcome !== undefined && outcome !== "allow" && event["status_id"] === 1) problems.add("event.verdict", `${place}/status_id`, `is a success, though the outcome is ${outcome}`);
}
