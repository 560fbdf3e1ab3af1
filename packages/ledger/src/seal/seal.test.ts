import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as browser from "../crypto/browser.ts";
import * as node from "../crypto/node.ts";
import { fromHex, utf8 } from "../encoding.ts";
import { keyWrapper, openSealed, seal } from "./node-seal.ts";
import { generateSigner, signerFromPem, verifyEd25519 } from "./node-signer.ts";
import { openPayload } from "./open-payload.ts";

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at % copy.length]! ^= 1;
  return copy;
};

describe("a sealed payload", () => {
  test("opens with its own key and salt, and with nothing changed in any of them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.nat(), async (plaintext, at) => {
        const { bytes, key, salt, ct, pc } = seal(plaintext);
        expect(openSealed(bytes, { key, salt }, ct, pc)).toEqual(Buffer.from(plaintext));
        expect(Buffer.from((await openPayload(bytes, { key, salt }, ct, pc))!)).toEqual(Buffer.from(plaintext));
        expect(openSealed(flip(bytes, at), { key, salt }, ct, pc)).toBeUndefined();
        expect(openSealed(bytes, { key: flip(key, at), salt }, ct, pc)).toBeUndefined();
        expect(openSealed(bytes, { key, salt: flip(salt, at) }, ct, pc)).toBeUndefined();
        expect(await openPayload(bytes, { key, salt: flip(salt, at) }, ct, pc)).toBeUndefined();
      }),
    );
  });

  test("never repeats a key, salt, nonce or commitment for the same text", () => {
    const many = Array.from({ length: 2000 }, () => seal(utf8("yes")));
    for (const of of [
      (s: (typeof many)[0]) => s.ct,
      (s: (typeof many)[0]) => s.pc,
      (s: (typeof many)[0]) => Buffer.from(s.key).toString("hex"),
      (s: (typeof many)[0]) => Buffer.from(s.bytes.subarray(0, 12)).toString("hex"),
    ]) {
      expect(new Set(many.map(of)).size).toBe(many.length);
    }
  });
});

describe("a payload sealed under a key-encryption key", () => {
  const wrapper = keyWrapper("kek_1", new Uint8Array(32).fill(1));

  test("opens with what was kept for it, and with nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(), (plaintext, at) => {
        const { bytes, ct, pc, wrapped } = wrapper.seal(plaintext);
        const opened = (by: typeof wrapper, kept: Uint8Array) => {
          const keys = by.unwrap(kept, ct);
          return keys === undefined ? undefined : openSealed(bytes, keys, ct, pc);
        };
        expect(opened(wrapper, wrapped)).toEqual(Buffer.from(plaintext));
        expect(opened(wrapper, flip(wrapped, at))).toBeUndefined();
        expect(opened(wrapper, wrapper.seal(plaintext).wrapped)).toBeUndefined();
        expect(opened(wrapper, wrapped.subarray(1))).toBeUndefined();
        expect(opened(keyWrapper("kek_2", new Uint8Array(32).fill(1)), wrapped)).toBeUndefined();
        expect(opened(keyWrapper("kek_1", new Uint8Array(32).fill(2)), wrapped)).toBeUndefined();
      }),
    );
  });

  test("its key and salt are HMAC-SHA-512 of the kept bits, as anyone's library computes it", () => {
    const kek = Buffer.from("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "hex");
    const kept = Buffer.alloc(32, 9);
    const both = createHmac("sha512", kek).update("mandate.payload-key/1\nkek_9\n").update(kept).digest();
    expect(keyWrapper("kek_9", kek).unwrap(kept, "00".repeat(32))).toEqual({
      key: both.subarray(0, 32),
      salt: both.subarray(32),
    });
  });
});

describe("wrapped keys", () => {
  const wrapper = keyWrapper("kek_1", new Uint8Array(32).fill(1));
  const sealed = seal(utf8("x"));

  test("unwrap for their own payload under their own key alone", () => {
    const wrapped = wrapper.wrap(sealed, sealed.ct);
    expect(wrapper.unwrap(wrapped, sealed.ct)).toEqual({ key: sealed.key, salt: sealed.salt });
    expect(wrapper.unwrap(wrapped, seal(utf8("y")).ct)).toBeUndefined();
    expect(keyWrapper("kek_2", new Uint8Array(32).fill(1)).unwrap(wrapped, sealed.ct)).toBeUndefined();
    expect(keyWrapper("kek_1", new Uint8Array(32).fill(2)).unwrap(wrapped, sealed.ct)).toBeUndefined();
    expect(wrapper.unwrap(flip(wrapped, 40), sealed.ct)).toBeUndefined();
    expect(wrapper.unwrap(new Uint8Array(3), sealed.ct)).toBeUndefined();
  });
});

describe("Node's and the browser's primitives", () => {
  test("agree on everything", async () => {
    const signer = generateSigner("a");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.nat(63), async (data, at) => {
        expect(Buffer.from(browser.sha256(data))).toEqual(Buffer.from(node.sha256(data)));
        expect(browser.sha256Hex(data)).toBe(node.sha256Hex(data));
        expect(Buffer.from(browser.hmacSha256(data, data))).toEqual(Buffer.from(node.hmacSha256(data, data)));
        expect(browser.crc32(data)).toBe(node.crc32(data));
        for (const from of [browser, node])
          for (const to of [browser, node]) {
            expect(Buffer.from(to.inflateRaw(from.deflateRaw(data), data.length)!)).toEqual(Buffer.from(data));
            expect(to.inflateRaw(from.deflateRaw(data), data.length + 1)).toBeUndefined();
            if (data.length > 0) expect(to.inflateRaw(from.deflateRaw(data), data.length - 1)).toBeUndefined();
          }
        const signature = signer.signBytes(data);
        for (const { ed25519Verifier } of [browser, node]) {
          expect(ed25519Verifier(signer.publicKey)(data, signature)).toBe(true);
          expect(ed25519Verifier(signer.publicKey)(data, flip(signature, at))).toBe(false);
          expect(ed25519Verifier(new Uint8Array(31))(data, signature)).toBe(false);
        }
        const sealed = seal(data);
        const parts = [sealed.key, sealed.bytes.subarray(0, 12), sealed.bytes.subarray(12)] as const;
        expect(Buffer.from((await browser.aes256GcmOpen(...parts))!)).toEqual(
          Buffer.from(node.aes256GcmOpen(...parts)!),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("know RFC 8032's first vector and refuse its twin with S beyond the group order", () => {
    const publicKey = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const signature = fromHex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = signature.slice(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + order;
    const malleated = Uint8Array.from(signature);
    for (let i = 0; i < 32; i++) malleated[32 + i] = Number((s >> BigInt(8 * i)) & 255n);
    for (const { ed25519Verifier } of [browser, node]) {
      expect(ed25519Verifier(publicKey)(new Uint8Array(0), signature)).toBe(true);
      expect(ed25519Verifier(publicKey)(new Uint8Array(0), malleated)).toBe(false);
    }
    expect(verifyEd25519(publicKey, new Uint8Array(0), signature)).toBe(true);
  });

  test("a signer survives its PEM", () => {
    const signer = generateSigner("localhost/acme/gw-1/1");
    expect(signerFromPem(signer.name, signer.exportPem()).vkey).toBe(signer.vkey);
  });
});
