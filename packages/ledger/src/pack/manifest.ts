import { fromHex, toBase64, utf8 } from "../encoding.ts";
import { canonicalJson } from "../json/canonical.ts";

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

/** What a pack says it is about. Empty `systems`: all of them. RFC 3339, inclusive and exclusive; null means open. */
export interface PackScope {
  readonly systems: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
}

export interface Manifest {
  readonly schema: typeof packSchema;
  /** RFC 3339. */
  readonly created: string;
  readonly period: { readonly since: string | null; readonly until: string | null };
  readonly systems: readonly string[];
  readonly files: readonly ManifestFile[];
}

/** Text of `manifest.sig`. @param sha256 of manifest.json, hex */
export function manifestNoteText(sha256: string): string {
  return `${packSchema}\n${toBase64(fromHex(sha256))}\n`;
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

/** in-toto Statement v1 over the manifest, as the DSSE payload. @param sha256 of manifest.json, hex */
export function manifestStatement(sha256: string, created: string): Uint8Array {
  return utf8(
    canonicalJson({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "manifest.json", digest: { sha256 } }],
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
