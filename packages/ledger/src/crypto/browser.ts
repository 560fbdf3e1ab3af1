import { ed25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { deflateSync, Inflate, inflateSync } from "fflate";
import { toHex } from "../encoding.ts";
import type { CryptoProvider, Hasher } from "./provider.ts";

export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

export function sha256Hex(data: Uint8Array): string {
  return toHex(nobleSha256(data));
}

export function sha256Into(data: Uint8Array, out: Uint8Array, offset: number): void {
  out.set(nobleSha256(data), offset);
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, data);
}

export function ed25519Verifier(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean {
  return (message, signature) => {
    try {
      // `zip215: false`: the lenient rules accept encodings that Node and Go refuse, and verifiers must agree.
      return ed25519.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false;
    }
  };
}

/** DER up to the key itself: Ed25519 (RFC 8410 §4), and P-256 as an uncompressed point (RFC 5480 §2). */
const ed25519Spki = "302a300506032b6570032100";
const p256Spki = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

export async function verifySpki(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const hex = toHex(spki);
  try {
    if (hex.startsWith(ed25519Spki) && spki.length === 44)
      return ed25519Verifier(spki.subarray(12))(message, signature);
    if (hex.startsWith(p256Spki) && spki.length === 91) {
      const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
      const key = await crypto.subtle.importKey("spki", Uint8Array.from(spki), curve, false, ["verify"]);
      return await crypto.subtle.verify(curve, key, fixedFromDer(signature), Uint8Array.from(message));
    }
    const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("spki", Uint8Array.from(spki), rsa, false, ["verify"]);
    if ((key.algorithm as { readonly modulusLength?: number }).modulusLength! < 2048) return false;
    return await crypto.subtle.verify(rsa, key, Uint8Array.from(signature), Uint8Array.from(message));
  } catch {
    return false;
  }
}

/** Authenticators give ECDSA signatures as DER (a SEQUENCE of two INTEGERs), WebCrypto wants r and s of 32 bytes each. */
function fixedFromDer(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const fixed = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1]!;
    let value = der.subarray(at + 2, at + 2 + length);
    if (value[0] === 0) value = value.subarray(1);
    if (der[0] !== 0x30 || der[1] !== der.length - 2 || der[at] !== 0x02 || value.length > 32)
      throw new TypeError("not DER");
    fixed.set(value, end - value.length);
    at += 2 + length;
  }
  if (at !== der.length) throw new TypeError("not DER");
  return fixed;
}

export async function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (key.length !== 32 || nonce.length !== 12 || sealed.length < 16) return undefined;
  try {
    const imported = await crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: Uint8Array.from(nonce) },
      imported,
      Uint8Array.from(sealed),
    );
    return new Uint8Array(plain);
  } catch {
    return undefined;
  }
}

export function inflateRaw(data: Uint8Array, size: number): Uint8Array | undefined {
  try {
    // One byte of room beyond `size` shows a stream that holds more than its directory entry says.
    const out = inflateSync(data, { out: new Uint8Array(size + 1) });
    return out.length === size ? out : undefined;
  } catch {
    return undefined;
  }
}

export function deflateRaw(data: Uint8Array): Uint8Array {
  return deflateSync(data, { level: 6 });
}

const crcTable = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  crcTable[n] = c >>> 0;
}

export function crc32(data: Uint8Array, before = 0): number {
  let crc = ~before >>> 0;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export async function* inflateChunks(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let ended = false;
  const inflater = new Inflate((part, isLast) => {
    parts.push(part);
    ended ||= isLast;
  });
  for (const chunk of chunks) {
    if (ended) break;
    inflater.push(chunk);
    yield* parts;
    parts = [];
  }
}

/** Stored blocks (RFC 1951 §3.2.4): fflate can't end a part on a byte's edge, and nobody builds packs in a browser. */
export function deflatePart(data: Uint8Array, isLast: boolean): Uint8Array {
  const blocks = Math.max(isLast ? 1 : 0, Math.ceil(data.length / 0xffff));
  const out = new Uint8Array(data.length + 5 * blocks);
  for (let i = 0, at = 0; i < blocks; i++) {
    const block = data.subarray(i * 0xffff, (i + 1) * 0xffff);
    const size = block.length;
    out.set([isLast && i === blocks - 1 ? 1 : 0, size & 255, size >> 8, ~size & 255, (~size >> 8) & 255], at);
    out.set(block, at + 5);
    at += 5 + size;
  }
  return out;
}

export function hasher(): Hasher {
  const running = nobleSha256.create();
  return { update: (data) => void running.update(data), hex: () => toHex(running.digest()) };
}

({
  sha256,
  sha256Hex,
  sha256Into,
  hmacSha256,
  ed25519Verifier,
  verifySpki,
  aes256GcmOpen,
  inflateRaw,
  inflateChunks,
  deflateRaw,
  deflatePart,
  crc32,
  hasher,
}) satisfies CryptoProvider;
