import { openValue, sealValue } from "./envelope.ts";

export interface HoldSealing {
  seal(plain: string, context: string): Readonly<Record<string, unknown>>;
  /** Null when it doesn't open: another master key, an edited row, or nothing was sealed. */
  open(sealed: unknown, context: string): Readonly<Record<string, unknown>> | null;
}

/** Arguments of held calls stand sealed in the database; only the approval page opens them. */
export function holdSealing(masterKey: Uint8Array, org: string, random: (bytes: Uint8Array) => Uint8Array): HoldSealing {
  const contextOf = (context: string): string => JSON.stringify(["mandate.hold/1", org, context]);
  return {
    seal(plain, context) {
      const { wrappedKey, ciphertext } = sealValue(masterKey, plain, contextOf(context), random);
      return { k: Buffer.from(wrappedKey).toString("base64"), c: Buffer.from(ciphertext).toString("base64") };
    },
    open(sealed, context) {
      if (typeof sealed !== "object" || sealed === null || !("k" in sealed) || !("c" in sealed)) return null;
      try {
        const parts = { wrappedKey: Buffer.from(String(sealed.k), "base64"), ciphertext: Buffer.from(String(sealed.c), "base64") };
        return JSON.parse(openValue(masterKey, parts, contextOf(context))) as Readonly<Record<string, unknown>>;
      } catch {
        return null;
      }
    },
  };
}
