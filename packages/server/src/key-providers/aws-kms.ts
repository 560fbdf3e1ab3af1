import { AwsClient } from "aws4fetch";
import { askJson } from "./ask.ts";
import { keyRefused } from "./errors.ts";
import type { Fetch, KeyConfiguration, KeyProvider } from "./provider.ts";

const name = "AWS KMS";

/** AWS KMS by its JSON API (`TrentService`), signed by SigV4. The context is KMS's encryption context, so it is authenticated there. */
export function awsKms(configuration: Extract<KeyConfiguration, { kind: "aws-kms" }>, fetch: Fetch): KeyProvider {
  const { keyId, region, endpoint, credentials } = configuration;
  const client = new AwsClient({
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === null ? {} : { sessionToken: credentials.sessionToken }),
    region,
    service: "kms",
    retries: 0,
  });
  const ask = async (operation: "Encrypt" | "Decrypt", body: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> =>
    askJson(name, fetch, await client.sign(endpoint, { method: "POST", headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${operation}` }, body: JSON.stringify(body) }));
  return {
    keyName: keyId,
    async wrap(key, context) {
      const { CiphertextBlob } = await ask("Encrypt", { KeyId: keyId, Plaintext: Buffer.from(key).toString("base64"), EncryptionContext: { mandate: context } });
      if (typeof CiphertextBlob !== "string") throw keyRefused(name, "no CiphertextBlob");
      return CiphertextBlob;
    },
    async unwrap(wrapped, context) {
      // Without KeyId, which the ciphertext names itself: after a change of keys the old one still opens what it wrapped.
      const { Plaintext } = await ask("Decrypt", { CiphertextBlob: wrapped, EncryptionContext: { mandate: context } });
      if (typeof Plaintext !== "string") throw keyRefused(name, "no Plaintext");
      return Buffer.from(Plaintext, "base64");
    },
  };
}
