import type { SpecOf } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId } from "../evidence/index.ts";
import { findingStateNow } from "../findings/index.ts";
import { evaluationState } from "../records/index.ts";
import type { Register } from "../registry/index.ts";
import type { Condition, Measured } from "./condition.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Traffic {
  readonly calls: number;
  readonly refused: number;
  readonly errors: number;
  readonly busiest: number;
}

/** Takes every condition's measure now. Traffic is read only where a condition asks about it. */
export async function measureConditions(tx: Tx, org: string, system: string, conditions: readonly Condition[], register: Register, nowMs: number): Promise<readonly Measured[]> {
  const wants = (...metrics: readonly Condition["metric"][]): boolean => conditions.some((one) => metrics.includes(one.metric));
  const traffic = wants("refusal_rate", "errors", "calls_per_hour") ? await readTraffic(tx, org, system, nowMs) : undefined;
  const findings = wants("findings_open") ? await openFindings(tx, org, system, nowMs) : 0;
  return conditions.map((condition) => measure(condition, { register, system, nowMs, traffic, findings }));
}

interface Inputs {
  readonly register: Register;
  readonly system: string;
  readonly nowMs: number;
  readonly traffic: Traffic | undefined;
  readonly findings: number;
}

/** Pure. What was never measured isn't met. */
export function measure(condition: Condition, { register, system, nowMs, traffic, findings }: Inputs): Measured {
  const own = `system:${system}`;
  switch (condition.metric) {
    case "evaluation": {
      const spec = register.get("Evaluation", condition.subject)?.spec;
      if (spec === undefined || spec.system !== own) return { met: false, shown: `no evaluation ${condition.subject} of this system` };
      const state = evaluationState(spec, nowMs);
      const until = spec.every === undefined || spec.measured === undefined ? undefined : Date.parse(spec.measured) + Number.parseInt(spec.every, 10) * dayMs;
      return { met: state === "met", shown: state === "missing" ? "no current score" : `${spec.metric} is ${spec.score}`, ...(until === undefined ? {} : { until }) };
    }
    case "document": {
      const found = register.all("Document").find(({ spec }) => spec.type === condition.subject && spec.systems.includes(own) && (spec.ends === undefined || Date.parse(spec.ends) > nowMs));
      return { met: found !== undefined, shown: found?.spec.title ?? `no current ${condition.subject}`, ...(found?.spec.ends === undefined ? {} : { until: Date.parse(found.spec.ends) }) };
    }
    case "outcome_review": {
      const review = latestReview(register, own);
      if (review === undefined || review.sampled === 0) return { met: false, shown: "no outcome review" };
      const adverse = review.adverse / review.sampled;
      return { met: adverse <= condition.threshold, shown: `${(adverse * 100).toFixed(1)} % adverse`, ...(review.next === undefined ? {} : { until: Date.parse(review.next) }) };
    }
    case "complaints": {
      const review = latestReview(register, own);
      return review === undefined ? { met: false, shown: "no outcome review" } : { met: review.complaints <= condition.threshold, shown: `${review.complaints} complaints` };
    }
    case "findings_open":
      return { met: findings <= condition.threshold, shown: `${findings} open` };
    case "refusal_rate": {
      if (traffic === undefined) return { met: false, shown: "not measured" };
      const rate = traffic.calls === 0 ? 0 : traffic.refused / traffic.calls;
      return { met: rate <= condition.threshold, shown: `${(rate * 100).toFixed(1)} % of ${traffic.calls} refused in 24 h` };
    }
    case "errors":
      return traffic === undefined ? { met: false, shown: "not measured" } : { met: traffic.errors <= condition.threshold, shown: `${traffic.errors} errors in 24 h` };
    case "calls_per_hour":
      return traffic === undefined ? { met: false, shown: "not measured" } : { met: traffic.busiest <= condition.threshold, shown: `${traffic.busiest} calls in the busiest hour of 24` };
  }
}

function latestReview(register: Register, own: string): SpecOf<"OutcomeReview"> | undefined {
  return register.all("OutcomeReview").map(({ spec }) => spec).filter((spec) => spec.system === own).toSorted((a, b) => Date.parse(b.until) - Date.parse(a.until))[0];
}

async function readTraffic(tx: Tx, org: string, system: string, nowMs: number): Promise<Traffic> {
  const { rows } = await sql<{ hour: Date; calls: number; refused: number; errors: number }>`select date_trunc('hour', at) as hour, count(*)::int as calls, (count(*) filter (where outcome = 'deny'))::int as refused,
      (count(*) filter (where terminal in ('upstream_cut', 'unknown') or code in ('upstream_unreachable', 'upstream_timeout')))::int as errors
    from decision where org = ${org} and system = ${system} and id >= ${earliestId(new Date(nowMs - dayMs))} and at >= ${new Date(nowMs - dayMs)} group by 1`.execute(tx);
  const sum = (of: "calls" | "refused" | "errors"): number => rows.reduce((total, row) => total + row[of], 0);
  return { calls: sum("calls"), refused: sum("refused"), errors: sum("errors"), busiest: Math.max(0, ...rows.map((row) => row.calls)) };
}

/** The findings about conditions themselves don't count, or one unmet condition would keep itself unmet. */
async function openFindings(tx: Tx, org: string, system: string, nowMs: number): Promise<number> {
  const { rows } = await sql<{ open: number }>`select count(*)::int as open from findings where org = ${org} and system = ${system} and ${findingStateNow(new Date(nowMs))} = 'open'`.execute(tx);
  return rows[0]?.open ?? 0;
}
