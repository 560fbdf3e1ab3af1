import type { KeyConfiguration } from "./provider.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** @param wrong makes the error that names the variable */
export function readKeyConfiguration(env: Env, wrong: (name: string, what: string) => Error): KeyConfiguration {
  const required = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === "") throw wrong(name, "is needed for this key provider");
    return value;
  };
  const kind = env["MANDATE_KEY_PROVIDER"] || (env["MANDATE_MASTER_KEY"] ? "environment" : "file");
  switch (kind) {
    case "file":
      return { kind, path: env["MANDATE_MASTER_KEY_FILE"] || null };
    case "environment":
      return { kind, text: required("MANDATE_MASTER_KEY") };
    case "aws-kms": {
      const region = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || required("AWS_REGION");
      return {
        kind,
        keyId: required("MANDATE_KMS_KEY_ID"),
        region,
        endpoint: addressOf(env["MANDATE_KMS_ENDPOINT"] || `https://kms.${region}.amazonaws.com/`, "MANDATE_KMS_ENDPOINT", wrong),
        credentials: { accessKeyId: required("AWS_ACCESS_KEY_ID"), secretAccessKey: required("AWS_SECRET_ACCESS_KEY"), sessionToken: env["AWS_SESSION_TOKEN"] || null },
      };
    }
    case "vault-transit":
      return {
        kind,
        address: addressOf(required("VAULT_ADDR"), "VAULT_ADDR", wrong),
        mount: env["MANDATE_VAULT_MOUNT"] || "transit",
        key: required("MANDATE_VAULT_KEY"),
        token: required("VAULT_TOKEN"),
        namespace: env["VAULT_NAMESPACE"] || null,
      };
    default:
      throw wrong("MANDATE_KEY_PROVIDER", "is file, environment, aws-kms or vault-transit");
  }
}

/** The master key would cross the network in clear. */
function addressOf(text: string, name: string, wrong: (name: string, what: string) => Error): string {
  if (!URL.canParse(text)) throw wrong(name, "is not an address");
  const { protocol, hostname } = new URL(text);
  if (protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname))) return text;
  throw wrong(name, "is an https address; plain http only on this machine");
}
