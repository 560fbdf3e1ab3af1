/**
 * The primitives that differ between Node and a browser. `#crypto` in package.json picks the implementation, so that
 * everything above it is written once.
 */
export interface CryptoProvider {
  /** 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** Lower-case hex. */
  sha256Hex(data: Uint8Array): string;
  /** SHA-256 written into `out` at `offset`: the hot loop of tree hashing allocates nothing. */
  sha256Into(data: Uint8Array, out: Uint8Array, offset: number): void;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** A check bound to one 32-byte public key; strict RFC 8032 (no ZIP 215 leniency). */
  ed25519Verifier(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean;
  /**
   * Whether `signature` is `message`'s under a SubjectPublicKeyInfo (DER) of one of the kinds passkeys use: ES256 (P-256,
   * DER signature), EdDSA (Ed25519), RS256 (2048 bits or more). False for anything else.
   */
  verifySpki(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /** Plaintext, or undefined when the tag does not match. `sealed` is ciphertext followed by the 16-byte tag. */
  aes256GcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Raw DEFLATE (RFC 1951) to exactly `size` bytes, else undefined: a stream that would grow further is cut off. */
  inflateRaw(data: Uint8Array, size: number): Uint8Array | undefined;
  /** The same without holding the whole; throws on a broken stream. The caller counts what comes out. */
  inflateChunks(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array>;
  deflateRaw(data: Uint8Array): Uint8Array;
  /** One part of a raw DEFLATE stream; the parts one after the other are the stream, which `isLast` ends. */
  deflatePart(data: Uint8Array, isLast: boolean): Uint8Array;
  /** @param before checksum of what came before `data` */
  crc32(data: Uint8Array, before?: number): number;
  /** SHA-256 of bytes that come in parts. */
  hasher(): Hasher;
}

export interface Hasher {
  update(data: Uint8Array): void;
  /** Lower-case hex; ends the hasher. */
  hex(): string;
}
