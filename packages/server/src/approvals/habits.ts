import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { Gauge } from "@mandate/gateway";

export interface Habit {
  readonly person: string;
  readonly answers: number;
  readonly yesRate: number;
  readonly medianSeconds: number;
  readonly fastestSeconds: number;
}

/** Fewer answers say nothing about a habit. */
export const answersToJudge = 20;
/** Nobody reads what they are asked in less, half of the time. */
export const shortestMedianSeconds = 5;

/** Somebody who answered often, refused nothing, and took less time than reading takes (control OVS-02). */
export function isOutlier({ answers, yesRate, medianSeconds }: Habit): boolean {
  return answers >= answersToJudge && yesRate === 1 && medianSeconds < shortestMedianSeconds;
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

/** For `/metrics`: how long people took and how often they said yes, of what was asked in the last 30 days. */
export async function approvalGauges(tx: Tx, org: string, nowMs: number): Promise<readonly Gauge[]> {
  const since = new Date(nowMs - 30 * 86_400_000);
  const { rows } = await sql<{ pending: number; answered: number; yes: number; median: number | null; p95: number | null }>`with answers as (
      select s.choice, extract(epoch from s.signed_at - a.created_at) as seconds from approvals a
      join approval_signatures s on s.org = a.org and s.approval_id = a.id where a.org = ${org} and a.created_at >= ${since})
    select (select count(*)::int from approvals where org = ${org} and state = 'pending' and expires_at > ${new Date(nowMs)}) as pending,
      count(*)::int as answered, count(*) filter (where choice = 'approve')::int as yes,
      percentile_cont(0.5) within group (order by seconds) as median, percentile_cont(0.95) within group (order by seconds) as p95 from answers`.execute(tx);
  const { pending, answered, yes, median, p95 } = rows[0]!;
  return [
    { name: "mandate_approvals_pending", help: "Questions that wait for a person.", value: pending },
    { name: "mandate_approval_answers", help: "Answers people gave in the last 30 days.", value: answered },
    // Without an answer there is no rate: a gauge of zero would read as people who always refuse.
    ...(answered === 0
      ? []
      : [
          { name: "mandate_approval_yes_ratio", help: "Share of yes among them.", value: yes / answered },
          { name: "mandate_approval_median_seconds", help: "Median time from question to answer.", value: median ?? 0 },
          { name: "mandate_approval_p95_seconds", help: "95th percentile of that time.", value: p95 ?? 0 },
        ]),
  ];
}
