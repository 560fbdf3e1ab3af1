import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, randomFillSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { LedgerError } from "../errors.ts";

const keyBytes = 32;
const saltBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Opens one payload. Destroying these two is erasure (G10). */
export interface OpenKeys {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

export interface Sealed extends OpenKeys {
  /** Nonce, ciphertext, tag: the file `payloads/CT`. */
  readonly bytes: Uint8Array;
  /** Lower-case hex SHA-256 of `bytes`. */
  readonly ct: string;
  /** Lower-case hex HMAC-SHA-256(salt, plaintext). GCM does not commit to its key, so `ct` alone could open to two texts. */
  readonly pc: string;
}

// A system call per draw costs more than the cipher, so randomness is drawn for many payloads at once. Each byte is
// handed out once and wiped from the pool with it.
const pool = Buffer.alloc((keyBytes + saltBytes + nonceBytes) * 256);
let poolAt = pool.length;

function draw(length: number): Buffer {
  if (poolAt + length > pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const bytes = Buffer.from(pool.subarray(poolAt, poolAt + length));
  pool.fill(0, poolAt, poolAt + length);
  poolAt += length;
  return bytes;
}

const blockBytes = 64;
let innerBlock = Buffer.alloc(blockBytes + 4096);
const outerBlock = Buffer.alloc(blockBytes + 32);

/** HMAC-SHA-256 (RFC 2104) in lower-case hex, out of two one-shot hashes: an eighth of `createHmac`'s cost on Node 24. */
function hmacHex(salt: Uint8Array, data: Uint8Array): string {
  if (innerBlock.length < blockBytes + data.length) innerBlock = Buffer.alloc(2 * (blockBytes + data.length));
  for (let i = 0; i < blockBytes; i++) {
    const byte = i < saltBytes ? salt[i]! : 0;
    innerBlock[i] = byte ^ 0x36;
    outerBlock[i] = byte ^ 0x5c;
  }
  innerBlock.set(data, blockBytes);
  outerBlock.write(hash("sha256", innerBlock.subarray(0, blockBytes + data.length), "hex"), blockBytes, "hex");
  return hash("sha256", outerBlock, "hex");
}

/** Seals a payload under a fresh key and salt (AES-256-GCM), for callers that wrap them afterwards. */
export function seal(plaintext: Uint8Array): Sealed {
  const secret = draw(keyBytes + saltBytes);
  const key = secret.subarray(0, keyBytes);
  const salt = secret.subarray(keyBytes);
  return { key, salt, ...encrypt(plaintext, key, salt) };
}

/** Synchronous: it is on every call's path. The key goes in as `KeyObject`: Node 24 takes 20 µs longer over a buffer. */
function encrypt(plaintext: Uint8Array, key: Uint8Array, salt: Uint8Array): Omit<Sealed, keyof OpenKeys> {
  const bytes = Buffer.allocUnsafe(nonceBytes + plaintext.length + tagBytes);
  draw(nonceBytes).copy(bytes);
  const cipher = createCipheriv("aes-256-gcm", createSecretKey(key), bytes.subarray(0, nonceBytes));
  cipher.update(plaintext).copy(bytes, nonceBytes);
  cipher.final();
  cipher.getAuthTag().copy(bytes, nonceBytes + plaintext.length);
  return { bytes, ct: hash("sha256", bytes, "hex"), pc: hmacHex(salt, plaintext) };
}

/** Plaintext, or undefined unless ciphertext, key, salt and both commitments all agree. */
export function openSealed(bytes: Uint8Array, keys: OpenKeys, ct: string, pc: string): Uint8Array | undefined {
  if (hash("sha256", bytes, "hex") !== ct) return undefined;
  const plaintext = decrypt(keys.key, bytes);
  if (plaintext === undefined) return undefined;
  return createHmac("sha256", keys.salt).update(plaintext).digest("hex") === pc ? plaintext : undefined;
}

function decrypt(key: Uint8Array | KeyObject, bytes: Uint8Array, aad?: Uint8Array): Uint8Array | undefined {
  if ((key instanceof Uint8Array && key.length !== keyBytes) || bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  if (aad !== undefined) decipher.setAAD(aad);
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  try {
    const plaintext = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes));
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}

/** A payload sealed under a key-encryption key: `wrapped` is all that erasure has to destroy. */
export interface SealedUnder {
  readonly bytes: Uint8Array;
  readonly ct: string;
  readonly pc: string;
  /** 32 random bytes that give key and salt back, together with the key-encryption key. */
  readonly wrapped: Uint8Array;
}

/** Makes, wraps and unwraps the (key, salt) of payloads under one key-encryption key. */
export interface KeyWrapper {
  readonly kid: string;
  /** Seals under a fresh key. */
  seal(plaintext: Uint8Array): SealedUnder;
  /** For a key that exists already. 92 bytes: nonce, wrapped key and salt, tag. */
  wrap(keys: OpenKeys, ct: string): Uint8Array;
  /** Of either form. A wrapping that isn't this payload's yields undefined, or keys that don't open it. */
  unwrap(wrapped: Uint8Array, ct: string): OpenKeys | undefined;
}

const derivedBytes = 32;

/**
 * Two forms. A fresh key is *derived*: key and salt are the one block of HMAC-SHA-512 over 256 random bits (NIST
 * SP 800-108 with a random context), and those bits are what is kept; without them nobody can compute the key again, the
 * holder of the key-encryption key included, so destroying them is erasure. It costs a third of a cipher, on each call's
 * path. A key that exists already is *wrapped* by AES-256-GCM, bound to its payload and key id as associated data.
 * Nonces are random 96 bits: a key-encryption key must be replaced before 2^32 wrappings (NIST SP 800-38D §8.3).
 * @param kek 32 bytes
 */
export function keyWrapper(kid: string, kek: Uint8Array): KeyWrapper {
  if (kek.length !== keyBytes) throw new LedgerError("seal.kek", "a key-encryption key has 32 bytes");
  const owned = createSecretKey(kek);
  const derive = derivation(kek, Buffer.from(`mandate.payload-key/1\n${kid}\n`));
  const aadOf = (ct: string) => Buffer.from(`mandate.wrap/1\n${kid}\n${ct}\n`);
  return {
    kid,
    seal(plaintext) {
      const wrapped = draw(derivedBytes);
      const { key, salt } = derive(wrapped);
      const made = encrypt(plaintext, key, salt);
      key.fill(0);
      salt.fill(0);
      return { ...made, wrapped };
    },
    wrap({ key, salt }, ct) {
      const out = Buffer.allocUnsafe(nonceBytes + keyBytes + saltBytes + tagBytes);
      draw(nonceBytes).copy(out);
      const cipher = createCipheriv("aes-256-gcm", owned, out.subarray(0, nonceBytes));
      cipher.setAAD(aadOf(ct));
      cipher.update(key).copy(out, nonceBytes);
      cipher.update(salt).copy(out, nonceBytes + keyBytes);
      cipher.final();
      cipher.getAuthTag().copy(out, nonceBytes + keyBytes + saltBytes);
      return out;
    },
    unwrap(wrapped, ct) {
      if (wrapped.length === derivedBytes) return derive(wrapped);
      const both = decrypt(owned, wrapped, aadOf(ct));
      if (both === undefined || both.length !== keyBytes + saltBytes) return undefined;
      return { key: both.subarray(0, keyBytes), salt: both.subarray(keyBytes) };
    },
  };
}

/** HMAC-SHA-512 over label and random bits, out of two one-shot hashes; its 64 bytes are key and salt. */
function derivation(kek: Uint8Array, label: Uint8Array): (random: Uint8Array) => { key: Buffer; salt: Buffer } {
  const sha512BlockBytes = 128;
  const inner = Buffer.alloc(sha512BlockBytes + label.length + derivedBytes, 0x36);
  const outer = Buffer.alloc(sha512BlockBytes + 64, 0x5c);
  for (let i = 0; i < kek.length; i++) {
    inner[i] = kek[i]! ^ 0x36;
    outer[i] = kek[i]! ^ 0x5c;
  }
  inner.set(label, sha512BlockBytes);
  return (random) => {
    inner.set(random, sha512BlockBytes + label.length);
    outer.write(hash("sha512", inner, "hex"), sha512BlockBytes, "hex");
    const both = Buffer.from(hash("sha512", outer, "hex"), "hex");
    return { key: both.subarray(0, keyBytes), salt: both.subarray(keyBytes) };
  };
}
