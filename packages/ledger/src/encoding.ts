import { LedgerError } from "./errors.ts";

const encoder = new TextEncoder();
// `ignoreBOM` keeps a leading U+FEFF: dropped silently, two different byte strings would read as one text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws LedgerError `encoding.utf8` on anything that is not well-formed UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new LedgerError("encoding.utf8", "not valid UTF-8");
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const hexDigits = "0123456789abcdef";

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexDigits[byte >> 4]! + hexDigits[byte & 15]!;
  return text;
}

/** @throws LedgerError `encoding.hex`: only lower case and whole bytes pass, so that one value has one spelling */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new LedgerError("encoding.hex", "not lower-case hex");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const base64Values = new Uint8Array(128).fill(255);
for (let i = 0; i < 64; i++) base64Values[base64Digits.charCodeAt(i)] = i;

/** Standard base64 with padding, RFC 4648 §4. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const n = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text +=
      base64Digits[n >> 18]! + base64Digits[(n >> 12) & 63]! + base64Digits[(n >> 6) & 63]! + base64Digits[n & 63]!;
  }
  if (i + 1 === bytes.length) {
    const n = bytes[i]! << 16;
    text += `${base64Digits[n >> 18]!}${base64Digits[(n >> 12) & 63]!}==`;
  } else if (i + 2 === bytes.length) {
    const n = (bytes[i]! << 16) | (bytes[i + 1]! << 8);
    text += `${base64Digits[n >> 18]!}${base64Digits[(n >> 12) & 63]!}${base64Digits[(n >> 6) & 63]!}=`;
  }
  return text;
}

/**
 * As `fromBase64`, but bits behind the last byte may be set: golang.org/x/mod reads signature lines and verifier keys so, and
 * two verifiers must not disagree about one note.
 */
export function fromLooseBase64(text: string): Uint8Array {
  return decodeBase64(text, true);
}

/**
 * Standard base64 with padding, RFC 4648 §4. Stray bits, missing padding and white space are refused: a proof or note
 * that can be respelled would not have one digest.
 * @throws LedgerError `encoding.base64`
 */
export function fromBase64(text: string): Uint8Array {
  return decodeBase64(text, false);
}

function decodeBase64(text: string, mayStray: boolean): Uint8Array {
  const bad = () => new LedgerError("encoding.base64", "not canonical base64");
  if (text.length % 4 !== 0) throw bad();
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let buffer = 0;
  let bits = 0;
  let offset = 0;
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? base64Values[code]! : 255;
    if (value === 255) throw bad();
    buffer = ((buffer << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[offset++] = (buffer >> bits) & 255;
    }
  }
  if (!mayStray && (buffer & ((1 << bits) - 1)) !== 0) throw bad();
  return bytes;
}

/** ASCII decimal without leading zeroes and within 2^53; undefined for anything else. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
