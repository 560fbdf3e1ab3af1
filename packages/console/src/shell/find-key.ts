import { client } from "../api.ts";
import type { CredentialRow } from "../api-types.ts";

export interface Found {
  /** Absent: no key of this installation. */
  readonly row?: CredentialRow | undefined;
}

/** A gateway key as this product makes them; nobody types one by chance. */
export const looksLikeKey = (text: string): boolean => /^mdk_[0-9A-Za-z]{38}$/.test(text.trim());

/** Hashes the key in the browser and asks for the hash. Pages run on https or localhost, so WebCrypto is there. */
export async function findKey(text: string): Promise<Found> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text.trim())));
  const keyHash = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { row: (await client.list<CredentialRow>("credentials", { keyHash })).items[0] };
}
