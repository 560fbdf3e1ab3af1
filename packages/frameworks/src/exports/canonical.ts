import { createHash } from "node:crypto";

/** JSON with sorted members and no white space: RFC 8785 for what exports hold (strings, booleans, null, integers). */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** @returns lower-case hex */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Of the namespace that every name below is made in (RFC 9562 §5.5: version 5 of a name that is ours alone). */
const namespace = createHash("sha1").update("https://mandate.dev/ns/export").digest().subarray(0, 16);

/** The same UUID for the same names, whenever and wherever it is made. */
export function stableUuid(...names: readonly string[]): string {
  const bytes = createHash("sha1").update(namespace).update(JSON.stringify(names)).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
