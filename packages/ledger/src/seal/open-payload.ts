import { aes256GcmOpen, hmacSha256, sha256Hex } from "#crypto";
import { toHex } from "../encoding.ts";

/**
 * Opens a sealed payload anywhere, a browser included (`openSealed` of `./node` is the synchronous twin).
 * @param bytes nonce of 12 bytes, ciphertext, tag
 * @returns the plaintext, or undefined unless ciphertext, key, salt and both commitments all agree
 */
export async function openPayload(
  bytes: Uint8Array,
  keys: { readonly key: Uint8Array; readonly salt: Uint8Array },
  ct: string,
  pc: string,
): Promise<Uint8Array | undefined> {
  if (bytes.length < 28 || sha256Hex(bytes) !== ct) return undefined;
  const plaintext = await aes256GcmOpen(keys.key, bytes.subarray(0, 12), bytes.subarray(12));
  if (plaintext === undefined || toHex(hmacSha256(keys.salt, plaintext)) !== pc) return undefined;
  return plaintext;
}
