import { definitionOf } from "@mandate/model";
import type { SpecOf } from "@mandate/model";
import { cedarSchema, guardrailsCedar } from "@mandate/policy";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { PackFile, PackScope } from "../evidence/index.ts";
import { compiledPolicy } from "./policies.ts";

interface VersionRow {
  readonly name: string;
  readonly version: number;
  readonly spec: unknown;
  readonly at: Date;
  readonly current: boolean;
}

/** `policies/`: the guardrails as enforced, the Cedar of every version of every custom policy, and the schema. */
export async function policyFiles(tx: Tx, org: string, scope: PackScope): Promise<readonly PackFile[]> {
  const { rows } = await sql<VersionRow>`select h.name, h.version, h.spec, h.recorded_at as at,
      exists (select 1 from register_objects o where o.org = h.org and o.kind = h.kind and o.name = h.name and o.version = h.version) as current
    from register_history h where h.org = ${org} and h.kind = 'Policy' and h.action <> 'remove' and h.recorded_at < coalesce(${scope.until}::timestamptz, 'infinity')
    order by h.name, h.version`.execute(tx);
  const text = (path: string, content: string, mediaType = "text/plain"): PackFile => ({ path: `policies/${path}`, bytes: Buffer.from(content), mediaType });
  const index = rows.map(({ name, version, at, current }) => ({ name, version, recordedAt: at.toISOString(), current, file: `${name}.v${version}.cedar` }));
  return [
    text("guardrails.cedar", guardrailsCedar),
    text("schema.cedarschema", cedarSchema(null)),
    text("index.json", `${JSON.stringify({ schema: "mandate.policies/1", policies: index }, null, 2)}\n`, "application/json"),
    ...rows.map(({ name, version, spec }) => text(`${name}.v${version}.cedar`, `// policy ${name}, version ${version}\n${cedarOf(name, spec)}\n`)),
  ];
}

function cedarOf(name: string, spec: unknown): string {
  const parsed = definitionOf("Policy").spec.safeParse(spec);
  return parsed.success ? compiledPolicy(name, parsed.data as SpecOf<"Policy">) : "// This version can't be read by this release; its text is in the register's history.";
}
