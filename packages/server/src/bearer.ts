import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * Every secret string Mandate hands out: a prefix that secret scanners match, 160 random bits and a checksum, so that a
 * scanner (and our own front door) tells a real one from noise without a look-up.
 */
export const bearerPrefixes = {
  gatewayKey: "mdk",
  apiToken: "mdt",
  gatewayEnrolment: "mdg",
  session: "mds",
  signInLink: "mdl",
  serviceToken: "mdv",
} as const;
export type BearerKind = keyof typeof bearerPrefixes;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const bodyLength = 32;
const checksumLength = 6;

function checksum(text: string): string {
  let rest = crc32(text);
  let out = "";
  for (let i = 0; i < checksumLength; i++) {
    out = alphabet[rest % 62]! + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}

/** `mdk_` and 38 base62 characters: 32 random (190 bits), 6 of CRC-32 over prefix and body. */
export function newBearer(kind: BearerKind, random: (bytes: Uint8Array) => Uint8Array): string {
  let body = "";
  while (body.length < bodyLength) {
    // Rejecting 248 to 255 keeps every character equally likely.
    for (const byte of random(new Uint8Array(48))) {
      if (byte < 248 && body.length < bodyLength) body += alphabet[byte % 62]!;
    }
  }
  const start = `${bearerPrefixes[kind]}_${body}`;
  return start + checksum(start);
}

/** The kind when prefix, length and checksum fit, else undefined. Says nothing of whether it was ever issued. */
export function bearerKind(text: string): BearerKind | undefined {
  if (!/^[a-z]{3}_[0-9A-Za-z]{38}$/.test(text)) return undefined;
  if (checksum(text.slice(0, -checksumLength)) !== text.slice(-checksumLength)) return undefined;
  for (const [kind, prefix] of Object.entries(bearerPrefixes)) {
    if (text.startsWith(`${prefix}_`)) return kind as BearerKind;
  }
  return undefined;
}

/** Lower-case hex SHA-256: what is stored. Enough without salt or stretching, because the input has 190 random bits. */
export function bearerHash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** Shown in lists so that a person can tell two keys apart: prefix and the first four characters. */
export function bearerHint(text: string): string {
  return `${text.slice(0, 8)}…`;
}
