import { sql } from "kysely";
import { z } from "zod";
import type { Tx } from "../database/index.ts";

/** Objects of the register that live inside others, read by themselves: nothing here is kept twice. */
export interface View {
  readonly plural: string;
  readonly kind: string;
  readonly summary: string;
  readonly item: z.ZodObject;
  /** True where it can be shown as of a moment. */
  readonly asOf: boolean;
  readonly rows: (tx: Tx, org: string, asOf: Date | null) => Promise<readonly { readonly name: string }[]>;
}

const text = z.string();
const instant = (at: Date): string => at.toISOString();
const named = <Shape extends z.core.$ZodLooseShape>(kind: string, shape: Shape) => z.object({ kind: z.literal(kind), name: text, ...shape });
const listOf = <Row>(rows: readonly Row[], kind: string, of: (row: Row) => { readonly name: string }) => rows.map((row) => ({ kind, ...of(row) }));

/** One part of each system's specification, at a moment; systems without it are left out. */
async function partOf(tx: Tx, org: string, part: "boundary" | "identities", asOf: Date | null): Promise<readonly { name: string; part: unknown; technical: string | null; at: Date }[]> {
  const { rows } = asOf === null
    ? await sql<{ name: string; part: unknown; technical: string | null; at: Date }>`select name, spec->${part} as part, spec->'owners'->>'technical' as technical, updated_at as at from register_objects
        where org = ${org} and kind = 'AISystem' and spec->${part} is not null order by name collate "C"`.execute(tx)
    : await sql<{ name: string; part: unknown; technical: string | null; at: Date }>`select name, part, technical, at from (select distinct on (name) name, spec->${part} as part, spec->'owners'->>'technical' as technical, recorded_at as at, action from register_history
        where org = ${org} and kind = 'AISystem' and recorded_at <= ${asOf} order by name, version desc) then_ where action <> 'remove' and part is not null order by name collate "C"`.execute(tx);
  return rows;
}

const organizations: View = {
  plural: "organizations",
  kind: "Organization",
  summary: "The organization that this register is of",
  item: named("Organization", { id: text }),
  asOf: false,
  rows: async (tx, org) => listOf((await sql<{ org: string; name: string }>`select org, name from organization where org = ${org}`.execute(tx)).rows, "Organization", (row) => ({ name: row.name, id: row.org })),
};

const units: View = {
  plural: "units",
  kind: "Unit",
  summary: "Units that objects belong to, with their systems",
  item: named("Unit", { systems: z.array(text).readonly(), objects: z.number() }),
  asOf: true,
  rows: async (tx, org, asOf) => {
    const objects = asOf === null
      ? sql`select kind, name, unit from register_objects where org = ${org}`
      : sql`select kind, name, unit from (select distinct on (kind, name) kind, name, unit, action from register_history where org = ${org} and recorded_at <= ${asOf} order by kind, name, version desc) then_ where action <> 'remove'`;
    const { rows } = await sql<{ unit: string; systems: string[]; objects: number }>`select unit, coalesce(array_agg(name order by name) filter (where kind = 'AISystem'), '{}') as systems, count(*)::int as objects
      from (${objects}) o where unit is not null group by unit order by unit collate "C"`.execute(tx);
    return listOf(rows, "Unit", (row) => ({ name: row.unit, systems: row.systems, objects: row.objects }));
  },
};

const dataBoundaries: View = {
  plural: "data-boundaries",
  kind: "DataBoundary",
  summary: "What each system may touch: sensitivity, classes, regions, retention, recipients",
  item: named("DataBoundary", { system: text, sensitivity: text, classes: z.array(text), regions: z.array(text), training: text, spec: z.record(text, z.unknown()), since: text }),
  asOf: true,
  rows: async (tx, org, asOf) =>
    listOf(await partOf(tx, org, "boundary", asOf), "DataBoundary", ({ name, part, at }) => {
      const spec = part as { readonly sensitivity: string; readonly classes?: readonly string[]; readonly regions: readonly string[]; readonly training?: string };
      return { name, system: name, sensitivity: spec.sensitivity, classes: [...(spec.classes ?? [])], regions: [...spec.regions], training: spec.training ?? "never", spec, since: instant(at) };
    }),
};

const identities: View = {
  plural: "identities",
  kind: "Identity",
  summary: "Machine identities that systems declare, with the person accountable; their credentials are listed apart",
  item: named("Identity", { system: text, identity: text, type: text, spiffe: text.nullable(), maxTtl: text.nullable(), accountable: text.nullable() }),
  asOf: true,
  rows: async (tx, org, asOf) =>
    listOf(
      (await partOf(tx, org, "identities", asOf)).flatMap((row) => (row.part as { name: string; type: string; spiffe?: string; maxTtl?: string }[]).map((one) => ({ ...row, one }))),
      "Identity",
      ({ name, one, technical }) => ({ name: `${name}/${one.name}`, system: name, identity: one.name, type: one.type, spiffe: one.spiffe ?? null, maxTtl: one.maxTtl ?? null, accountable: technical }),
    ),
};

const assessments: View = {
  plural: "assessments",
  kind: "Assessment",
  summary: "Each system's answers at intake, by whom and when they were last changed",
  item: named("Assessment", { system: text, answers: z.record(text, z.unknown()), by: text, at: text }),
  asOf: true,
  rows: async (tx, org, asOf) => {
    const { rows } = await sql<{ name: string; intake: Record<string, unknown>; by: string; at: Date }>`select distinct on (name) name, intake, by, at from (
        select name, version, spec->'intake' as intake, coalesce(author_email, author) as by, recorded_at as at, action,
          lag(spec->'intake') over (partition by name order by version) is distinct from spec->'intake' as answered,
          last_value(action) over (partition by name order by version rows between unbounded preceding and unbounded following) as last_action
        from register_history where org = ${org} and kind = 'AISystem' and (${asOf}::timestamptz is null or recorded_at <= ${asOf}::timestamptz)) h
      where answered and intake is not null and last_action <> 'remove' order by name, version desc`.execute(tx);
    return listOf(rows, "Assessment", (row) => ({ name: row.name, system: row.name, answers: row.intake, by: row.by, at: instant(row.at) }));
  },
};

const tierDecisions: View = {
  plural: "tier-decisions",
  kind: "TierDecision",
  summary: "Every determination of a tier, with all its reasons, by whose change",
  item: named("TierDecision", { system: text, tier: text, reasons: z.array(z.unknown()), unanswered: z.array(text), by: text, at: text, versionDigest: text, digest: text }),
  asOf: true,
  rows: async (tx, org, asOf) => {
    const { rows } = await sql<{ system: string; seq: number; tier: string; reasons: unknown[]; unanswered: string[]; by: string; at: Date; versionDigest: string; digest: string }>`select system, seq, tier, reasons, unanswered, coalesce(author_email, author) as by, at, version_digest as "versionDigest", digest
      from tier_determinations where org = ${org} and (${asOf}::timestamptz is null or at <= ${asOf}::timestamptz) order by at desc, system, seq desc limit 10000`.execute(tx);
    return listOf(rows, "TierDecision", ({ seq, at, ...row }) => ({ name: `${row.system}/${seq}`, ...row, at: instant(at) }));
  },
};

const conditions: View = {
  plural: "conditions",
  kind: "Condition",
  summary: "What authorizations are granted under, and whether each is met",
  item: named("Condition", { system: text, authorization: text, state: text, metric: text, subject: text.nullable(), threshold: z.number().nullable(), due: text, consequence: text, note: text.nullable(), met: z.boolean().nullable(), shown: text.nullable(), checkedAt: text.nullable() }),
  asOf: false,
  rows: async (tx, org) => {
    const { rows } = await sql<{ system: string; authorization: string; state: string; position: number; condition: { metric: string; subject?: string; threshold?: number; due: string; consequence: string; note?: string }; met: boolean | null; shown: string | null; at: Date | null }>`select a.system, a.id as authorization, a.state, (c.position - 1)::int as position, c.condition, k.met, k.shown, k.checked_at as at
      from authorizations a cross join lateral jsonb_array_elements(a.conditions) with ordinality as c (condition, position)
      left join condition_checks k on k.org = a.org and k.authorization_id = a.id and k.position = c.position - 1 where a.org = ${org} order by a.id desc, c.position limit 10000`.execute(tx);
    return listOf(rows, "Condition", ({ condition, position, at, ...row }) => ({
      name: `${row.authorization}/${position}`, ...row, metric: condition.metric, subject: condition.subject ?? null, threshold: condition.threshold ?? null, due: condition.due, consequence: condition.consequence, note: condition.note ?? null, checkedAt: at === null ? null : instant(at),
    }));
  },
};

const policyVersions: View = {
  plural: "policy-versions",
  kind: "PolicyVersion",
  summary: "Every version of every policy, by whom and why",
  item: named("PolicyVersion", { policy: text, version: z.number(), action: text, by: text, reason: text.nullable(), commit: text.nullable(), at: text, spec: z.record(text, z.unknown()).nullable() }),
  asOf: true,
  rows: async (tx, org, asOf) => {
    const { rows } = await sql<{ policy: string; version: number; action: string; by: string; reason: string | null; commit: string | null; at: Date; spec: Record<string, unknown> | null }>`select name as policy, version, action, coalesce(author_email, author) as by, reason, source_commit as commit, recorded_at as at, spec
      from register_history where org = ${org} and kind = 'Policy' and (${asOf}::timestamptz is null or recorded_at <= ${asOf}::timestamptz) order by recorded_at desc, name, version desc limit 10000`.execute(tx);
    return listOf(rows, "PolicyVersion", ({ at, ...row }) => ({ name: `${row.policy}/${row.version}`, ...row, at: instant(at) }));
  },
};

export const views: readonly View[] = [organizations, units, dataBoundaries, identities, assessments, tierDecisions, conditions, policyVersions];
