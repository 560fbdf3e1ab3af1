import { fromUtf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface StrictLimits {
  /** Default 64 KB, an entry header's bound. */
  readonly maxBytes?: number;
  readonly maxDepth?: number;
  /** False admits fractions and exponents. Default true: I-JSON integers within 2^53 alone, decimals are strings. */
  readonly integersOnly?: boolean;
}

export const maxHeaderBytes = 64 * 1024;

/**
 * Parses JSON that will be hashed or signed. Refused, because two parsers could read them differently: duplicate keys,
 * lone surrogates, numbers that a double can't hold exactly, ill-formed UTF-8, trailing text.
 * @throws LedgerError `json.*`
 */
export function parseStrictJson(input: Uint8Array | string, limits: StrictLimits = {}): Json {
  if (input.length > (limits.maxBytes ?? maxHeaderBytes)) throw new LedgerError("json.too_large", "too large");
  const text = typeof input === "string" ? input : fromUtf8(input);
  return new StrictParser(text, limits.maxDepth ?? 32, limits.integersOnly ?? true).parse();
}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const plainString = /"([^"\\\u0000-\u001f]*)"/y;

class StrictParser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #integersOnly: boolean;
  #at = 0;

  constructor(text: string, maxDepth: number, integersOnly: boolean) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#integersOnly = integersOnly;
  }

  parse(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) throw this.#bad("trailing text");
    return value;
  }

  #bad(why: string): LedgerError {
    return new LedgerError("json.malformed", `${why} at ${this.#at}`);
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #value(depth: number): Json {
    if (depth > this.#maxDepth) throw new LedgerError("json.too_deep", "nested too deeply");
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#bad("unknown word");
    this.#at += word.length;
    return value;
  }

  #number(): number {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) throw this.#bad("no value");
    this.#at = numberPattern.lastIndex;
    const value = Number(match[0]);
    if (
      this.#integersOnly
        ? !/^(-?[1-9][0-9]*|0)$/.test(match[0]) || !Number.isSafeInteger(value)
        : !Number.isFinite(value)
    ) {
      throw new LedgerError("json.number", `\`${match[0].slice(0, 40)}\` is not an integer within 2^53`);
    }
    return value;
  }

  #string(): string {
    plainString.lastIndex = this.#at;
    const plain = plainString.exec(this.#text);
    let value: string;
    if (plain !== null) {
      this.#at = plainString.lastIndex;
      value = plain[1]!;
    } else {
      const start = this.#at;
      let end = start + 1;
      while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
      try {
        // Only the escapes of one string are left to the engine, which knows them all.
        value = JSON.parse(this.#text.slice(start, end + 1)) as string;
      } catch {
        throw this.#bad("not a string");
      }
      this.#at = end + 1;
    }
    if (!value.isWellFormed()) throw new LedgerError("json.surrogate", "lone surrogate in a string");
    return value;
  }

  #array(depth: number): Json[] {
    this.#at++;
    const items: Json[] = [];
    this.#space();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#space();
      const next = this.#text[this.#at++];
      if (next === "]") return items;
      if (next !== ",") throw this.#bad("expected , or ]");
    }
  }

  #object(depth: number): Record<string, Json> {
    this.#at++;
    // No prototype: a member called `__proto__` is data like any other.
    const members: Record<string, Json> = Object.create(null) as Record<string, Json>;
    this.#space();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      return members;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#bad("expected a member name");
      const name = this.#string();
      if (name in members) throw new LedgerError("json.duplicate", `member \`${name.slice(0, 40)}\` stands twice`);
      this.#space();
      if (this.#text[this.#at++] !== ":") throw this.#bad("expected :");
      members[name] = this.#value(depth + 1);
      this.#space();
      const next = this.#text[this.#at++];
      if (next === "}") return members;
      if (next !== ",") throw this.#bad("expected , or }");
    }
  }
}
