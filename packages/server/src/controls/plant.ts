import { sql } from "kysely";
import type { Planting } from "./measure.ts";

/**
 * Rows that are as wrong as a control must notice. INVARIANT: only ever called in a transaction that is undone, so no
 * gateway, list or log sees them (`prove.ts`).
 */
export const plantedSystem = "mandate-planted";

export async function plantSystem({ tx, org, now, system }: Planting): Promise<void> {
  await plantObject({ tx, org, now, system }, "AISystem", system, { title: "Planted", purposes: [], owners: {}, uses: {} });
  await sql`insert into system_states (org, system, tier, tier_reasons, digest) values (${org}, ${system}, 'T3', '[]', repeat('0', 64))`.execute(tx);
}

export async function plantObject({ tx, org, now }: Planting, kind: string, name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  await sql`insert into register_objects (org, kind, name, id, spec, version, created_at, updated_at) values (${org}, ${kind}, ${name}, ${`obj_${kind}_${name}`}, ${JSON.stringify(spec)}::jsonb, 1, ${now}, ${now})`.execute(tx);
}

interface PlantedDecision {
  readonly id?: string;
  readonly system?: string | null;
  readonly action?: string;
  readonly resource?: string;
  readonly rule?: string;
  readonly credential?: string;
  readonly approval?: string;
  readonly terminal?: string | null;
  /** Whether its intent stands in the log. */
  readonly recorded?: boolean;
  readonly at?: Date;
}

export async function plantDecision({ tx, org, now, system }: Planting, one: PlantedDecision = {}): Promise<void> {
  const recorded = one.recorded !== false;
  await sql`insert into decision (org, id, at, outcome, reason, rule, system, action, resource, surface, credential, approval, policy_version, register_version, terminal, intent_log, intent_index, result_log, result_index)
    values (${org}, ${one.id ?? "dec_planted"}, ${one.at ?? now}, 'allow', 'planted', ${one.rule ?? null}, ${one.system === undefined ? system : one.system}, ${one.action ?? "model.call"}, ${one.resource ?? "model:planted"}, 'planted', ${one.credential ?? null}, ${one.approval ?? null}, 'planted', 0,
      ${one.terminal === undefined ? "done" : one.terminal}, ${recorded ? "planted" : null}, ${recorded ? 0 : null}, ${recorded ? "planted" : null}, ${recorded ? 1 : null})`.execute(tx);
}

interface PlantedCredential {
  readonly state?: string;
  readonly accountable?: string;
  readonly createdAt?: Date;
  readonly notAfter?: Date;
  readonly changedAt?: Date;
}

export async function plantCredential({ tx, org, now, system }: Planting, one: PlantedCredential = {}): Promise<void> {
  const created = one.createdAt ?? new Date(now.getTime() - 1000);
  await sql`insert into credentials (org, id, system, name, key_hash, hint, state, accountable, created_by, created_at, not_after, changed_at)
    values (${org}, 'cred_planted', ${system}, 'planted', encode(sha256(convert_to(${org}, 'UTF8')), 'hex'), 'planted', ${one.state ?? "active"}, ${one.accountable ?? "nobody@planted.invalid"}, 'planted', ${created}, ${one.notAfter ?? new Date(now.getTime() + 3_600_000)}, ${one.changedAt ?? created})`.execute(tx);
}

/** An authorization that ended before now. */
export async function plantEnded({ tx, org, now, system }: Planting, type: "pilot" | "production"): Promise<void> {
  await sql`insert into system_versions (org, system, digest, number, manifest, created_at) values (${org}, ${system}, repeat('0', 64), 1, '{}', ${now})`.execute(tx);
  await sql`insert into authorizations (org, id, system, number, type, state, version_digest, tier, terms, starts, ends, requester, created_at)
    values (${org}, 'auth_planted', ${system}, 1, ${type}, 'expired', repeat('0', 64), 'T3', '{}', ${before(now, 2)}, ${before(now, 1)}, 'planted', ${before(now, 3)})`.execute(tx);
}

export const before = (now: Date, days: number): Date => new Date(now.getTime() - days * 86_400_000);
