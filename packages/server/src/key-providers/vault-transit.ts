import { askJson } from "./ask.ts";
import { keyRefused } from "./errors.ts";
import type { Fetch, KeyConfiguration, KeyProvider } from "./provider.ts";

const name = "Vault";

/** Vault's transit engine. The context is authenticated as associated data (AES-GCM keys). */
export function vaultTransit(configuration: Extract<KeyConfiguration, { kind: "vault-transit" }>, fetch: Fetch): KeyProvider {
  const { address, mount, key, token, namespace } = configuration;
  const ask = async (operation: "encrypt" | "decrypt", body: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> => {
    const { data } = await askJson(
      name,
      fetch,
      new Request(`${address.replace(/\/$/, "")}/v1/${mount}/${operation}/${encodeURIComponent(key)}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-vault-token": token, "x-vault-request": "true", ...(namespace === null ? {} : { "x-vault-namespace": namespace }) },
        body: JSON.stringify(body),
      }),
    );
    if (typeof data !== "object" || data === null) throw keyRefused(name, "no data");
    return data as Record<string, unknown>;
  };
  const associated = (context: string): string => Buffer.from(context).toString("base64");
  return {
    keyName: `${mount}/${key}`,
    async wrap(plain, context) {
      const { ciphertext } = await ask("encrypt", { plaintext: Buffer.from(plain).toString("base64"), associated_data: associated(context) });
      if (typeof ciphertext !== "string" || !ciphertext.startsWith("vault:")) throw keyRefused(name, "no ciphertext");
      return ciphertext;
    },
    async unwrap(wrapped, context) {
      const { plaintext } = await ask("decrypt", { ciphertext: wrapped, associated_data: associated(context) });
      if (typeof plaintext !== "string") throw keyRefused(name, "no plaintext");
      return Buffer.from(plaintext, "base64");
    },
  };
}
