import type { Role } from "@mandate/model";
import { newId } from "@mandate/model";
import { sql } from "kysely";
import { resumeSystem, suspendSystem } from "../authorization/index.ts";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import { changeCredential } from "../credentials/index.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister, readObject } from "../registry/index.ts";
import { badStop } from "./errors.ts";
import { addEvent } from "./timeline.ts";
import { readIncident } from "./store.ts";

type RecordEvidence = (evidence: MutationEvidence) => void;

export const stopKinds = ["system", "credential", "model", "tool", "vendor", "all"] as const;
export type StopKind = (typeof stopKinds)[number];

export interface KillScope {
  readonly kind: StopKind;
  /** Empty for `all`. */
  readonly name: string;
}

export interface Stop {
  readonly id: string;
  readonly scope: StopKind;
  readonly name: string;
  readonly reason: string;
  readonly incident: string | null;
  readonly by: string;
  readonly at: string;
  /** `final`: a revoked key stays revoked. */
  readonly state: "in-force" | "ended" | "final";
  readonly ended: { readonly at: string; readonly by: string; readonly reason: string } | null;
}

/** Stopping is safe, so many may; everything at once is for those who govern or keep it secure. */
const mayStopThing: readonly Role[] = ["business-owner", "technical-owner", "security-reviewer", "governance-lead", "authorizing-official", "administrator"];
const mayStopAll: readonly Role[] = ["security-reviewer", "governance-lead", "authorizing-official", "administrator"];
/** Starting again is for those who answer for the risk; an administrator runs the program, not the risk. */
const mayResume: readonly Role[] = ["security-reviewer", "governance-lead", "authorizing-official"];

/** The same command inside a transaction that is open already. */
function inside(ctx: ServerContext, tx: Tx, record: RecordEvidence): ServerContext {
  return { ...ctx, transact: (work) => work(tx, record), read: (work) => work(tx) };
}

export interface Killing {
  readonly scope: KillScope;
  readonly reason: string;
  readonly incident: { readonly id: string; readonly systems: readonly string[] } | null;
}

/** Stops one thing in the caller's transaction. Stopping what is stopped already changes nothing more. */
export async function killWithin(tx: Tx, ctx: ServerContext, record: RecordEvidence, { scope, reason, incident }: Killing): Promise<string> {
  const { kind, name } = scope;
  requireRole(ctx, kind);
  let system: string | undefined;
  if (kind === "system") {
    // Resumed meanwhile on its own page: that stop is over, and this is another.
    await sql`update stops s set ended_at = ${new Date(ctx.now())}, ended_by = '', ended_reason = 'the system was resumed' where org = ${ctx.org} and scope = 'system' and name = ${name} and ended_at is null
      and not exists (select 1 from system_states y where y.org = s.org and y.system = s.name and y.halt = 'suspended')`.execute(tx);
    await suspendSystem(inside(ctx, tx, record), name, { reason });
    system = name;
  } else if (kind === "credential") {
    system = (await changeCredential(inside(ctx, tx, record), name, "revoke", reason)).system;
  } else {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    await requireThing(tx, ctx.org, kind, name);
  }
  const { rows } = await sql<{ id: string }>`select id from stops where org = ${ctx.org} and scope = ${kind} and name = ${name} and ended_at is null`.execute(tx);
  const id = rows[0]?.id ?? newId("object", ctx.now(), ctx.random);
  if (rows[0] === undefined) {
    await sql`insert into stops (org, id, scope, name, reason, incident, by_id, by_email, at) values (${ctx.org}, ${id}, ${kind}, ${name}, ${reason}, ${incident?.id ?? null}, ${ctx.actor.id}, ${ctx.actor.email}, ${new Date(ctx.now())})`.execute(tx);
    record({ type: "incident", ...(system === undefined ? {} : { system }), payload: { event: "stopped", stop: id, scope: kind, name, reason, incident: incident?.id ?? null, by: ctx.actor.id, roles: ctx.actor.roles } });
  }
  if (incident !== null) await addEvent(tx, ctx, record, incident, { kind: "stopped", text: kind === "all" ? `Everything was stopped: ${reason}` : `${kind} ${name} was stopped: ${reason}`, data: { stop: id, scope: kind, name } });
  return id;
}

export async function kill(ctx: ServerContext, input: { readonly scope: KillScope; readonly reason: string; readonly incident?: string | undefined }): Promise<Stop> {
  return ctx.transact(async (tx, record) => {
    const incident = input.incident === undefined ? null : await readIncident(tx, ctx.org, input.incident, true);
    const id = await killWithin(tx, ctx, record, { scope: input.scope, reason: input.reason, incident });
    return (await listStops(tx, ctx.org, id))[0]!;
  });
}

/** Takes a stop back. Whoever may only stop can't. */
export async function resumeStop(ctx: ServerContext, id: string, reason: string): Promise<Stop> {
  return ctx.transact(async (tx, record) => {
    const [stop] = await listStops(tx, ctx.org, id);
    if (stop === undefined) throw badStop("not_found", 404, "There is no stop with this id.", "List them with GET /api/v1/kill.");
    if (stop.state === "final") throw badStop("final", 409, "A revoked key stays revoked.", "Issue a new key.");
    if (stop.state === "ended") throw badStop("ended", 409, "This was resumed already.", "Nothing is left to do.");
    if (stop.scope === "system") await resumeSystem(inside(ctx, tx, record), stop.name, { reason });
    else if (!ctx.actor.roles.some((role) => mayResume.includes(role))) throw badStop("may_not_resume", 403, `Resuming needs one of the roles ${mayResume.join(", ")}.`, "Ask somebody who holds one.");
    await sql`update stops set ended_at = ${new Date(ctx.now())}, ended_by = ${ctx.actor.email ?? ctx.actor.id}, ended_reason = ${reason} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({ type: "incident", ...(stop.scope === "system" ? { system: stop.name } : {}), payload: { event: "resumed", stop: id, scope: stop.scope, name: stop.name, reason, incident: stop.incident, by: ctx.actor.id, roles: ctx.actor.roles } });
    if (stop.incident !== null) {
      const incident = await readIncident(tx, ctx.org, stop.incident, true);
      await addEvent(tx, ctx, record, incident, { kind: "resumed", text: `${stop.scope} ${stop.name} was resumed: ${reason}`.replace("  ", " "), data: { stop: id } });
    }
    return (await listStops(tx, ctx.org, id))[0]!;
  });
}

function requireRole(ctx: ServerContext, kind: StopKind): void {
  // Systems and keys have rules of their own: an owner of the system may, whatever other role.
  if (kind === "system") return;
  const roles = kind === "all" ? mayStopAll : kind === "credential" ? [...mayStopThing, "developer" as const, "legal-reviewer" as const] : mayStopThing;
  if (ctx.actor.roles.some((role) => roles.includes(role))) return;
  throw badStop("may_not_stop", 403, `This needs one of the roles ${roles.join(", ")}.`, "Ask somebody who holds one; they can stop it at once.");
}

const kinds = { model: "Model", tool: "Tool", vendor: "Vendor" } as const;

async function requireThing(tx: Tx, org: string, kind: "model" | "tool" | "vendor" | "all", name: string): Promise<void> {
  if (kind === "all" || (await readObject(tx, org, kinds[kind], name)) !== undefined) return;
  throw badStop("unknown", 404, `There is no ${kind} \`${name}\`.`, "Name one of the register.");
}

/** Newest first. A system's stop is in force as long as the system is suspended, however it was resumed. */
export async function listStops(tx: Tx, org: string, id?: string): Promise<readonly Stop[]> {
  const { rows } = await sql<{ id: string; scope: StopKind; name: string; reason: string; incident: string | null; by_id: string; by_email: string | null; at: Date; ended_at: Date | null; ended_by: string | null; ended_reason: string | null; halted: boolean }>`
    select s.*, coalesce(y.halt = 'suspended', false) as halted from stops s left join system_states y on s.scope = 'system' and y.org = s.org and y.system = s.name
    where s.org = ${org} and (${id ?? null}::text is null or s.id = ${id ?? null}) order by s.at desc, s.id desc limit 500`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    scope: row.scope,
    name: row.name,
    reason: row.reason,
    incident: row.incident,
    by: row.by_email ?? row.by_id,
    at: row.at.toISOString(),
    state: row.scope === "credential" ? "final" : row.ended_at !== null || (row.scope === "system" && !row.halted) ? "ended" : "in-force",
    ended: row.ended_at === null ? null : { at: row.ended_at.toISOString(), by: row.ended_by ?? "", reason: row.ended_reason ?? "" },
  }));
}
