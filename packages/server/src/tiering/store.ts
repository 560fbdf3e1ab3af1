import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Contradiction, ObservedTraffic, OwnTierRules, TierDetermination, TierInputs } from "@mandate/frameworks";
import type { Tier } from "@mandate/model";
import { canonicalBytes } from "@mandate/ledger";
import { sql } from "kysely";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import type { Register } from "../registry/index.ts";
import { loadObserved } from "./observed.ts";
import { loadOwnRules } from "./own-rules.ts";

export interface Override {
  readonly id: string;
  readonly system: string;
  readonly direction: "up" | "down";
  readonly tier: Tier;
  readonly reason: string;
  readonly covers: readonly string[];
  readonly requester: string;
  readonly requesterEmail: string | null;
  readonly approvalId: string | null;
  readonly approver: string | null;
  readonly starts: Date | null;
  readonly ends: Date | null;
  readonly endedAt: Date | null;
}

const columns = sql`id, system, direction, tier, reason, covers, requester, requester_email as "requesterEmail", approval_id as "approvalId", approver, starts, ends, ended_at as "endedAt"`;

/** Everything beside the record that a tier depends on, at one moment. */
export interface TierContext {
  readonly own: OwnTierRules;
  readonly observed: ReadonlyMap<string, ObservedTraffic>;
  readonly overrides: ReadonlyMap<string, Override>;
}

/** @param nowMs an override past its end isn't there any more */
export async function loadTierContext(tx: Tx, org: string, register: Register, nowMs: number): Promise<TierContext> {
  const { rows } = await sql<Override>`select ${columns} from tier_overrides where org = ${org} and starts is not null and ended_at is null and (ends is null or ends > ${new Date(nowMs)})`.execute(tx);
  return { own: await loadOwnRules(tx, org), observed: await loadObserved(tx, org, register), overrides: new Map(rows.map((row) => [row.system, row])) };
}

/** A system's tier with all that it rests on. */
export interface AssessedTier extends TierDetermination {
  readonly inputs: TierInputs;
  readonly contradictions: readonly Contradiction[];
  readonly override: Override | undefined;
  /** What holds once the override has ended. */
  readonly without: Tier;
}

export interface KeptDetermination {
  readonly seq: number;
  readonly at: Date;
  readonly author: string;
  readonly authorEmail: string | null;
  readonly tier: Tier;
  readonly reasons: TierDetermination["reasons"];
  readonly flags: TierDetermination["flags"];
  readonly unanswered: readonly string[];
  readonly inputs: TierInputs;
  readonly contradictions: readonly Contradiction[];
  readonly overrideId: string | null;
  readonly digest: string;
}

const kept = sql`seq, at, author, author_email as "authorEmail", tier, reasons, flags, unanswered, inputs, contradictions, override_id as "overrideId", digest`;

/** Newest first. */
export async function determinationsOf(tx: Tx, org: string, system: string, limit: number): Promise<KeptDetermination[]> {
  const { rows } = await sql<KeptDetermination>`select ${kept} from tier_determinations where org = ${org} and system = ${system} order by seq desc limit ${limit}`.execute(tx);
  return rows;
}

export async function latestDigests(tx: Tx, org: string): Promise<Map<string, string>> {
  const { rows } = await sql<{ system: string; digest: string }>`select distinct on (system) system, digest from tier_determinations where org = ${org} order by system, seq desc`.execute(tx);
  return new Map(rows.map((row) => [row.system, row.digest]));
}

/** Keeps a determination that differs from the last, with an entry that holds its hash. */
export async function keepDetermination(tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void, system: string, assessed: AssessedTier, versionDigest: string, was: { readonly tier: Tier | null; readonly digest: string | undefined }): Promise<void> {
  const { tier, reasons, flags, unanswered, inputs, contradictions, override } = assessed;
  const content = JSON.parse(JSON.stringify({ system, tier, reasons, flags, unanswered, inputs, contradictions, override: override?.id ?? null })) as Record<string, unknown>;
  const digest = createHash("sha256").update(canonicalBytes(content)).digest("hex");
  if (isDeepStrictEqual(digest, was.digest)) return;
  await sql`insert into tier_determinations (org, system, seq, at, author, author_email, tier, reasons, flags, unanswered, inputs, contradictions, override_id, version_digest, digest)
    values (${ctx.org}, ${system}, (select coalesce(max(seq), 0) + 1 from tier_determinations where org = ${ctx.org} and system = ${system}), ${new Date(ctx.now())}, ${ctx.actor.id}, ${ctx.actor.email}, ${tier},
      ${JSON.stringify(reasons)}::jsonb, ${JSON.stringify(flags)}::jsonb, ${[...unanswered]}, ${JSON.stringify(inputs)}::jsonb, ${JSON.stringify(contradictions)}::jsonb, ${override?.id ?? null}, ${versionDigest}, ${digest})`.execute(tx);
  record({ type: "tier", system, commits: digest, payload: { was: was.tier, ...content, versionDigest, digest } });
}

export async function insertOverride(tx: Tx, ctx: CommandContext<Tx>, one: Omit<Override, "endedAt" | "requester" | "requesterEmail" | "approver">): Promise<void> {
  await sql`insert into tier_overrides (org, id, system, direction, tier, reason, covers, requester, requester_email, approval_id, starts, ends, created_at)
    values (${ctx.org}, ${one.id}, ${one.system}, ${one.direction}, ${one.tier}, ${one.reason}, ${[...one.covers]}, ${ctx.actor.id}, ${ctx.actor.email}, ${one.approvalId}, ${one.starts}, ${one.ends}, ${new Date(ctx.now())})`.execute(tx);
}

export async function endOverride(tx: Tx, org: string, system: string, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`update tier_overrides set ended_at = ${now} where org = ${org} and system = ${system} and starts is not null and ended_at is null returning id`.execute(tx);
  return rows.map((row) => row.id);
}

export async function startOverride(tx: Tx, org: string, id: string, approver: string, now: Date): Promise<void> {
  await sql`update tier_overrides set starts = ${now}, approver = ${approver} where org = ${org} and id = ${id} and starts is null`.execute(tx);
}

/** Newest first, ended and undecided ones too. */
export async function overridesOf(tx: Tx, org: string, system: string): Promise<Override[]> {
  const { rows } = await sql<Override>`select ${columns} from tier_overrides where org = ${org} and system = ${system} order by created_at desc limit 50`.execute(tx);
  return rows;
}

/** Systems whose override the clock has ended, and that no determination has followed yet. */
export async function overridesRanOut(tx: Tx, org: string, now: Date): Promise<string[]> {
  const { rows } = await sql<{ system: string }>`select system from tier_overrides where org = ${org} and starts is not null and ended_at is null and ends <= ${now}`.execute(tx);
  return rows.map((row) => row.system);
}

/** Newest determinations in which traffic contradicts what was declared. */
export async function openContradictions(tx: Tx, org: string): Promise<{ system: string; owner: string | null; tier: Tier; contradictions: readonly Contradiction[] }[]> {
  const { rows } = await sql<{ system: string; owner: string | null; tier: Tier; contradictions: readonly Contradiction[] }>`
    select d.system, o.spec -> 'owners' ->> 'technical' as owner, d.tier, d.contradictions
    from (select distinct on (system) system, tier, contradictions from tier_determinations where org = ${org} order by system, seq desc) d
    join register_objects o on o.org = ${org} and o.kind = 'AISystem' and o.name = d.system where jsonb_array_length(d.contradictions) > 0`.execute(tx);
  return rows;
}
