import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackFile, PackScope, SectionAnswers } from "../evidence/index.ts";

export interface DecidedApproval {
  readonly id: string;
  readonly state: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly signatures: readonly { readonly person: string; readonly choice: string; readonly at: string }[];
  readonly [column: string]: unknown;
}

/** Yes-rate and time to answer of each person: someone who says yes to everything within seconds oversees nothing. */
export function answerHabits(approvals: readonly DecidedApproval[]): { person: string; answers: number; yesRate: number; medianSeconds: number; fastestSeconds: number }[] {
  const answers = approvals.flatMap((one) => one.signatures.map((signature) => ({ ...signature, seconds: Math.round((Date.parse(signature.at) - one.createdAt.getTime()) / 1000) })));
  return [...Map.groupBy(answers, (one) => one.person)].map(([person, of]) => {
    const seconds = of.map((one) => one.seconds).sort((a, b) => a - b);
    return { person, answers: of.length, yesRate: of.filter((one) => one.choice === "approve").length / of.length, medianSeconds: seconds[Math.floor((seconds.length - 1) / 2)]!, fastestSeconds: seconds[0]! };
  }).sort((a, b) => b.yesRate - a.yesRate || a.medianSeconds - b.medianSeconds);
}

async function approvalsIn(tx: Tx, org: string, scope: PackScope): Promise<DecidedApproval[]> {
  const { rows } = await sql<DecidedApproval>`select a.id, a.action, a.system, a.resource, a.tier, a.requester, a.rules, a.approvers, a.statement, a.digest, a.state, a.created_at as "createdAt", a.expires_at as "expiresAt",
      a.decided_at as "decidedAt", a.spent_at as "spentAt",
      coalesce((select jsonb_agg(jsonb_build_object('kind', s.kind, 'person', s.email, 'role', s.role, 'set', s.approver_set, 'choice', s.choice, 'reason', s.reason, 'at', s.signed_at) order by s.signed_at)
        from approval_signatures s where s.org = a.org and s.approval_id = a.id), '[]'::jsonb) as signatures
    from approvals a where a.org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and a.system = any(${[...scope.systems]}::text[])`}
      and a.created_at >= coalesce(${scope.since}::timestamptz, '-infinity') and a.created_at < coalesce(${scope.until}::timestamptz, 'infinity') order by a.id`.execute(tx);
  return rows;
}

export async function approvalAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const all = await approvalsIn(tx, org, scope);
  const states = [...Map.groupBy(all, (one) => (one.state === "pending" && one.expiresAt.getTime() <= nowMs ? "lapsed" : one.state))].map(([state, of]) => ({ state, count: of.length }));
  const query = `questions asked ${scopeWords(scope)}`;
  return {
    E09: {
      "latency and approval-rate outliers": { ...packAnswer({ source: "approvals, approval_signatures", query: `answers to ${query}: for each person yes-rate and seconds from question to answer, highest yes-rate first`, gaps: ["No threshold is set: the figures are printed for every person."], rows: answerHabits(all) }), states },
    },
  };
}

/** `approvals/ID.json`: each decided question with statement, digest, and answers with the role held at that moment. */
export async function approvalFiles(tx: Tx, org: string, scope: PackScope): Promise<readonly PackFile[]> {
  const decided = (await approvalsIn(tx, org, scope)).filter((one) => one.state === "approved" || one.state === "refused");
  return decided.map((one) => {
    const body = { schema: "mandate.approval/1", gaps: ["Answers of kind `token` are bound by the log's entry of type `approval`, not by a signature of the person's own key."], digestOf: "SHA-256 of the RFC 8785 form of `statement`", ...one };
    return { path: `approvals/${one.id}.json`, bytes: Buffer.from(`${JSON.stringify(body, null, 2)}\n`), mediaType: "application/json" };
  });
}
