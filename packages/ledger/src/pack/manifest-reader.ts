import { fromUtf8, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { parseStrictJson } from "../json/strict.ts";
import type { Manifest, ManifestFile, PackScope } from "./manifest.ts";
import { packSchema } from "./manifest.ts";
import { joined } from "./zip-writer.ts";

const bad = (why: string): LedgerError => new LedgerError("manifest.malformed", `manifest.json: ${why}`);

const maxRowBytes = 64 * 1024;
/** Everything but the rows, which leave three bytes each behind. */
const maxShellBytes = 64 * 2 ** 20;

const [quote, escape, open, close, openList, closeList, zero] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x30] as const;

/**
 * Reads `manifest.json` row by row: a pack of a million entries lists as many files. Each object in the list `files` is
 * taken out and parsed by itself, a `0` left in its place; what remains is parsed as one document, which proves the
 * structure around the rows. An unusual spelling of `files` is not recognized and therefore refused.
 * @throws LedgerError `manifest.malformed`, `json.*`
 */
export class ManifestReader {
  readonly #onFile: (file: ManifestFile) => void;
  #shell: Uint8Array[] = [];
  #shellBytes = 0;
  #rows = 0;
  /** Bytes of an unfinished row. */
  #row: Uint8Array[] = [];
  #rowBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last string at depth 1, to know which member's list is entered. */
  #member = "";
  #memberParts: number[] | undefined;
  #inFiles = false;

  constructor(onFile: (file: ManifestFile) => void) {
    this.#onFile = onFile;
  }

  push(chunk: Uint8Array): void {
    // Depth 3 is inside a row: the document, its list, the row itself.
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === escape) this.#escaped = true;
        else if (byte === quote) this.#endString();
        if (this.#inString) this.#memberParts?.push(byte);
        continue;
      }
      if (byte === quote) {
        this.#inString = true;
        if (this.#depth === 1) this.#memberParts = [];
      } else if (byte === open || byte === openList) {
        if (this.#inFiles && this.#depth === 2 && byte === open) {
          this.#keep(chunk.subarray(from, at));
          from = at;
        }
        if (this.#depth === 1 && byte === openList && this.#member === "files") this.#inFiles = true;
        this.#depth++;
      } else if (byte === close || byte === closeList) {
        this.#depth--;
        if (this.#inFiles && this.#depth === 2 && byte === close) {
          this.#take(chunk.subarray(from, at + 1));
          from = at + 1;
        } else if (this.#depth === 1) {
          this.#inFiles = false;
          this.#member = "";
        }
      }
      if (this.#depth < 0 || this.#depth > 8) throw bad("not an object of the expected form");
    }
    const rest = chunk.slice(from);
    if (this.#inFiles && this.#depth > 2) this.#hold(rest);
    else this.#keep(rest);
  }

  /** @returns what the pack is about; undefined where it doesn't say */
  finish(): PackScope | undefined {
    const shell = parseStrictJson(joined(this.#shell), { maxBytes: maxShellBytes }) as unknown as Partial<Manifest> | null;
    if (shell === null || typeof shell !== "object" || shell.schema !== packSchema) throw bad(`schema is not ${packSchema}`);
    const files: unknown = shell.files;
    if (!Array.isArray(files)) throw bad("no list of files");
    if (files.length !== this.#rows || files.some((row) => row !== 0)) throw bad("a file lacks path, sha256 or bytes");
    return scopeOf(shell);
  }

  #endString(): void {
    this.#inString = false;
    if (this.#memberParts === undefined) return;
    this.#member = String.fromCharCode(...this.#memberParts.slice(0, 16));
    this.#memberParts = undefined;
  }

  #keep(bytes: Uint8Array): void {
    this.#shellBytes += bytes.length;
    if (this.#shellBytes > maxShellBytes) throw bad("too large");
    if (bytes.length === 0) return;
    this.#shell.push(bytes.slice());
    // A million rows would leave as many small buffers.
    if (this.#shell.length > 4096) this.#shell = [joined(this.#shell)];
  }

  #hold(bytes: Uint8Array): void {
    this.#rowBytes += bytes.length;
    if (this.#rowBytes > maxRowBytes) throw bad("a row is too long");
    this.#row.push(bytes);
  }

  #take(end: Uint8Array): void {
    this.#hold(end);
    const row = fromUtf8(this.#row.length === 1 ? end : joined(this.#row));
    this.#row = [];
    this.#rowBytes = 0;
    this.#rows++;
    this.#keep(Uint8Array.of(zero));
    this.#onFile(parseRow(row));
  }
}

/** Rows as our own writer spells them leave nothing to interpret, so that they need no parser. */
const plainRow = /^\{"path":"([^"\\\u0000-\u001f]+)","sha256":"([0-9a-f]{64})","bytes":(0|[1-9][0-9]{0,14}),"mediaType":"([^"\\\u0000-\u001f]*)"\}$/;

function parseRow(text: string): ManifestFile {
  const plain = plainRow.exec(text);
  if (plain !== null) return { path: plain[1]!, sha256: plain[2]!, bytes: Number(plain[3]), mediaType: plain[4]! };
  const row = parseStrictJson(utf8(text)) as unknown as Partial<ManifestFile>;
  const { path, sha256, bytes } = row;
  if (typeof path !== "string" || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256) || typeof bytes !== "number") {
    throw bad("a file lacks path, sha256 or bytes");
  }
  return { path, sha256, bytes, mediaType: String(row.mediaType) };
}

/** Packs of earlier releases and other makers may say less: then nobody can tell what they leave out. */
function scopeOf({ systems, period }: { readonly systems?: unknown; readonly period?: unknown }): PackScope | undefined {
  const { since, until } = (period ?? {}) as { readonly since?: unknown; readonly until?: unknown };
  const isTime = (value: unknown): value is string | null => value === null || (typeof value === "string" && !Number.isNaN(Date.parse(value)));
  if (!Array.isArray(systems) || !systems.every((one) => typeof one === "string") || !isTime(since) || !isTime(until)) return undefined;
  return { systems, since, until };
}
