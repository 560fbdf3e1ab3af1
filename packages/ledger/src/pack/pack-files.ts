import { ed25519Verifier, sha256Hex } from "#crypto";
import { fromBase64, fromUtf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { parseStrictJson } from "../json/strict.ts";
import { noteVerifier, openNote, parseVerifierKey } from "../tlog/note.ts";
import type { ManifestFile } from "./manifest.ts";
import { dssePreAuth, manifestNoteText, parseManifest, unlistedFiles } from "./manifest.ts";
import type { Problems } from "./result.ts";
import type { ZipReader } from "./zip-reader.ts";

/**
 * The files of a pack, each compared with the signed manifest when it is first read; `finish` compares the rest. So
 * every byte is hashed once although the archive never stands unpacked in memory.
 */
export class PackFiles {
  readonly #zip: ZipReader;
  readonly #problems: Problems;
  readonly #listed: ReadonlyMap<string, ManifestFile>;
  readonly #checked = new Set<string>();

  constructor(zip: ZipReader, problems: Problems) {
    this.#zip = zip;
    this.#problems = problems;
    this.#listed = this.#openManifest();
    for (const path of zip.paths) {
      if (!this.#listed.has(path) && !unlistedFiles.has(path)) {
        problems.add("pack.file_unlisted", "file is not in manifest.json", path);
      }
    }
  }

  get paths(): IterableIterator<string> {
    return this.#zip.paths;
  }

  has(path: string): boolean {
    return this.#zip.has(path);
  }

  /** Content, altered or not (what it fails further on says more than the digest alone); undefined when unreadable. */
  read(path: string): Uint8Array | undefined {
    const bytes = this.#zip.read(path);
    if (this.#checked.has(path)) return bytes;
    this.#checked.add(path);
    if (bytes === undefined) {
      if (this.#zip.has(path)) this.#problems.add("pack.file_altered", "file can't be unpacked", path);
      return undefined;
    }
    const listed = this.#listed.get(path);
    if (listed !== undefined && (listed.bytes !== bytes.length || listed.sha256 !== sha256Hex(bytes))) {
      this.#problems.add("pack.file_altered", "file differs from manifest.json", path);
    }
    return bytes;
  }

  /** Text of a small file; undefined, with a problem, when absent, too large or not UTF-8. */
  readText(path: string, maxBytes = 1024 * 1024): string | undefined {
    const bytes = this.read(path);
    if (bytes === undefined) {
      if (!this.#zip.has(path)) this.#problems.add("pack.file_missing", "file is missing", path);
      return undefined;
    }
    try {
      if (bytes.length > maxBytes) throw new LedgerError("pack.file_altered", "file is too large");
      return fromUtf8(bytes);
    } catch {
      this.#problems.add("pack.file_altered", "file is too large or not UTF-8", path);
      return undefined;
    }
  }

  /** Checks what nobody read, and what is listed but absent. */
  finish(): void {
    for (const path of this.#listed.keys()) {
      if (!this.#zip.has(path)) this.#problems.add("pack.file_missing", "file is listed but missing", path);
      else if (!this.#checked.has(path)) this.read(path);
    }
  }

  #openManifest(): ReadonlyMap<string, ManifestFile> {
    const manifest = this.#zip.read("manifest.json");
    const vkey = this.#zip.read("logs/meta/vkey");
    if (manifest === undefined) {
      this.#problems.add("pack.file_missing", "manifest.json is missing or can't be unpacked", "manifest.json");
      return new Map();
    }
    this.#checkSignature(manifest, vkey);
    if (this.#zip.has("manifest.dsse.json")) this.#checkDsse(manifest, vkey);
    try {
      return parseManifest(manifest);
    } catch (error) {
      this.#problems.add("manifest.malformed", messageOf(error), "manifest.json");
      return new Map();
    }
  }

  #checkSignature(manifest: Uint8Array, vkey: Uint8Array | undefined): void {
    try {
      const key = parseVerifierKey(fromUtf8(vkey ?? new Uint8Array(0)).trimEnd());
      const note = openNote(this.#zip.read("manifest.sig") ?? new Uint8Array(0), [noteVerifier(key)]);
      if (note.text === manifestNoteText(manifest)) return;
      this.#problems.add("manifest.signature", "manifest.sig is over another manifest", "manifest.sig");
    } catch (error) {
      this.#problems.add("manifest.signature", `manifest.sig: ${messageOf(error)}`, "manifest.sig");
    }
  }

  #checkDsse(manifest: Uint8Array, vkey: Uint8Array | undefined): void {
    const path = "manifest.dsse.json";
    try {
      const key = parseVerifierKey(fromUtf8(vkey ?? new Uint8Array(0)).trimEnd());
      const envelope = parseStrictJson(this.#zip.read(path) ?? "", { maxBytes: 1024 * 1024 }) as {
        readonly payload?: unknown;
        readonly signatures?: readonly { readonly sig?: unknown }[];
      };
      const payload = fromBase64(String(envelope.payload));
      const statement = parseStrictJson(payload) as {
        readonly subject?: readonly { readonly digest?: { readonly sha256?: unknown } }[];
      };
      const verify = ed25519Verifier(key.publicKey);
      const signature = fromBase64(String(envelope.signatures?.[0]?.sig));
      if (!verify(dssePreAuth(payload), signature)) throw new LedgerError("manifest.dsse", "signature does not verify");
      if (statement.subject?.[0]?.digest?.sha256 !== sha256Hex(manifest)) {
        throw new LedgerError("manifest.dsse", "statement is over another manifest");
      }
    } catch (error) {
      this.#problems.add("manifest.dsse", messageOf(error), path);
    }
  }
}

/** Our own errors say what is wrong; anything else is only ever a malformed input here. */
export function messageOf(error: unknown): string {
  return error instanceof LedgerError ? error.message : "malformed";
}
