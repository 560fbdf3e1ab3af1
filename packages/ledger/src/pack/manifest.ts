import { sha256, sha256Hex } from "#crypto";
import { toBase64, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { canonicalJson } from "../json/canonical.ts";
import { parseStrictJson } from "../json/strict.ts";

export const packSchema = "mandate.pack/1";

/** Files that speak of the manifest and so can't be listed in it. */
export const unlistedFiles: ReadonlySet<string> = new Set(["manifest.json", "manifest.sig", "manifest.dsse.json"]);

export interface ManifestFile {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly mediaType: string;
}

export interface Manifest {
  readonly schema: typeof packSchema;
  /** RFC 3339. */
  readonly created: string;
  readonly period: { readonly since: string | null; readonly until: string | null };
  readonly systems: readonly string[];
  readonly files: readonly ManifestFile[];
}

/** Text of `manifest.sig`. */
export function manifestNoteText(manifest: Uint8Array): string {
  return `${packSchema}\n${toBase64(sha256(manifest))}\n`;
}

/** @throws LedgerError `manifest.malformed`, `json.*` */
export function parseManifest(bytes: Uint8Array): ReadonlyMap<string, ManifestFile> {
  const value = parseStrictJson(bytes, { maxBytes: 2 ** 29 }) as unknown as Partial<Manifest> | null;
  const bad = (why: string) => new LedgerError("manifest.malformed", `manifest.json: ${why}`);
  if (value === null || typeof value !== "object" || value.schema !== packSchema)
    throw bad(`schema is not ${packSchema}`);
  if (!Array.isArray(value.files)) throw bad("no list of files");
  const files = new Map<string, ManifestFile>();
  for (const file of value.files as readonly (Partial<ManifestFile> | null)[]) {
    const { path, sha256: digest, bytes: size } = file ?? {};
    if (
      typeof path !== "string" ||
      typeof digest !== "string" ||
      !/^[0-9a-f]{64}$/.test(digest) ||
      typeof size !== "number"
    ) {
      throw bad("a file lacks path, sha256 or bytes");
    }
    if (files.has(path)) throw bad(`\`${path}\` is listed twice`);
    files.set(path, file as ManifestFile);
  }
  return files;
}

const dssePayloadType = "application/vnd.in-toto+json";

/** DSSE v1 pre-authentication encoding of an in-toto payload. */
export function dssePreAuth(payload: Uint8Array): Uint8Array {
  const head = utf8(`DSSEv1 ${dssePayloadType.length} ${dssePayloadType} ${payload.length} `);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

/** in-toto Statement v1 over the manifest, as the DSSE payload. */
export function manifestStatement(manifest: Uint8Array, created: string): Uint8Array {
  return utf8(
    canonicalJson({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "manifest.json", digest: { sha256: sha256Hex(manifest) } }],
      predicateType: "https://mandate.dev/pack/v1",
      predicate: { schema: packSchema, created },
    }),
  );
}

export function formatDsse(payload: Uint8Array, keyName: string, signature: Uint8Array): string {
  return canonicalJson({
    payloadType: dssePayloadType,
    payload: toBase64(payload),
    signatures: [{ keyid: keyName, sig: toBase64(signature) }],
  });
}
