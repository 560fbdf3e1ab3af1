import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

/** Share of the people it keeps that a directory may take out in a day before somebody is asked (SPEC 2, People). */
const share = 0.05;
/** In a small house one leaver is more than 5 %. */
const always = 2;
const windowMs = 24 * 3_600_000;

/** Ends the request's transaction: the removal doesn't happen, and people are told. */
export class ProvisioningPaused extends Error {
  readonly removed: number;
  readonly of: number;
  constructor(removed: number, of: number) {
    super("provisioning is paused");
    this.removed = removed;
    this.of = of;
  }
}

export interface ProvisioningState {
  /** Identity provider whose subjects are the directory's external ids, or null. */
  readonly identityProvider: string | null;
  readonly pausedAt: string | null;
  /** Removals are let through until then. */
  readonly allowedUntil: string | null;
}

const none: ProvisioningState = { identityProvider: null, pausedAt: null, allowedUntil: null };

export async function readProvisioning(tx: Tx, org: string): Promise<ProvisioningState> {
  const { rows } = await sql<{ value: ProvisioningState }>`select value from settings where org = ${org} and key = 'provisioning'`.execute(tx);
  return { ...none, ...rows[0]?.value };
}

async function writeProvisioning(tx: Tx, ctx: ServerContext, state: ProvisioningState): Promise<void> {
  await sql`insert into settings (org, key, value, changed_by, changed_at) values (${ctx.org}, 'provisioning', ${JSON.stringify(state)}::jsonb, ${ctx.actor.id}, ${new Date(ctx.now())})
    on conflict (org, key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
}

/** Counts one more removal. @throws ProvisioningPaused when that would be too many in a day */
export async function countRemoval(tx: Tx, ctx: ServerContext, personId: string): Promise<void> {
  const now = new Date(ctx.now());
  const { allowedUntil, pausedAt } = await readProvisioning(tx, ctx.org);
  if (allowedUntil === null || Date.parse(allowedUntil) <= ctx.now()) {
    const { rows } = await sql<{ removed: string; people: string }>`select
      (select count(distinct person_id) from scim_removals where org = ${ctx.org} and at > ${new Date(ctx.now() - windowMs)}) as removed,
      (select count(*) from scim_users u join people p on p.org = u.org and p.id = u.person_id where u.org = ${ctx.org} and u.deleted_at is null and p.state <> 'deactivated') as people`.execute(tx);
    const removed = Number(rows[0]!.removed);
    const before = Number(rows[0]!.people) + removed;
    // Paused means paused: what didn't fit yesterday isn't let through one by one as the window moves on.
    if (pausedAt !== null || removed + 1 > Math.max(always, Math.floor(before * share))) throw new ProvisioningPaused(removed, before);
  }
  await sql`insert into scim_removals (org, person_id, at) values (${ctx.org}, ${personId}, ${now}) on conflict do nothing`.execute(tx);
}

/** @returns true when it wasn't paused already */
export async function notePause(ctx: ServerContext, signal: ProvisioningPaused): Promise<boolean> {
  return ctx.transact(async (tx, record) => {
    const state = await readProvisioning(tx, ctx.org);
    if (state.pausedAt !== null) return false;
    await writeProvisioning(tx, ctx, { ...state, pausedAt: new Date(ctx.now()).toISOString(), allowedUntil: null });
    record({ type: "setting", payload: { event: "provisioning.paused", removed: signal.removed, of: signal.of } });
    return true;
  });
}

/** Lets removals through for a day: a person's word that the directory means it. */
export async function resumeProvisioning(ctx: ServerContext, reason: string): Promise<ProvisioningState> {
  if (ctx.actor.kind !== "person") throw new AppError({ code: "provisioning.not_a_person", status: 403, message: "A person says whether so many people really left.", remedies: [{ text: "Sign in as an administrator." }] });
  return ctx.transact(async (tx, record) => {
    const state = await readProvisioning(tx, ctx.org);
    if (state.pausedAt === null) throw new AppError({ code: "provisioning.not_paused", status: 409, message: "Provisioning isn't paused.", remedies: [{ text: "Nothing is left to do." }] });
    const next = { ...state, pausedAt: null, allowedUntil: new Date(ctx.now() + windowMs).toISOString() };
    await writeProvisioning(tx, ctx, next);
    record({ type: "setting", payload: { event: "provisioning.resumed", reason, by: ctx.actor.id, allowedUntil: next.allowedUntil } });
    return next;
  });
}

export async function putIdentityProvider(ctx: ServerContext, identityProvider: string | null): Promise<ProvisioningState> {
  return ctx.transact(async (tx, record) => {
    const next = { ...(await readProvisioning(tx, ctx.org)), identityProvider };
    await writeProvisioning(tx, ctx, next);
    record({ type: "setting", payload: { event: "provisioning.identity_provider", identityProvider, by: ctx.actor.id } });
    return next;
  });
}
