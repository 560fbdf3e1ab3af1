declare const brand: unique symbol;
export type Id<Prefix extends string> = `${Prefix}_${string}` & { readonly [brand]: Prefix };

/** Prefixes of every id we issue. */
export const idPrefixes = {
  organization: "org",
  system: "sys",
  object: "obj",
  version: "ver",
  credential: "cred",
  authorization: "auth",
  approval: "apr",
  decision: "dec",
  entry: "ent",
  person: "per",
  gateway: "gw",
  session: "ses",
  finding: "fnd",
  request: "req",
  exception: "exc",
  incident: "inc",
  reassessment: "rea",
  legalReview: "lgr",
  delegation: "dlg",
  notification: "ntf",
  webhook: "whk",
  passkey: "pky",
  client: "cli",
  serviceAccount: "svc",
  breakGlass: "bgl",
  changeEvent: "chg",
  hold: "hld",
  erasure: "ers",
  controlRun: "crun",
  controlResult: "cres",
  audit: "aud",
  watch: "wat",
} as const;
export type IdKind = keyof typeof idPrefixes;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * UUIDv7 bytes (RFC 9562 §5.7): 48 bits of Unix milliseconds, then version, variant and 74 random bits.
 * @param random fills its argument with random bytes; a parameter because I/O belongs to the edges
 */
export function uuidv7Bytes(nowMs: number, random: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const bytes = random(new Uint8Array(16));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, Math.floor(nowMs / 0x10000));
  view.setUint16(4, nowMs % 0x10000);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}

/** `dec_` and 26 characters of Crockford base32 over a UUIDv7: sorts by time, safe in URLs. */
export function newId<K extends IdKind>(
  kind: K,
  nowMs: number,
  random: (bytes: Uint8Array) => Uint8Array,
): Id<(typeof idPrefixes)[K]> {
  const bytes = uuidv7Bytes(nowMs, random);
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  text += alphabet[(buffer << (5 - bits)) & 31];
  return `${idPrefixes[kind]}_${text}` as Id<(typeof idPrefixes)[K]>;
}
