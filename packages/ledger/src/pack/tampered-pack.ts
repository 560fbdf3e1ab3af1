import { hash } from "node:crypto";
import { expect } from "vitest";
import { fromUtf8, utf8 } from "../encoding.ts";
import { signNote } from "../tlog/note.ts";
import { buildPack } from "./build-pack.ts";
import type { PackParts } from "./build-pack.ts";
import { manifestNoteText } from "./manifest.ts";
import { samplePackParts, sampleStore } from "./sample-pack.ts";
import type { SampleStore } from "./sample-pack.ts";
import { verifyPack } from "./verify-pack.ts";
import { ZipReader } from "./zip-reader.ts";
import { zipBytes } from "./zip-writer.ts";

export const store = sampleStore();
export const pack = await buildPack(samplePackParts(store));

export type Edit = (bytes: Uint8Array, path: string) => Uint8Array | undefined;

/** Rewrites files of a pack; `resign` also brings the manifest in line, as an insider with the meta key would. */
export function rewrite(bytes: Uint8Array, edit: Edit, resign?: SampleStore): Promise<Uint8Array> {
  const zip = new ZipReader(bytes);
  const files = new Map<string, Uint8Array>();
  for (const path of zip.paths) {
    const edited = edit(zip.read(path)!, path);
    if (edited !== undefined) files.set(path, edited);
  }
  return zipBytes((writer) => {
    if (resign !== undefined) {
      for (const path of ["manifest.json", "manifest.sig", "manifest.dsse.json"]) files.delete(path);
      const listed = [...files].map(([path, content]) => ({
        path,
        sha256: digest(content),
        bytes: content.length,
        mediaType: "x/y",
      }));
      const manifest = utf8(JSON.stringify({ schema: "mandate.pack/1", files: listed }));
      writer.add("manifest.json", manifest, true);
      writer.add("manifest.sig", utf8(signNote(manifestNoteText(digest(manifest)), [resign.meta.signer])), false);
    }
    for (const [path, content] of files) writer.add(path, content, false);
  });
}

/** Node's own digest, so that the test does not lean on the code it tests. */
export function digest(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

export const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = copy[at]! ^ 1;
  return copy;
};
export const only = (target: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Edit => {
  return (bytes, path) => (path === target ? change(bytes) : bytes);
};
export const editLines = (change: (lines: string[]) => string[]): ((bytes: Uint8Array) => Uint8Array) => {
  return (bytes) => utf8(`${change(fromUtf8(bytes).trimEnd().split("\n")).join("\n")}\n`);
};
export async function codes(bytes: Uint8Array, options?: Parameters<typeof verifyPack>[1]): Promise<string[]> {
  const result = await verifyPack(bytes, options);
  expect(result.ok).toBe(result.problems.length === 0);
  return [...new Set(result.problems.map(({ code }) => code))];
}
export async function buildWith(change: (parts: PackParts) => Partial<PackParts>, from = store): Promise<Uint8Array> {
  const parts = samplePackParts(from);
  return buildPack({ ...parts, ...change(parts) });
}
