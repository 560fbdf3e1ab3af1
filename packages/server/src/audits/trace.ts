import { createHash } from "node:crypto";
import { parseHeader } from "@mandate/ledger";
import type { SampleMember } from "@mandate/ledger";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { readApproval, stateAt } from "../approvals/index.ts";
import { decisionItem } from "../decisions/index.ts";
import { entryProof, getDecision } from "../evidence/index.ts";
import { auditAltered } from "./errors.ts";

/** The rule that decided, in the words of the policy version that held it. */
interface RuleText {
  readonly policy: string;
  readonly version: number;
  readonly since: string;
  readonly text: string;
  readonly sha256: string;
}

/** Everything one member of a sample rests on. What people and models said stays sealed: it is opened apart, with a reason. */
export async function traceOf(tx: Tx, org: string, member: SampleMember, nowMs: number) {
  const entry = await entryProof(tx, org, member.log, member.index);
  if (entry === undefined || entry.header["decision"] !== member.decision) throw auditAltered(`the log ${member.log} holds another entry at ${member.index} than was drawn`);
  const decision = await getDecision(tx, org, member.decision);
  const result = decision?.result ?? null;
  const isApart = result !== null && (result.log !== member.log || result.index !== member.index);
  const outcome = isApart ? await entryProof(tx, org, result.log, result.index) : undefined;
  const ids = new Set([...approvalsIn(entry.header), ...approvalsIn(outcome?.header ?? {}), ...(decision?.approval == null ? [] : [decision.approval])]);
  const approvals = [];
  for (const id of ids) {
    const found = await readApproval(tx, org, id);
    if (found === undefined) continue;
    approvals.push({
      id,
      state: stateAt(found, nowMs),
      action: found.action,
      requester: found.requester,
      digest: found.digest,
      statement: found.statement,
      decidedAt: found.decidedAt?.toISOString() ?? null,
      signatures: found.signatures.map((one) => ({ kind: one.kind, person: one.email, role: one.role, choice: one.choice, reason: one.reason, at: one.at, onBehalfOf: one.onBehalfOf })),
    });
  }
  return {
    member,
    entry,
    outcome: outcome ?? null,
    decision: decision === undefined ? null : decisionItem(decision, undefined),
    policy: { version: decision?.policyVersion ?? String(entry.header["policy"] ?? ""), register: decision?.registerVersion ?? Number(entry.header["register"] ?? 0), rule: decision?.rule ?? null, text: decision?.rule == null ? null : await ruleText(tx, org, decision.rule, decision.at) },
    approvals,
  };
}

function approvalsIn(header: ReturnType<typeof parseHeader> | Readonly<Record<string, unknown>>): string[] {
  const { approvals } = header;
  return Array.isArray(approvals) ? approvals.filter((one: unknown): one is string => typeof one === "string") : [];
}

/** Null for a guardrail, whose text is the product's own and stands in each pack. */
async function ruleText(tx: Tx, org: string, rule: string, at: string): Promise<RuleText | null> {
  const { rows } = await sql<{ name: string; version: number; recorded_at: Date; text: string }>`select name, version, recorded_at, coalesce(spec->>'cedar', jsonb_pretty(spec->'rules'), '') as text from (
      select distinct on (name) name, version, action, recorded_at, spec from register_history where org = ${org} and kind = 'Policy' and recorded_at <= ${at}::timestamptz order by name, version desc) p
    where action <> 'remove' and (name = ${rule} or position(${`"${rule}"`} in coalesce(spec->>'cedar', spec::text)) > 0) order by name limit 1`.execute(tx);
  const found = rows[0];
  if (found === undefined) return null;
  return { policy: found.name, version: found.version, since: found.recorded_at.toISOString(), text: found.text, sha256: createHash("sha256").update(found.text).digest("hex") };
}
