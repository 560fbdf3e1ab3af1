import canonicalize from "canonicalize";
import { fromUtf8, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import type { Json, StrictLimits } from "./strict.ts";
import { maxHeaderBytes, parseStrictJson } from "./strict.ts";

/**
 * RFC 8785 bytes of a value.
 * @throws LedgerError `json.not_canonicalizable` for what JSON can't say: lone surrogates, NaN, cycles, functions
 */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch {
    text = undefined;
  }
  if (text === undefined) throw new LedgerError("json.not_canonicalizable", "value has no canonical JSON form");
  return text;
}

export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonicalJson(value));
}

/** Parses strictly and writes the RFC 8785 form. */
export function canonicalOf(input: Uint8Array | string, limits: StrictLimits = {}): string {
  return canonicalJson(parseStrictJson(input, limits));
}

/**
 * Reads an entry header: an object in exactly its RFC 8785 form, at most 64 KB, integers only.
 * @throws LedgerError `json.*`
 */
export function parseHeader(leaf: Uint8Array): { readonly [name: string]: Json } {
  if (leaf.length > maxHeaderBytes) throw new LedgerError("json.too_large", "header is larger than 64 KB");
  const text = fromUtf8(leaf);
  const quick = quickHeader(text);
  if (quick !== undefined) return quick;
  const value = parseStrictJson(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new LedgerError("json.malformed", "header is not an object");
  }
  if (canonicalJson(value) !== text) throw new LedgerError("json.not_canonical", "header is not in RFC 8785 form");
  return value as { readonly [name: string]: Json };
}

/**
 * The engine's own parser is ten times faster than ours and enough when writing its result again gives the same text
 * with sorted members: a duplicate, a different spelling or a different order would not survive that.
 */
function quickHeader(text: string): { readonly [name: string]: Json } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
    // A lone surrogate is only ever written as an escape, and `\u00` covers the escapes that canonical text needs.
    if (/\\u(?!00)/.test(text) || !isSorted(value, 0) || JSON.stringify(value) !== text) return undefined;
    return value as { readonly [name: string]: Json };
  } catch {
    return undefined;
  }
}

function isSorted(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (value === null || typeof value !== "object") return true;
  if (depth > 32) return false;
  if (Array.isArray(value)) return value.every((item) => isSorted(item, depth + 1));
  let previous = "";
  for (const [name, member] of Object.entries(value)) {
    if (name < previous || !isSorted(member, depth + 1)) return false;
    previous = name;
  }
  return true;
}
