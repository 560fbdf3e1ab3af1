import { costOf, priceOf } from "@mandate/gateway";
import type { SpentBefore } from "@mandate/gateway";
import type { ModelFacts } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export interface UsedOptions {
  readonly org: string;
  readonly nowMs: number;
  readonly models: readonly Pick<ModelFacts, "name" | "prices">[];
  readonly assumed: { readonly input: number; readonly output: number };
  /** Tokens of a call whose end nobody saw: it was reserved, and may have been used. */
  readonly unknownTokens: { readonly input: number; readonly output: number };
  /** Only what the gateway of these logs did; null: all. */
  readonly origins: readonly string[] | null;
}

interface Row {
  readonly system: string;
  readonly credential: string | null;
  readonly model: string;
  readonly day: string;
  readonly calls: number;
  readonly input: number;
  readonly output: number;
}

/** Calls that went out today and this month, with tokens and cost at the price of their day, as the evidence has them. */
export async function usedBefore(tx: Tx, options: UsedOptions): Promise<readonly SpentBefore[]> {
  const { org, nowMs, models, assumed, unknownTokens, origins } = options;
  const now = new Date(nowMs);
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const today = now.toISOString().slice(0, 10);
  const { rows } = await sql<Row>`select system, credential, substr(resource, 7) as model, to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*)::int as calls,
      sum(coalesce(input_tokens, case when terminal = 'unknown' and action = 'model.call' then ${unknownTokens.input} else 0 end))::float8 as input,
      sum(coalesce(output_tokens, case when terminal = 'unknown' and action = 'model.call' then ${unknownTokens.output} else 0 end))::float8 as output
    from decision
    where org = ${org} and system is not null and outcome = 'allow' and surface <> 'authzen' and at >= ${month}
      and (action = 'model.call' or surface like 'mcp%') and (${origins}::text[] is null or intent_log = any(${origins}::text[]))
    group by 1, 2, 3, 4`.execute(tx);
  const prices = new Map(models.map((model) => [model.name, model]));
  const spent = new Map<string, { system: string; credential: string | null; calls: number; tokens: number; microEuros: number; microEurosThisMonth: number }>();
  for (const { system, credential, model, day, calls, input, output } of rows) {
    const cost = costOf({ input, output }, priceOf(prices.get(model), Date.parse(day) / 1000, assumed));
    for (const who of credential === null ? [null] : [null, credential]) {
      const key = `${system}\n${who ?? ""}`;
      const sum = spent.get(key) ?? { system, credential: who, calls: 0, tokens: 0, microEuros: 0, microEurosThisMonth: 0 };
      sum.microEurosThisMonth += cost;
      if (day === today) {
        sum.calls += calls;
        sum.tokens += input + output;
        sum.microEuros += cost;
      }
      spent.set(key, sum);
    }
  }
  return [...spent.values()];
}
