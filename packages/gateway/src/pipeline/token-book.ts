import { createHmac } from "node:crypto";

/** One token in a text, and what it stands for. */
export interface TokenSpan {
  readonly start: number;
  readonly end: number;
  readonly type: string;
  readonly value: string;
}

const tokens = /\[[A-Z_]{2,40}_[0-9a-f]{16}\]/g;

/**
 * Tokens in place of personal data, for one call. INVARIANT: a token says nothing of its value to whom lacks the key, and
 * it is restored only where this call's own request held the value: nothing is kept, so there is no store to steal or to
 * ask for another session's values. The same value gives the same token in the turns of one session, so that the model
 * can follow it, and another in every other session and system.
 */
export class TokenBook {
  readonly #key: Buffer;
  readonly #values = new Map<string, { readonly type: string; readonly value: string }>();

  /** @param key of this gateway @param session id of the session, else of the credential */
  constructor(key: Uint8Array, system: string, session: string) {
    this.#key = createHmac("sha256", key).update(JSON.stringify(["tokens", system, session])).digest();
  }

  get size(): number {
    return this.#values.size;
  }

  /** The value's token, from now on restorable. */
  put(type: string, value: string): string {
    const token = this.nameOf(type, value);
    this.#values.set(token, { type, value });
    return token;
  }

  /** The value's token, without the way back. */
  nameOf(type: string, value: string): string {
    const mac = createHmac("sha256", this.#key).update(`${type}\n${value}`).digest("hex").slice(0, 16);
    return `[${type.toUpperCase().replaceAll(/[^A-Z]/g, "_")}_${mac}]`;
  }

  /** Every token of this book that the text holds, in order. */
  spans(text: string): readonly TokenSpan[] {
    if (this.#values.size === 0 || !text.includes("[")) return [];
    const spans: TokenSpan[] = [];
    for (const match of text.matchAll(tokens)) {
      const known = this.#values.get(match[0]);
      if (known !== undefined) spans.push({ ...known, start: match.index, end: match.index + match[0].length });
    }
    return spans;
  }

  /** The text with its values back. @param json the text is JSON: a value goes in escaped, and stays inside its string */
  restore(text: string, json: boolean): string {
    let restored = "";
    let position = 0;
    for (const { start, end, value } of this.spans(text)) {
      restored += text.slice(position, start) + (json ? escaped(value) : value);
      position = end;
    }
    return restored + text.slice(position);
  }
}

/** As it stands between the quotes of a JSON string. */
export function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
