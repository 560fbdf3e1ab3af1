import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toHex } from "../encoding.ts";
import * as browser from "./browser.ts";
import * as node from "./node.ts";

interface Vectors {
  readonly ed25519: readonly (readonly [string, string, string, boolean, string])[];
  readonly aes256Gcm: readonly (readonly [string, string, string, string, boolean, string])[];
}
const vectors = JSON.parse(readFileSync(new URL("../fixtures/wycheproof.json", import.meta.url), "utf8")) as Vectors;
const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex");

describe.each([
  ["Node", node],
  ["a browser", browser],
])("what %s verifies and opens is what C2SP/wycheproof says, no more", (_where, crypto) => {
  test("Ed25519", () => {
    for (const [key, message, signature, isValid, what] of vectors.ed25519) {
      expect(crypto.ed25519Verifier(bytes(key))(bytes(message), bytes(signature)), `${what} ${signature}`).toBe(isValid);
    }
    expect(vectors.ed25519.filter((one) => !one[3]).length).toBeGreaterThan(50);
  });

  test("AES-256-GCM", async () => {
    for (const [key, nonce, message, sealed, isValid, what] of vectors.aes256Gcm) {
      const opened = await crypto.aes256GcmOpen(bytes(key), bytes(nonce), bytes(sealed));
      // Mandate writes nonces of 12 bytes and opens no others.
      const isOurs = isValid && nonce.length === 24;
      expect(opened === undefined ? undefined : toHex(opened), `${what} ${sealed}`).toBe(isOurs ? message : undefined);
    }
    expect(vectors.aes256Gcm.filter((one) => one[4]).length).toBeGreaterThan(10);
  });
});

describe("both inflate, deflate in parts, hash and check the same", () => {
  test.each([
    ["Node", node, browser],
    ["a browser", browser, node],
  ])("%s writes, the other reads", async (_where, writer, reader) => {
    const whole = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3));
    const parts = [writer.deflatePart(whole.subarray(0, 70_000), false), writer.deflatePart(whole.subarray(70_000), true)];
    const read: Uint8Array[] = [];
    for await (const part of reader.inflateChunks(parts)) read.push(part);
    expect(Buffer.compare(Buffer.concat(read), whole)).toBe(0);
    const running = writer.hasher();
    running.update(whole.subarray(0, 5));
    running.update(whole.subarray(5));
    expect(running.hex()).toBe(reader.sha256Hex(whole));
    expect(writer.crc32(whole.subarray(9), writer.crc32(whole.subarray(0, 9)))).toBe(reader.crc32(whole));
  });
});
