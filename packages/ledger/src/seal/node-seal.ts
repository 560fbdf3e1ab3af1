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

/**
 * Seals a payload under a fresh key, salt and nonce (AES-256-GCM). Synchronous: it is on every call's path. Keys go in
 * as `KeyObject`: Node 24 takes 20 µs longer over a key in a buffer.
 */
export function seal(plaintext: Uint8Array): Sealed {
  const secret = draw(keyBytes + saltBytes + nonceBytes);
  const key = secret.subarray(0, keyBytes);
  const salt = secret.subarray(keyBytes, keyBytes + saltBytes);
  const bytes = Buffer.allocUnsafe(nonceBytes + plaintext.length + tagBytes);
  secret.copy(bytes, 0, keyBytes + saltBytes);
  const cipher = createCipheriv("aes-256-gcm", createSecretKey(key), bytes.subarray(0, nonceBytes));
  cipher.update(plaintext).copy(bytes, nonceBytes);
  cipher.final();
  cipher.getAuthTag().copy(bytes, nonceBytes + plaintext.length);
  return {
    key,
    salt,
    bytes,
    ct: hash("sha256", bytes, "hex"),
    pc: hmacHex(salt, plaintext),
  };
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

/** Wraps and unwraps the (key, salt) of payloads under one key-encryption key. */
export interface KeyWrapper {
  readonly kid: string;
  /** 92 bytes: nonce, wrapped key and salt, tag. */
  wrap(keys: OpenKeys, ct: string): Uint8Array;
  /** Undefined when the wrapping is of another key-encryption key or another payload. */
  unwrap(wrapped: Uint8Array, ct: string): OpenKeys | undefined;
}

/**
 * AES-256-GCM rather than AES-KW (RFC 3394): it binds the wrapping to its payload and key id as associated data, so that
 * a wrapped key moved to another row does not open it, and one primitive stays in use. Nonces are random 96 bits: a
 * key-encryption key must be replaced before 2^32 wrappings (NIST SP 800-38D §8.3), far beyond a month of one system.
 * @param kek 32 bytes
 */
export function keyWrapper(kid: string, kek: Uint8Array): KeyWrapper {
  if (kek.length !== keyBytes) throw new LedgerError("seal.kek", "a key-encryption key has 32 bytes");
  const owned = createSecretKey(kek);
  const aadOf = (ct: string) => Buffer.from(`mandate.wrap/1\n${kid}\n${ct}\n`);
  return {
    kid,
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
      const both = decrypt(owned, wrapped, aadOf(ct));
      if (both === undefined || both.length !== keyBytes + saltBytes) return undefined;
      return { key: both.subarray(0, keyBytes), salt: both.subarray(keyBytes) };
    },
  };
}
