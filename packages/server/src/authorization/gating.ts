import type { AuthorizationType, Tier } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { readGates, requireMet } from "../gates/index.ts";
import type { Gate, GateSubject } from "../gates/index.ts";
import { loadPins, loadRegister, readObject } from "../registry/index.ts";
import type { Register, StoredObject, ToolPin } from "../registry/index.ts";
import { systemUnknown } from "./errors.ts";
import { systemState, systemStates, tierAt } from "./store.ts";
import type { Authorization } from "./store.ts";
import { buildVersion, manifestOf } from "./version.ts";

/** What the gates of a system are read for: the version that is there now, at its tier now. */
export async function gateSubject(tx: Tx, org: string, name: string, nowMs: number): Promise<GateSubject & { readonly versionDigest: string }> {
  const system = (await readObject(tx, org, "AISystem", name)) as StoredObject<"AISystem"> | undefined;
  const state = await systemState(tx, org, name);
  if (!system || !state) throw systemUnknown();
  const { manifest, digest } = buildVersion(system, await loadRegister(tx, org), await loadPins(tx, org));
  return { system, tier: tierAt(state, nowMs), grants: manifest.grants, versionDigest: digest };
}

/** Every system that isn't retired, with what it is measured for: production once it runs there. */
export async function gateSubjects(tx: Tx, org: string, { register, pins }: { readonly register: Register; readonly pins: readonly ToolPin[] }, nowMs: number): Promise<readonly (GateSubject & { readonly type: AuthorizationType })[]> {
  const states = await systemStates(tx, org);
  const { rows } = await sql<{ system: string }>`select distinct system from authorizations where org = ${org} and type = 'production' and state in ('granted', 'granted_with_conditions', 'reassessment_required')`.execute(tx);
  const produced = new Set(rows.map((row) => row.system));
  return register.all("AISystem").flatMap((system) => {
    const state = states.get(system.name);
    if (state === undefined || state.halt === "retired") return [];
    return [{ system, tier: tierAt(state, nowMs), grants: manifestOf(system, register, pins).grants, type: produced.has(system.name) ? ("production" as const) : ("pilot" as const) }];
  });
}

/** @throws AppError `gate.unmet` */
export async function requireGates(tx: Tx, ctx: CommandContext<Tx>, system: StoredObject<"AISystem">, tier: Tier, type: AuthorizationType): Promise<void> {
  const subject = await gateSubject(tx, ctx.org, system.name, ctx.now());
  requireMet(await readGates(tx, ctx.org, { ...subject, tier }, type, ctx.now()), system.name, type);
}

/** INVARIANT: looked at again in the transaction that grants, and written into its entry. */
export async function gatesOf(tx: Tx, ctx: CommandContext<Tx>, { system, type }: Authorization): Promise<readonly Gate[]> {
  const gates = await readGates(tx, ctx.org, await gateSubject(tx, ctx.org, system, ctx.now()), type, ctx.now());
  requireMet(gates, system, type);
  return gates;
}

export async function noteStopped(tx: Tx, ctx: CommandContext<Tx>, system: string): Promise<void> {
  await sql`update system_states set halted_by = ${ctx.actor.email ?? ctx.actor.id}, halted_at = ${new Date(ctx.now())} where org = ${ctx.org} and system = ${system}`.execute(tx);
}

/** A stop and its end are a drill on record, whatever it was for. */
export async function noteDrill(tx: Tx, ctx: CommandContext<Tx>, system: string, reason: string): Promise<void> {
  const now = new Date(ctx.now());
  await sql`insert into stop_drills (org, system, stopped_at, resumed_at, resumed_by, reason) select org, system, least(coalesce(halted_at, ${now}), ${now}), ${now}, ${ctx.actor.email ?? ctx.actor.id}, ${reason}
    from system_states where org = ${ctx.org} and system = ${system} on conflict do nothing`.execute(tx);
}
