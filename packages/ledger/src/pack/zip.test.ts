import { createHash } from "node:crypto";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { utf8 } from "../encoding.ts";
import { ZipReader } from "./zip-reader.ts";
import { DeflatedText, zipBytes } from "./zip-writer.ts";

const unreadable = expect.objectContaining({ code: "zip.unreadable" });
function archive(files: Readonly<Record<string, Uint8Array>>, compress = true): Promise<Uint8Array> {
  return zipBytes((writer) => {
    for (const [path, bytes] of Object.entries(files)) writer.add(path, bytes, compress);
  });
}
/** Sets bytes of the first central directory record. */
function patchDirectory(bytes: Uint8Array, offset: number, values: readonly number[]): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.set(values, copy.indexOf(Uint8Array.of(0x50, 0x4b, 1, 2)) + offset);
  return copy;
}

describe("archives", () => {
  const files = { "a.txt": utf8("a".repeat(5000)), "b/c": Uint8Array.of(1, 2, 3), "\u00e4": utf8("") };

  test("another implementation reads ours and we read its", async () => {
    expect(unzipSync(await archive(files))).toEqual(files);
    const reader = new ZipReader(zipSync(files));
    expect([...reader.paths].map((path) => [path, Buffer.from(reader.read(path)!)])).toEqual(
      Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes)]),
    );
  });

  test("hold a text deflated in parts that another implementation reads", async () => {
    const text = new DeflatedText();
    const lines = Array.from({ length: 60_000 }, (_, i) => utf8(`${i} {"line":${i * 7}}\n`));
    text.push(...lines);
    const whole = Buffer.concat(lines);
    expect(text.sha256()).toBe(createHash("sha256").update(whole).digest("hex"));
    const bytes = await zipBytes((writer) => writer.addDeflated("long.jsonl", text));
    expect(Buffer.compare(unzipSync(bytes)["long.jsonl"]!, whole)).toBe(0);
    const parts: Uint8Array[] = [];
    const reader = new ZipReader(bytes);
    for await (const part of reader.stream(reader.fileOf("long.jsonl"))) parts.push(part);
    expect(Buffer.compare(Buffer.concat(parts), whole)).toBe(0);
  });

  test("hold more than 65,535 files", { timeout: 60_000 }, async () => {
    const many = await zipBytes((writer) => {
      for (let i = 0; i < 66_000; i++) writer.add(`f/${i}`, utf8(`${i}`), false);
    });
    const reader = new ZipReader(many);
    expect([...reader.paths]).toHaveLength(66_000);
    expect(Buffer.from(reader.read("f/65999")!).toString()).toBe("65999");
  });

  test("that name a file twice, climb, or say another name inside are refused", async () => {
    for (const path of ["../a", "/a", "a//b", "a/./b", "c:\\x", "a\\b", "a\u0000b"]) {
      const climbing = await archive({ [path]: utf8("x") });
      expect(() => new ZipReader(climbing), path).toThrow(unreadable);
    }
    const twice = await zipBytes((writer) => {
      writer.add("a", utf8("1"), false);
      writer.add("a", utf8("2"), false);
    });
    expect(() => new ZipReader(twice)).toThrow(unreadable);
    const renamed = patchDirectory(await archive({ a: utf8("x") }), 46, [0x62]);
    expect(() => new ZipReader(renamed)).toThrow(unreadable);
  });

  test("that overlap are refused: the quadratic bomb", async () => {
    const bytes = Buffer.from(await archive({ a: utf8("same"), b: utf8("same") }, false));
    const second = bytes.lastIndexOf(Uint8Array.of(0x50, 0x4b, 1, 2));
    bytes.writeUInt32LE(0, second + 42);
    bytes[second + 46] = 0x61;
    expect(() => new ZipReader(bytes)).toThrow(unreadable);
  });

  test("that promise more than their ratio or limit are refused before anything is inflated", async () => {
    const small = await archive({ a: new Uint8Array(1_000_000) });
    expect(() => new ZipReader(small, { maxFileBytes: 999_999 })).toThrow(unreadable);
    expect(() => new ZipReader(small, { maxTotalBytes: 999_999 })).toThrow(unreadable);
    const two = await archive({ a: utf8("x"), b: utf8("y") });
    expect(() => new ZipReader(two, { maxFiles: 1 })).toThrow(unreadable);
    expect(() => new ZipReader(patchDirectory(small, 24, [0, 0, 0, 0x70]))).toThrow(unreadable);
  });

  test("that inflate to more than they declare yield nothing", async () => {
    const reader = new ZipReader(patchDirectory(await archive({ a: new Uint8Array(1_000_000) }), 24, [100, 0, 0, 0]));
    expect(reader.read("a")).toBeUndefined();
    let yielded = 0;
    await expect(
      (async () => {
        for await (const part of reader.stream(0)) yielded += part.length;
      })(),
    ).rejects.toEqual(unreadable);
    expect(yielded).toBeLessThanOrEqual(100);
  });

  test("with bytes before, behind or cut are refused", async () => {
    const bytes = await archive(files);
    expect(() => new ZipReader(Buffer.concat([bytes, Buffer.from("x")]))).toThrow(unreadable);
    expect(() => new ZipReader(Buffer.concat([Buffer.from("x"), bytes]))).toThrow(unreadable);
    for (let cut = 0; cut < bytes.length; cut += 13)
      expect(() => new ZipReader(bytes.subarray(0, cut))).toThrow(unreadable);
  });

  test("with any one bit flipped are refused or known not to be as written, in the ZIP around the files too", async () => {
    const bytes = await archive(files);
    expect(new ZipReader(bytes).isAsWritten).toBe(true);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = Uint8Array.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      let told = false;
      try {
        told = !new ZipReader(copy).isAsWritten;
      } catch (error) {
        expect(error).toEqual(unreadable);
        told = true;
      }
      expect(told, `bit ${bit}`).toBe(true);
    }
  });
});
