import type { ObservedTraffic } from "@mandate/frameworks";
import type { Audience, Effect } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { Register } from "../registry/index.ts";

/** Rows of `observed_uses` that count something else than one resource's calls. */
const about = { all: "traffic.all", user: "traffic.user", held: "class.held", tried: "class.tried" } as const;
const aboutTraffic: ReadonlySet<string> = new Set(Object.values(about));

/**
 * A class that the boundary refuses never gets in, so one attempt says nothing of the system. One that comes again and
 * again does: what it is for isn't what was declared. A secret is a slip, whoever sends it.
 */
const triedOften = 10;
const triedShare = 0.1;

interface Use {
  readonly system: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: number;
  readonly approved: number;
}

/** A call that has no end yet is waited for so long, then counted as it stands. */
const openForMs = 15 * 60_000;
const batch = 20_000;

/**
 * Counts decisions not counted yet, in order, up to the oldest call that is still running.
 * @returns whether something new was seen
 */
export async function countUses(tx: Tx, org: string, nowMs: number): Promise<boolean> {
  const { rows: known } = await sql<{ watermark: string }>`select watermark from observed_until where org = ${org} for update`.execute(tx);
  const after = known[0]?.watermark ?? "";
  const { rows: open } = await sql<{ id: string | null }>`select min(id) as id from decision where org = ${org} and id > ${after} and terminal is null and at > ${new Date(nowMs - openForMs)}`.execute(tx);
  const { rows } = await sql<{ last: string | null; fresh: boolean }>`
    with fresh as (
      select id, at, system, action, resource, approval, tools, outcome, subject is not null as for_user from decision
      where org = ${org} and coalesce(system, '') not like 'probe:%' and id > ${after} and (${open[0]?.id ?? null}::text is null or id < ${open[0]?.id ?? null}) order by id limit ${batch}
    ), uses as (
      select f.system, f.action, f.resource, f.approval, f.at from fresh f where f.outcome = 'allow' and f.system is not null
      union all
      select f.system, ${about.user}, '*', null, f.at from fresh f where f.for_user and f.outcome = 'allow' and f.system is not null
      union all
      select f.system, ${about.all}, '*', null, f.at from fresh f where f.system is not null
      union all
      select f.system, case f.outcome when 'allow' then ${about.held} else ${about.tried} end, t.value, null, f.at from fresh f join decision_tag t on t.org = ${org} and t.kind = 'class' and t.id = f.id where f.system is not null
      union all
      select f.system, 'tool.call', 'tool:' || (t ->> 'tool'), f.approval, f.at from fresh f, jsonb_array_elements(coalesce(f.tools, '[]')) t where t ->> 'outcome' = 'allow' and f.system is not null
    ), counted as (
      insert into observed_uses as o (org, system, action, resource, allowed, approved, last_at)
        select ${org}, system, action, resource, count(*), count(approval), max(at) from uses group by system, action, resource
      on conflict (org, system, action, resource) do update set allowed = o.allowed + excluded.allowed, approved = o.approved + excluded.approved, last_at = greatest(o.last_at, excluded.last_at)
      returning 1
    )
    select (select max(id) from fresh) as last, exists (select 1 from counted) as fresh`.execute(tx);
  const { last, fresh } = rows[0]!;
  if (last !== null) await sql`insert into observed_until (org, watermark) values (${org}, ${last}) on conflict (org) do update set watermark = excluded.watermark`.execute(tx);
  return fresh;
}

/** What each system was seen doing, in the words of the register as it is now. */
export async function loadObserved(tx: Tx, org: string, register: Register): Promise<Map<string, ObservedTraffic>> {
  const { rows: providers } = await sql<{ issuer: string }>`select issuer from identity_providers where org = ${org}`.execute(tx);
  const own = new Set(providers.map((one) => one.issuer));
  const { rows } = await sql<Use>`select system, action, resource, allowed::int as allowed, approved::int as approved from observed_uses where org = ${org} order by system, action, resource`.execute(tx);
  const seen = new Map<string, ObservedTraffic>();
  for (const [system, all] of Map.groupBy(rows, (row) => row.system)) {
    const uses = all.filter((one) => !aboutTraffic.has(one.action));
    const counted = (action: string): number => all.find((one) => one.action === action)?.allowed ?? 0;
    const named = (use: Use): string => use.resource.slice(use.resource.indexOf(":") + 1);
    const bounded = boundedTools(register, system);
    const exports = uses.filter((use) => use.action === "data.export").map(named);
    seen.set(system, {
      calls: uses.reduce((sum, use) => sum + use.allowed, 0),
      tools: uses.filter((use) => use.action === "tool.call").map((use) => {
        const tool = register.get("Tool", named(use))?.spec;
        return { name: named(use), effect: tool?.effect ?? ("executes" satisfies Effect), reversible: tool?.reversible === true, allowed: use.allowed, approved: bounded.has(named(use)) ? use.allowed : use.approved };
      }),
      outside: exports.filter((name) => register.get("Destination", name)?.spec.kind !== "internal"),
      classes: all.filter((one) => one.action === about.held || (one.action === about.tried && one.resource !== "secret" && one.allowed >= triedOften && one.allowed >= triedShare * counted(about.all))).map((one) => one.resource),
      userCalls: counted(about.user),
      ...(counted(about.user) > 0 ? { audience: audienceOf(register, system, own) } : {}),
    });
  }
  return seen;
}

/** Users whose every possible issuer is another than the organization's own: they aren't its people. Undefined: can't tell. */
function audienceOf(register: Register, system: string, own: ReadonlySet<string>): Audience | undefined {
  const issuers = register.get("AISystem", system)?.spec.session?.issuers ?? [];
  return own.size > 0 && issuers.length > 0 && issuers.every((issuer) => !own.has(issuer)) ? "partner" : undefined;
}

/**
 * Tools on which a rule of the system's own asks a person above some bound. People set that bound: it is part of the
 * version that they authorized, so what stays below it isn't the system acting alone.
 */
function boundedTools(register: Register, system: string): ReadonlySet<string> {
  const names = register.get("AISystem", system)?.spec.policies ?? [];
  const rules = names.flatMap((name) => register.get("Policy", name.slice(name.indexOf(":") + 1))?.spec.rules ?? []);
  return new Set(rules.flatMap((rule) => (rule.holdUnless === undefined ? [] : [rule.on.slice(rule.on.indexOf(":") + 1)])));
}
