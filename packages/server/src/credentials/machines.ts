import { AppError, newId } from "@mandate/model";
import type { ActionName, CredentialKind } from "@mandate/model";
import { actions } from "@mandate/model";
import { thumbprint } from "@mandate/gateway";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { parseDurationMs } from "../duration.ts";
import { accountableOf, alreadyRevoked, fromRow, overlapMs, requireRow, requireSystem, requireTtl } from "./credentials.ts";
import type { ClientKey, Credential, CredentialRow, LookUpSystem } from "./credentials.ts";
import type { Trust } from "./trust.ts";

export interface NewMachine {
  readonly system: string;
  readonly name: string;
  readonly ttl: string;
  readonly purposes: readonly string[];
  readonly scope: readonly ActionName[];
  readonly actors: readonly string[];
  readonly accountable: string | null;
  readonly dpop: boolean | null;
  readonly proof: { readonly kind: "client"; readonly jwk: ClientKey["jwk"] | null; readonly jwksUri: string | null } | { readonly kind: "workload"; readonly trust: Trust };
}

export interface IssuedMachine {
  readonly id: string;
  readonly notAfter: string;
  readonly thumbprint: string | null;
  readonly bound: boolean;
}

const maxClientKeys = 4;

/**
 * Registers what a machine proves itself with. There is nothing secret to hand over: the machine keeps its own key.
 * T3 tokens are bound to a key whatever was asked.
 * @throws AppError as `issueCredential`, and `credentials.accountable_unknown` (400), `credentials.key_taken` (409), `credentials.actor_unknown` (400)
 */
export async function registerMachine(ctx: ServerContext, input: NewMachine, lookUp: LookUpSystem): Promise<IssuedMachine> {
  const ttlMs = parseDurationMs(input.ttl);
  const { proof } = input;
  return ctx.transact(async (tx, record) => {
    const system = await requireSystem(tx, ctx, input.system, lookUp);
    requireTtl(ttlMs, system.maxDays);
    if (input.accountable !== null) await requirePerson(tx, ctx.org, input.accountable);
    const accountable = input.accountable ?? accountableOf(ctx, system);
    const keys = proof.kind === "client" && proof.jwk !== null ? [clientKey(proof.jwk)] : null;
    if (keys !== null) await requireFreshKey(tx, ctx.org, keys[0]!.thumbprint);
    await requireActors(tx, ctx.org, input.system, input.actors);
    const bound = input.dpop === true || system.tier === "T3";
    const id = newId("credential", ctx.now(), ctx.random);
    const [now, notAfter] = [new Date(ctx.now()), new Date(ctx.now() + ttlMs)];
    const hint = proof.kind === "workload" ? proof.trust.conditions["sub"]!.slice(0, 60) : keys === null ? proof.jwksUri!.slice(0, 60) : `${keys[0]!.thumbprint.slice(0, 8)}…`;
    await sql`insert into credentials (org, id, system, name, kind, key_hash, hint, state, accountable, purposes, scope, created_by, created_at, not_after, changed_at, client_keys, jwks_uri, trust, dpop, actors)
      values (${ctx.org}, ${id}, ${input.system}, ${input.name}, ${proof.kind}, null, ${hint}, 'active', ${accountable}, ${[...input.purposes]}, ${[...(input.scope.length === 0 ? actions : new Set(input.scope))]},
        ${ctx.actor.id}, ${now}, ${notAfter}, ${now}, ${keys === null ? null : JSON.stringify(keys)}, ${proof.kind === "client" ? proof.jwksUri : null}, ${proof.kind === "workload" ? JSON.stringify(proof.trust) : null}, ${bound}, ${[...input.actors]})`.execute(tx);
    record({
      type: "credential",
      system: input.system,
      payload: { event: "issued", credential: id, kind: proof.kind, name: input.name, accountable, notAfter: notAfter.toISOString(), scope: input.scope, purposes: input.purposes, actors: input.actors, bound, ...(proof.kind === "workload" ? { trust: proof.trust } : { thumbprint: keys?.[0]?.thumbprint ?? null, jwksUri: proof.jwksUri }), by: ctx.actor.id },
    });
    return { id, notAfter: notAfter.toISOString(), thumbprint: keys?.[0]?.thumbprint ?? null, bound };
  });
}

/** A second key beside the first; the first works on for 24 hours at most. The client's end moves with its key. */
export async function rotateClient(ctx: ServerContext, id: string, jwk: ClientKey["jwk"], reason: string, lookUp: LookUpSystem): Promise<IssuedMachine & { overlapEnds: string }> {
  return ctx.transact(async (tx, record) => {
    const row = await requireRow(tx, ctx.org, id);
    if (row.state === "revoked") throw alreadyRevoked();
    if (row.kind !== "client" || row.client_keys === null) throw new AppError({ code: "credentials.not_a_client", status: 409, message: "Only a client with a registered key takes another.", remedies: [{ text: "A client with a JWKS address rotates there; a gateway key is rotated without `jwk`." }] });
    const next = clientKey(jwk);
    await requireFreshKey(tx, ctx.org, next.thumbprint);
    const system = await requireSystem(tx, ctx, row.system, lookUp);
    const ttlMs = Math.min(row.not_after.getTime() - row.created_at.getTime(), system.maxDays * 86_400_000);
    const now = new Date(ctx.now());
    const notAfter = new Date(Math.max(ctx.now() + ttlMs, row.not_after.getTime()) > ctx.now() + system.maxDays * 86_400_000 ? ctx.now() + system.maxDays * 86_400_000 : ctx.now() + ttlMs);
    const overlapEnds = new Date(Math.min(row.not_after.getTime(), ctx.now() + overlapMs)).toISOString();
    const kept = row.client_keys.filter((key) => key.notAfter === null || Date.parse(key.notAfter) > ctx.now()).map((key) => ({ ...key, notAfter: key.notAfter !== null && key.notAfter < overlapEnds ? key.notAfter : overlapEnds }));
    if (kept.length >= maxClientKeys) throw new AppError({ code: "credentials.too_many_keys", status: 409, message: "This client holds as many keys as it may.", remedies: [{ text: "Wait until an older one has ended, or revoke the client and register another." }] });
    await sql`update credentials set client_keys = ${JSON.stringify([...kept, next])}, hint = ${`${next.thumbprint.slice(0, 8)}…`}, not_after = ${notAfter}, reason = ${reason}, changed_at = ${now} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({ type: "credential", system: row.system, payload: { event: "rotated", credential: id, thumbprint: next.thumbprint, reason, overlapEnds, notAfter: notAfter.toISOString(), by: ctx.actor.id } });
    return { id, notAfter: notAfter.toISOString(), thumbprint: next.thumbprint, bound: row.dpop, overlapEnds };
  });
}

function clientKey(jwk: ClientKey["jwk"]): ClientKey {
  return { jwk, thumbprint: thumbprint(jwk)!, notAfter: null };
}

/** One key, one client: a key that two systems share says of neither who called, and a revoked one must not come back. */
async function requireFreshKey(tx: Tx, org: string, key: string): Promise<void> {
  const { rows } = await sql`select 1 from credentials where org = ${org} and client_keys @> ${JSON.stringify([{ thumbprint: key }])}::jsonb limit 1`.execute(tx);
  if (rows.length > 0) throw new AppError({ code: "credentials.key_taken", status: 409, message: "This key belongs, or belonged, to another credential.", remedies: [{ text: "Make a key of its own for each machine." }] });
}

async function requirePerson(tx: Tx, org: string, email: string): Promise<void> {
  const { rows } = await sql`select 1 from people where org = ${org} and email = ${email} and state <> 'deactivated'`.execute(tx);
  if (rows.length === 0) throw new AppError({ code: "credentials.accountable_unknown", status: 400, message: "Nobody who is here has this e-mail.", remedies: [{ text: "Name a person of the register.", command: "npx mandate person list" }] });
}

/** Only credentials of the same system may act for one another, so that a delegation can't borrow another's grants. */
async function requireActors(tx: Tx, org: string, system: string, actors: readonly string[]): Promise<void> {
  if (actors.length === 0) return;
  const { rows } = await sql<{ id: string }>`select id from credentials where org = ${org} and system = ${system} and id = any(${[...actors]}) and kind <> 'gateway-key' and state <> 'revoked'`.execute(tx);
  const missing = actors.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined) throw new AppError({ code: "credentials.actor_unknown", status: 400, message: `\`${missing}\` is no client or workload of this system.`, remedies: [{ text: "Name credentials of the same system.", command: `npx mandate credential list --system ${system}` }] });
}

/** What the token endpoint must know of who asks; undefined for an id of another kind or none. */
export interface Machine {
  readonly credential: Credential;
  readonly kind: Exclude<CredentialKind, "gateway-key">;
  readonly keys: readonly ClientKey[];
  readonly jwksUri: string | null;
  readonly trust: Trust | null;
}

export async function findMachine(tx: Tx, org: string, nowMs: number, id: string): Promise<Machine | undefined> {
  const { rows } = await sql<CredentialRow>`select * from credentials where org = ${org} and id = ${id}`.execute(tx);
  return rows.map((row) => machineOf(row, nowMs)).find((machine) => machine !== undefined);
}

export async function listTrusts(tx: Tx, org: string, nowMs: number): Promise<readonly Machine[]> {
  const { rows } = await sql<CredentialRow>`select * from credentials where org = ${org} and kind = 'workload' and state = 'active' and not_after > ${new Date(nowMs)} order by id limit 1000`.execute(tx);
  return rows.map((row) => machineOf(row, nowMs)).filter((machine) => machine !== undefined);
}

/** Addresses of keys that somebody else publishes and that are needed now. */
export async function remoteKeySources(tx: Tx, org: string, nowMs: number): Promise<readonly string[]> {
  const { rows } = await sql<{ source: string }>`select distinct case when kind = 'client' then 'jwks:' || jwks_uri when trust ? 'jwksUri' then 'jwks:' || (trust->>'jwksUri') else trust->>'issuer' end as source
    from credentials where org = ${org} and state <> 'revoked' and not_after > ${new Date(nowMs)} and ((kind = 'client' and jwks_uri is not null) or (kind = 'workload' and not trust ? 'jwks')) limit 500`.execute(tx);
  return rows.map((row) => row.source);
}

function machineOf(row: CredentialRow, nowMs: number): Machine | undefined {
  if (row.kind === "gateway-key") return undefined;
  const keys = (row.client_keys ?? []).filter((key) => key.notAfter === null || Date.parse(key.notAfter) > nowMs);
  return { credential: fromRow(row, nowMs), kind: row.kind, keys, jwksUri: row.jwks_uri, trust: row.trust };
}
