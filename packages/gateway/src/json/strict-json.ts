import { isUtf8 } from "node:buffer";

/** Byte range of a value inside a body: `body.subarray(start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface StrictJson {
  readonly value: Readonly<Record<string, unknown>>;
  /** Where the value of each top-level member stands. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Where each element of a top-level array member named in `arrays` stands. */
  readonly elements: ReadonlyMap<string, readonly Span[]>;
}

export class UnreadableJson extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnreadableJson";
  }
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

/**
 * Reads a JSON object (I-JSON, RFC 7493): UTF-8, no duplicate member, bounded depth.
 * Duplicate members are refused because we and the provider could each obey another one: the check would then have
 * seen a different request than the model. Invalid UTF-8 for the same reason.
 * @throws UnreadableJson with a sentence for the caller; it echoes no content
 */
export function parseStrictObject(body: Buffer, maxDepth: number, arrays: readonly string[] = []): StrictJson {
  if (body.length === 0) throw new UnreadableJson("The body is empty; a JSON object is expected.");
  if (!isUtf8(body)) throw new UnreadableJson("The body is not valid UTF-8.");
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new UnreadableJson("The body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UnreadableJson("The body must be a JSON object.");
  const structure = scanStructure(body, maxDepth, arrays);
  return { value: value as Record<string, unknown>, ...structure };
}

/** Same rules for a text that is JSON inside JSON, such as the arguments of a tool call. Undefined when it breaks one. */
export function parseStrictArguments(text: string, maxDepth: number): Readonly<Record<string, unknown>> | undefined {
  const json = text.trim() === "" ? "{}" : text;
  try {
    const { value } = parseStrictObject(Buffer.from(json, "utf8"), maxDepth);
    return hasExactNumbers(json) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The object that a stream's event carries; undefined where it carries none.
 * @throws UnreadableJson where two readers could take it for different ones
 */
export function parseStrictEvent(data: string, maxDepth: number): Readonly<Record<string, unknown>> | undefined {
  if (data === "" || data === "[DONE]") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  // A text that comes back word for word lost no member on the way; most providers write theirs so, and it is cheaper.
  if (JSON.stringify(value) !== data || opened(data) > maxDepth) scanStructure(Buffer.from(data, "utf8"), maxDepth, []);
  return value as Record<string, unknown>;
}

/** At least the depth of a JSON text. */
function opened(json: string): number {
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === openBrace || code === openBracket) count++;
  }
  return count;
}

/**
 * Whether every number is one that we and the tool read alike (RFC 7493 §2.2). Order 9007199254740993 would be judged as
 * 9007199254740992 here and paid as itself there.
 */
export function hasExactNumbers(json: string): boolean {
  if (!/\d{16}|[eE]/.test(json)) return true;
  let exact = true;
  JSON.parse(json, (_name, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === "number" && !isExact(value, context?.source ?? "")) exact = false;
    return value;
  });
  return exact;
}

function isExact(value: number, source: string): boolean {
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value);
  // Fifteen digits survive a double; an exponent is read as it stands.
  return (
    Number.isFinite(value) &&
    source
      .replace(/[eE].*$/, "")
      .replace(/[^\d]/g, "")
      .replace(/^0+/, "").length <= 15
  );
}

/** One pass over bytes that JSON.parse has already accepted, so the grammar needs no second check. */
function scanStructure(
  body: Buffer,
  maxDepth: number,
  arrays: readonly string[],
): { spans: Map<string, Span>; elements: Map<string, Span[]> } {
  const spans = new Map<string, Span>();
  const elements = new Map<string, Span[]>();
  // One list of seen keys per open object; null for an open array.
  const open: (string[] | Set<string> | null)[] = [];
  let depth = 0;
  let expectKey = false;
  let member = "";
  let memberStart = -1;
  let elementStart = -1;
  let collecting: Span[] | undefined;
  const length = body.length;

  for (let i = 0; i < length; i++) {
    const byte = body[i]!;
    if (byte === quote) {
      const start = i;
      let escaped = false;
      for (i++; body[i] !== quote; i++) {
        if (body[i] === backslash) {
          escaped = true;
          i++;
        }
      }
      if (expectKey) {
        expectKey = false;
        const key = escaped
          ? (JSON.parse(body.toString("utf8", start, i + 1)) as string)
          : body.toString("utf8", start + 1, i);
        remember(open, depth, key);
        if (depth === 1) {
          member = key;
          memberStart = body.indexOf(0x3a, i + 1) + 1;
        }
      }
    } else if (byte === openBrace || byte === openBracket) {
      if (++depth > maxDepth) throw new UnreadableJson(`The body nests deeper than ${maxDepth} levels.`);
      const isObject = byte === openBrace;
      open[depth] = isObject ? [] : null;
      expectKey = isObject;
      if (depth === 2 && !isObject && arrays.includes(member)) {
        collecting = [];
        elements.set(member, collecting);
        elementStart = i + 1;
      }
    } else if (byte === closeBrace || byte === closeBracket) {
      expectKey = false;
      if (depth === 1) endMember(i);
      if (depth === 2 && collecting !== undefined) endArray(i);
      depth--;
    } else if (byte === comma) {
      expectKey = open[depth] !== null;
      if (depth === 1) endMember(i);
      else if (depth === 2 && collecting !== undefined) {
        collecting.push(trimmed(body, elementStart, i));
        elementStart = i + 1;
      }
    }
  }
  return { spans, elements };

  function endMember(at: number): void {
    if (memberStart >= 0) spans.set(member, trimmed(body, memberStart, at));
    memberStart = -1;
  }

  function endArray(at: number): void {
    const last = trimmed(body, elementStart, at);
    if (last.end > last.start) collecting?.push(last);
    collecting = undefined;
  }
}

function remember(open: (string[] | Set<string> | null)[], depth: number, key: string): void {
  let keys = open[depth];
  if (keys === undefined || keys === null) return;
  if (Array.isArray(keys)) {
    if (keys.includes(key)) throw new UnreadableJson("The body has a member twice in one object.");
    keys.push(key);
    // A list is fastest for ordinary objects; past this size it would turn quadratic for a hostile one.
    if (keys.length > 32) open[depth] = keys = new Set(keys);
    return;
  }
  if (keys.has(key)) throw new UnreadableJson("The body has a member twice in one object.");
  keys.add(key);
}

function trimmed(body: Buffer, from: number, to: number): Span {
  let start = from;
  let end = to;
  while (start < end && body[start]! <= 0x20) start++;
  while (end > start && body[end - 1]! <= 0x20) end--;
  return { start, end };
}

/** The body with one value replaced, every other byte as it came. */
export function spliceValue(body: Buffer, span: Span, json: string): Buffer {
  return Buffer.concat([body.subarray(0, span.start), Buffer.from(json, "utf8"), body.subarray(span.end)]);
}
