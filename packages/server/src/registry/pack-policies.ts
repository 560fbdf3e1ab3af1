import { cedarSchema, guardrailsCedar } from "@mandate/policy";
import type { Tx } from "../database/index.ts";
import type { PackFile } from "../evidence/index.ts";
import { compiledPolicy } from "./policies.ts";
import { loadRegister } from "./store.ts";

/** `policies/`: the guardrails as enforced, every custom policy's Cedar with its version, and the schema they are checked against. */
export async function policyFiles(tx: Tx, org: string): Promise<readonly PackFile[]> {
  const policies = (await loadRegister(tx, org)).all("Policy").map(({ name, version, spec, updatedAt }) => ({ name, version, cedar: compiledPolicy(name, spec), changedAt: updatedAt.toISOString() }));
  const text = (path: string, content: string, mediaType = "text/plain"): PackFile => ({ path: `policies/${path}`, bytes: Buffer.from(content), mediaType });
  return [
    text("guardrails.cedar", guardrailsCedar),
    text("schema.cedarschema", cedarSchema(null)),
    text("index.json", `${JSON.stringify({ schema: "mandate.policies/1", policies: policies.map(({ name, version, changedAt }) => ({ name, version, changedAt, file: `${name}.v${version}.cedar` })) }, null, 2)}\n`, "application/json"),
    ...policies.map(({ name, version, cedar }) => text(`${name}.v${version}.cedar`, `// policy ${name}, version ${version}\n${cedar}\n`)),
  ];
}
