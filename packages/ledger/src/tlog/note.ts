import { ed25519Verifier, sha256 } from "#crypto";
import { concatBytes, fromHex, fromLooseBase64, fromUtf8, toBase64, toHex, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";

// C2SP signed-note.

/** Signature type bytes that we implement; 0x06 (ML-DSA-44) has its place here once it is needed. */
export const signatureTypes = { ed25519: 0x01, cosignature: 0x04 } as const;
export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes];

/** The specification asks for at least 16; the bound keeps a hostile note from costing one verification a line. */
const maxSignatures = 64;
export const maxNoteBytes = 128 * 1024;

export interface NoteSignature {
  readonly name: string;
  /** Unsigned 32 bits. */
  readonly keyId: number;
  /** Without the key id. */
  readonly signature: Uint8Array;
}

export interface ParsedNote {
  /** With its final newline, without the blank line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  readonly type: SignatureType;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface NoteVerifier {
  readonly key: VerifierKey;
  readonly verify: (text: string, signature: Uint8Array) => boolean;
}

export interface NoteSigner {
  readonly name: string;
  readonly keyId: number;
  /** Signature over the note text, without the key id. */
  readonly sign: (text: string) => Uint8Array;
}

/** Unicode's white space (what Go's `unicode.IsSpace` means), control characters and `+` can't stand in a key name. */
const badNameCharacter = /[\u0000-\u0020+\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= 1024 && !badNameCharacter.test(name) && name.isWellFormed();
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4], big-endian. */
export function keyIdOf(name: string, type: SignatureType, publicKey: Uint8Array): number {
  const digest = sha256(concatBytes(utf8(name), Uint8Array.of(0x0a, type), publicKey));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

/** `name+hex(key id)+base64(type ‖ public key)`: one line, no newline. */
export function formatVerifierKey(
  name: string,
  publicKey: Uint8Array,
  type: SignatureType = signatureTypes.ed25519,
): string {
  if (!isKeyName(name)) throw new LedgerError("note.key_name", "not a key name");
  const keyId = keyIdOf(name, type, publicKey).toString(16).padStart(8, "0");
  return `${name}+${keyId}+${toBase64(concatBytes(Uint8Array.of(type), publicKey))}`;
}

/** @throws LedgerError `note.verifier_key` on anything but a well-formed Ed25519 or cosignature/v1 key */
export function parseVerifierKey(line: string): VerifierKey {
  const bad = () => new LedgerError("note.verifier_key", "not a verifier key: expected name+id+key");
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line);
  if (match === null || line.length > 4096 || !isKeyName(match[1]!)) throw bad();
  let material: Uint8Array;
  try {
    material = fromLooseBase64(match[3]!);
  } catch {
    throw bad();
  }
  const type = material[0];
  if (material.length !== 33 || (type !== signatureTypes.ed25519 && type !== signatureTypes.cosignature)) throw bad();
  const name = match[1]!;
  const publicKey = material.slice(1);
  const keyId = keyIdOf(name, type, publicKey);
  if (toHex(fromHex(match[2]!)) !== keyId.toString(16).padStart(8, "0")) throw bad();
  return { name, keyId, type, publicKey };
}

export function noteVerifier(key: VerifierKey): NoteVerifier {
  const verify = ed25519Verifier(key.publicKey);
  if (key.type === signatureTypes.ed25519) return { key, verify: (text, signature) => verify(utf8(text), signature) };
  return {
    key,
    verify: (text, signature) => {
      const message = cosignedMessage(text, signature);
      return message !== undefined && verify(message, signature.subarray(8));
    },
  };
}

/** What a cosignature/v1 signs (C2SP tlog-cosignature); undefined when the signature has no acceptable timestamp. */
function cosignedMessage(text: string, signature: Uint8Array): Uint8Array | undefined {
  const time = cosignatureTime(signature);
  return time === undefined ? undefined : utf8(`cosignature/v1\ntime ${time}\n${text}`);
}

/** Seconds since the epoch that a cosignature/v1 carries; undefined when it isn't 72 bytes or beyond 2^53. */
export function cosignatureTime(signature: Uint8Array): number | undefined {
  if (signature.length !== 72) return undefined;
  const view = new DataView(signature.buffer, signature.byteOffset);
  const seconds = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** Signature bytes of a cosignature/v1 (timestamp, then Ed25519) made at `seconds` by `sign`. */
export function makeCosignature(text: string, seconds: number, sign: (message: Uint8Array) => Uint8Array): Uint8Array {
  const timestamp = new Uint8Array(8);
  new DataView(timestamp.buffer).setBigUint64(0, BigInt(seconds));
  return concatBytes(timestamp, sign(utf8(`cosignature/v1\ntime ${seconds}\n${text}`)));
}

/** @throws LedgerError `note.malformed` */
export function parseNote(note: Uint8Array | string): ParsedNote {
  const bad = (why: string) => new LedgerError("note.malformed", `not a signed note: ${why}`);
  if (note.length > maxNoteBytes) throw bad("too long");
  const whole = typeof note === "string" ? note : fromUtf8(note);
  // Control characters are what these expressions are for.
  if (!whole.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw bad("control character");
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n")) throw bad("no signature block");
  const lines = whole.slice(split + 2).split("\n");
  lines.pop();
  if (lines.length === 0) throw bad("no signature");
  if (lines.length > maxSignatures) throw bad("too many signatures");
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const match = /^\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
  if (match === null || !isKeyName(match[1]!)) throw new LedgerError("note.malformed", "not a signature line");
  const bytes = fromLooseBase64(match[2]!);
  if (bytes.length < 5) throw new LedgerError("note.malformed", "signature too short");
  return {
    name: match[1]!,
    keyId: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
    signature: bytes.slice(4),
  };
}

export interface OpenedNote extends ParsedNote {
  /** Signatures of known keys, all of them valid. */
  readonly verified: readonly NoteSignature[];
}

/**
 * Verifies a note as C2SP signed-note demands: unknown keys are ignored, a known key's bad signature refuses the whole
 * note, and at least one known key must have signed. Repeated lines of one key count once.
 * @throws LedgerError `note.malformed`, `note.signature` (a known key's signature is wrong), `note.unverified`
 */
export function openNote(note: Uint8Array | string | ParsedNote, verifiers: readonly NoteVerifier[]): OpenedNote {
  const parsed = typeof note === "string" || note instanceof Uint8Array ? parseNote(note) : note;
  const verified: NoteSignature[] = [];
  const seen = new Set<NoteVerifier>();
  for (const line of parsed.signatures) {
    const verifier = verifiers.find(({ key }) => key.name === line.name && key.keyId === line.keyId);
    if (verifier === undefined || seen.has(verifier)) continue;
    seen.add(verifier);
    if (!verifier.verify(parsed.text, line.signature)) {
      throw new LedgerError("note.signature", `signature of \`${line.name}\` does not verify`);
    }
    verified.push(line);
  }
  if (verified.length === 0) throw new LedgerError("note.unverified", "no known key signed this note");
  return { ...parsed, verified };
}

export function formatSignatureLine(line: NoteSignature): string {
  const keyId = new Uint8Array(4);
  new DataView(keyId.buffer).setUint32(0, line.keyId);
  return `\u2014 ${line.name} ${toBase64(concatBytes(keyId, line.signature))}\n`;
}

/** Signs a text (ending in newline); `existing` signature lines are kept before the new ones. */
export function signNote(
  text: string,
  signers: readonly NoteSigner[],
  existing: readonly NoteSignature[] = [],
): string {
  if (!text.endsWith("\n")) throw new LedgerError("note.malformed", "a note's text ends in newline");
  const made = signers.map(({ name, keyId, sign }) => ({ name, keyId, signature: sign(text) }));
  const kept = existing.filter((old) => !made.some((line) => line.name === old.name && line.keyId === old.keyId));
  const note = `${text}\n${[...kept, ...made].map(formatSignatureLine).join("")}`;
  parseNote(note);
  return note;
}
