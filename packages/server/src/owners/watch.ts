import { tierTerms } from "@mandate/frameworks";
import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import { ownerVacantDue } from "../authorization/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { followOwners } from "./follow.ts";

export interface OwnerVacancy {
  readonly system: string;
  readonly tier: Tier;
  readonly seat: "business" | "technical";
  readonly email: string;
  readonly why: "left" | "away";
  readonly since: string;
  readonly backAt: string | null;
  /** When it suspends the system; null when the owner is back before. */
  readonly due: string | null;
  readonly successor: string | null;
  readonly approval: string | null;
}

/** Every vacant seat, by person: one who owned many systems is one list. */
export async function listVacancies(tx: Tx, org: string, email?: string): Promise<readonly OwnerVacancy[]> {
  const { rows } = await sql<Omit<OwnerVacancy, "due" | "since" | "backAt"> & { since: Date; back: Date | null }>`select v.system, s.tier, v.seat, v.email, v.why, v.since, v.back_at as back, v.successor, v.approval_id as approval from owner_vacancies v join system_states s on s.org = v.org and s.system = v.system
    where v.org = ${org} and v.ended_at is null and (${email ?? null}::text is null or v.email = ${email ?? null}) order by v.email, v.system, v.seat limit 1000`.execute(tx);
  return rows.map(({ back, ...row }) => {
    const vacancy = { ...row, since: row.since.toISOString(), backAt: back?.toISOString() ?? null };
    const due = ownerVacantDue([vacancy], tierTerms(row.tier).ownerVacancyGraceDays);
    return { ...vacancy, due: due === null ? null : new Date(due * 1000).toISOString() };
  });
}

export interface OwnerWatchPorts {
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], stillOpen: ReadonlySet<string>) => Promise<void>;
}

/** Absences begin and end by the clock, and vacant seats are findings. No suspension waits for this. */
export function watchOwners(ctx: ServerContext, ports: OwnerWatchPorts): Job {
  return {
    name: "watch owners",
    everyMs: 60_000,
    async run() {
      await ctx.transact((tx, record) => followOwners(tx, ctx, record));
      const vacancies = await ctx.read((tx) => listVacancies(tx, ctx.org));
      const key = (one: OwnerVacancy): string => `owner.vacant:${one.system}:${one.seat}`;
      const { rows } = await ctx.read((tx) => sql<{ name: string; business: string | null; technical: string | null }>`select name, lower(spec->'owners'->>'business') as business, lower(spec->'owners'->>'technical') as technical from register_objects where org = ${ctx.org} and kind = 'AISystem' and name = any(${vacancies.map((one) => one.system)})`.execute(tx));
      for (const one of vacancies) {
        const owners = rows.find((row) => row.name === one.system);
        const other = (one.seat === "business" ? owners?.technical : owners?.business) ?? null;
        await ports.report({ key: key(one), system: one.system, kind: "owner.vacant", title: `${one.system} has no ${one.seat} owner`, detail: `${one.email} ${one.why === "left" ? "has left" : "is away"} since ${one.since}. ${one.due === null ? "The owner is back before the system would be suspended." : `It is suspended on ${one.due} unless a successor confirms.`}${one.successor === null ? "" : ` ${one.successor} was asked.`}`, owner: other === one.email ? null : other });
      }
      await ports.settle(["owner.vacant"], new Set(vacancies.map(key)));
    },
  };
}
