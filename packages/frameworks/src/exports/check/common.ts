import { exportSchema } from "../formats.ts";
import { items, isObject, text, walk } from "./problems.ts";
import type { Json, Problems } from "./problems.ts";
import { verdicts } from "./verdicts.ts";

/** No text says that something is as a framework wants it. */
export function checkWords(document: Json, problems: Problems, prefix = ""): void {
  for (const { place, value } of walk(document)) {
    const word = typeof value === "string" ? verdicts.exec(value)?.[0] : undefined;
    if (word !== undefined) problems.add("text.verdict", prefix + place, `says "${word}": an export states what was measured and claims nothing more`);
  }
}

const instant = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?Z$/;

/** @returns epoch ms, or undefined when it is no UTC instant that the calendar has */
export function instantMs(value: Json | undefined): number | undefined {
  const match = typeof value === "string" ? instant.exec(value) : null;
  if (match === null) return undefined;
  const ms = Date.parse(match[0]);
  return Number.isFinite(ms) && new Date(ms).getUTCDate() === Number(match[3]) ? ms : undefined;
}

/** Says so where `value` is no instant. */
export function needInstant(value: Json | undefined, place: string, problems: Problems): number | undefined {
  const ms = instantMs(value);
  if (ms === undefined) problems.add("date.invalid", place, "is not an RFC 3339 instant in UTC");
  return ms;
}

export function needOrder(earlierMs: number | undefined, laterMs: number | undefined, place: string, what: string, problems: Problems): void {
  if (earlierMs !== undefined && laterMs !== undefined && earlierMs > laterMs) problems.add("date.order", place, what);
}

export const hex256 = /^[0-9a-f]{64}$/;
export const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Counts that an export states against what was counted in it. */
export function checkCounts(stated: ReadonlyMap<string, { readonly value: Json | undefined; readonly place: string }>, counted: Readonly<Record<string, number>>, place: string, problems: Problems): void {
  for (const [name, number] of Object.entries(counted)) {
    const one = stated.get(name);
    if (one === undefined) problems.add("count.missing", place, `states no count of ${name}; there are ${number}`);
    else if (Number(one.value) !== number) problems.add("count.differs", one.place, `states ${String(one.value)} ${name}; there are ${number}`);
  }
  for (const [name, one] of stated) if (!(name in counted)) problems.add("count.unknown", one.place, `counts ${name}, which this format doesn't hold`);
}

export function statedCounts(counts: Json | undefined, place: string): Map<string, { readonly value: Json; readonly place: string }> {
  return new Map(isObject(counts) ? Object.entries(counts).map(([name, value]) => [name, { value, place: `${place}/${name}` }] as const) : []);
}

/** A position as `ORIGIN SIZE ROOT`. */
export function checkPositionText(value: string | undefined, place: string, problems: Problems): void {
  const [origin, size, root, ...rest] = (value ?? "").split(" ");
  checkPlace(origin, Number(size), root, rest.length > 0, place, problems);
}

function checkPlace(origin: string | undefined, size: number, root: string | undefined, isOdd: boolean, place: string, problems: Problems): void {
  const hasRoot = root !== undefined && Buffer.from(root, "base64").length === 32 && Buffer.from(root, "base64").toString("base64") === root;
  if (isOdd || origin === undefined || origin === "" || !Number.isSafeInteger(size) || size < 0 || !hasRoot) problems.add("position.invalid", place, "is not a log's origin, size and root hash");
}

/** Who, when, where: the manifest as an object. @returns its time in ms */
export function checkManifest(manifest: Json | undefined, format: string, place: string, problems: Problems): number | undefined {
  if (!isObject(manifest)) {
    problems.add("manifest.missing", place, "holds no manifest: who exported it, when, at which position of the log");
    return undefined;
  }
  if (manifest["schema"] !== exportSchema) problems.add("manifest.schema", `${place}/schema`, `is not ${exportSchema}`);
  if (manifest["format"] !== format) problems.add("manifest.format", `${place}/format`, `names another format than ${format}`);
  if (text(manifest["exportedBy"]) === undefined || manifest["exportedBy"] === "") problems.add("manifest.by", `${place}/exportedBy`, "doesn't say who exported it");
  const seen = new Set<string>();
  const positions = items(manifest["position"]);
  if (positions.length === 0) problems.add("position.missing", `${place}/position`, "states no position of the log");
  for (const [index, one] of positions.entries()) {
    const here = `${place}/position/${index}`;
    if (!isObject(one)) {
      problems.add("position.invalid", here, "is not a log's origin, size and root hash");
      continue;
    }
    checkPlace(text(one["origin"]), Number(one["size"]), text(one["root"]), false, here, problems);
    if (seen.has(String(one["origin"]))) problems.add("position.twice", here, "states the same log twice");
    seen.add(String(one["origin"]));
  }
  return needInstant(manifest["exportedAt"], `${place}/exportedAt`, problems);
}
