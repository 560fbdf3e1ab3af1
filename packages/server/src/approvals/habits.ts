import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export interface Habit {
  readonly person: string;
  readonly answers: number;
  readonly yesRate: number;
  readonly medianSeconds: number;
  readonly fastestSeconds: number;
}

interface Asked {
  readonly createdAt: Date;
  readonly signatures: readonly { readonly person: string; readonly choice: string; readonly at: string }[];
}

/** Yes-rate and time to answer of each person: someone who says yes to everything within seconds oversees nothing. */
export function answerHabits(approvals: readonly Asked[]): Habit[] {
  const answers = approvals.flatMap((one) => one.signatures.map((signature) => ({ ...signature, seconds: Math.round((Date.parse(signature.at) - one.createdAt.getTime()) / 1000) })));
  return [...Map.groupBy(answers, (one) => one.person)].map(([person, of]) => {
    const seconds = of.map((one) => one.seconds).sort((a, b) => a - b);
    return { person, answers: of.length, yesRate: of.filter((one) => one.choice === "approve").length / of.length, medianSeconds: seconds[Math.floor((seconds.length - 1) / 2)]!, fastestSeconds: seconds[0]! };
  }).sort((a, b) => b.yesRate - a.yesRate || a.medianSeconds - b.medianSeconds);
}

export interface ApprovalMetrics {
  readonly since: string;
  readonly asked: number;
  readonly approved: number;
  readonly refused: number;
  readonly lapsed: number;
  readonly pending: number;
  /** Of those answered; null when none was. */
  readonly yesRate: number | null;
  readonly medianSeconds: number | null;
  readonly people: readonly Habit[];
}

/** Counts, latency and yes-rate of what was asked since then. */
export async function approvalMetrics(tx: Tx, org: string, since: Date, nowMs: number): Promise<ApprovalMetrics> {
  const { rows } = await sql<Asked & { state: string }>`select a.created_at as "createdAt", case when a.state = 'pending' and a.expires_at <= ${new Date(nowMs)} then 'lapsed' else a.state end as state,
      coalesce((select jsonb_agg(jsonb_build_object('person', s.email, 'choice', s.choice, 'at', s.signed_at)) from approval_signatures s where s.org = a.org and s.approval_id = a.id), '[]'::jsonb) as signatures
    from approvals a where a.org = ${org} and a.created_at >= ${since} order by a.created_at desc limit 20000`.execute(tx);
  const count = (state: string): number => rows.filter((one) => one.state === state).length;
  const seconds = rows.flatMap((one) => one.signatures.map((signed) => (Date.parse(signed.at) - one.createdAt.getTime()) / 1000)).sort((a, b) => a - b);
  const [approved, refused] = [count("approved"), count("refused")];
  return {
    since: since.toISOString(), asked: rows.length, approved, refused, lapsed: count("lapsed"), pending: count("pending"),
    yesRate: approved + refused === 0 ? null : approved / (approved + refused),
    medianSeconds: seconds.length === 0 ? null : Math.round(seconds[Math.floor((seconds.length - 1) / 2)]!),
    people: answerHabits(rows),
  };
}
