import { ed25519Verifier, hasher, sha256Hex } from "#crypto";
import { fromBase64, fromHex, fromUtf8, toHex } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { parseStrictJson } from "../json/strict.ts";
import { noteVerifier, openNote, parseVerifierKey } from "../tlog/note.ts";
import type { ManifestFile, PackScope } from "./manifest.ts";
import { dssePreAuth, manifestNoteText, unlistedFiles } from "./manifest.ts";
import { ManifestReader } from "./manifest-reader.ts";
import type { Problems } from "./result.ts";
import type { ZipReader } from "./zip-reader.ts";

const digestBytes = 32;

/**
 * The files of a pack, each compared with the signed manifest when it is first read; `finish` compares the rest. So
 * every byte is hashed once although the archive never stands unpacked in memory.
 */
export class PackFiles {
  readonly #zip: ZipReader;
  readonly #problems: Problems;
  /** By the file's number in the archive, because a million rows as objects would be most of the memory. */
  readonly #digests: Uint8Array;
  readonly #sizes: Float64Array;
  readonly #isListed: Uint8Array;
  readonly #isChecked: Uint8Array;

  /** What the manifest says the pack is about. */
  scope: PackScope | undefined;

  private constructor(zip: ZipReader, problems: Problems) {
    this.#zip = zip;
    this.#problems = problems;
    this.#digests = new Uint8Array(zip.count * digestBytes);
    this.#sizes = new Float64Array(zip.count);
    this.#isListed = new Uint8Array(zip.count);
    this.#isChecked = new Uint8Array(zip.count);
  }

  static async open(zip: ZipReader, problems: Problems): Promise<PackFiles> {
    const files = new PackFiles(zip, problems);
    await files.#openManifest();
    for (let file = 0; file < zip.count; file++) {
      if (files.#isListed[file] === 1) continue;
      const path = zip.pathOf(file);
      if (!unlistedFiles.has(path)) problems.add("pack.file_unlisted", "file is not in manifest.json", path);
    }
    return files;
  }

  pathsBelow(prefix: string): IterableIterator<string> {
    return this.#zip.pathsBelow(prefix);
  }

  has(path: string): boolean {
    return this.#zip.has(path);
  }

  /** Content, altered or not (what it fails further on says more than the digest alone); undefined when unreadable. */
  read(path: string): Uint8Array | undefined {
    const file = this.#zip.fileOf(path);
    if (file < 0) return undefined;
    const bytes = this.#zip.read(path);
    if (this.#isChecked[file] === 1) return bytes;
    this.#isChecked[file] = 1;
    if (bytes === undefined) {
      this.#problems.add("pack.file_altered", "file can't be unpacked", path);
      return undefined;
    }
    if (this.#isListed[file] === 1) this.#compare(file, path, bytes.length, sha256Hex(bytes));
    return bytes;
  }

  /** Content of a large file in parts; ends early, with a problem, where it can't be unpacked. */
  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const file = this.#zip.fileOf(path);
    if (file < 0) return;
    this.#isChecked[file] = 1;
    const running = hasher();
    let bytes = 0;
    try {
      for await (const part of this.#zip.stream(file)) {
        running.update(part);
        bytes += part.length;
        yield part;
      }
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#problems.add("pack.file_altered", "file can't be unpacked", path);
      return;
    }
    if (this.#isListed[file] === 1) this.#compare(file, path, bytes, running.hex());
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

  /** Checks what nobody read. */
  async finish(): Promise<void> {
    for (let file = 0; file < this.#zip.count; file++) {
      if (this.#isListed[file] === 0 || this.#isChecked[file] === 1) continue;
      const parts = this.stream(this.#zip.pathOf(file));
      while ((await parts.next()).done !== true);
    }
  }

  #compare(file: number, path: string, bytes: number, sha256: string): void {
    const listed = toHex(this.#digests.subarray(file * digestBytes, (file + 1) * digestBytes));
    if (this.#sizes[file] === bytes && listed === sha256) return;
    this.#problems.add("pack.file_altered", "file differs from manifest.json", path);
  }

  async #openManifest(): Promise<void> {
    const manifest = this.#zip.fileOf("manifest.json");
    const vkey = this.#zip.read("logs/meta/vkey");
    if (manifest < 0) {
      this.#problems.add("pack.file_missing", "manifest.json is missing", "manifest.json");
      return;
    }
    const running = hasher();
    let reader: ManifestReader | undefined = new ManifestReader((file) => this.#list(file));
    const report = (error: unknown): void => {
      reader = undefined;
      // What was listed so far may be half of it: nothing is, so that no file passes for listed.
      this.#isListed.fill(0);
      this.#problems.add("manifest.malformed", messageOf(error), "manifest.json");
    };
    try {
      for await (const part of this.#zip.stream(manifest)) {
        running.update(part);
        try {
          reader?.push(part);
        } catch (error) {
          report(error);
        }
      }
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#problems.add("pack.file_missing", "manifest.json can't be unpacked", "manifest.json");
      this.#isListed.fill(0);
      return;
    }
    try {
      this.scope = reader?.finish();
    } catch (error) {
      report(error);
    }
    const digest = running.hex();
    this.#checkSignature(digest, vkey);
    if (this.#zip.has("manifest.dsse.json")) this.#checkDsse(digest, vkey);
  }

  #list({ path, sha256, bytes }: ManifestFile): void {
    const file = this.#zip.fileOf(path);
    if (file < 0) {
      this.#problems.add("pack.file_missing", "file is listed but missing", path);
      return;
    }
    if (this.#isListed[file] === 1) throw new LedgerError("manifest.malformed", `manifest.json: \`${path}\` is listed twice`);
    this.#isListed[file] = 1;
    this.#sizes[file] = bytes;
    this.#digests.set(fromHex(sha256), file * digestBytes);
  }

  #checkSignature(digest: string, vkey: Uint8Array | undefined): void {
    try {
      const key = parseVerifierKey(fromUtf8(vkey ?? new Uint8Array(0)).trimEnd());
      const note = openNote(this.#zip.read("manifest.sig") ?? new Uint8Array(0), [noteVerifier(key)]);
      if (note.text === manifestNoteText(digest)) return;
      this.#problems.add("manifest.signature", "manifest.sig is over another manifest", "manifest.sig");
    } catch (error) {
      this.#problems.add("manifest.signature", `manifest.sig: ${messageOf(error)}`, "manifest.sig");
    }
  }

  #checkDsse(digest: string, vkey: Uint8Array | undefined): void {
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
      if (statement.subject?.[0]?.digest?.sha256 !== digest) {
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
