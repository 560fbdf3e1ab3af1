import { actions, AppError, newId } from "@mandate/model";
import type { ActionName, CredentialFacts, CredentialKind, CredentialState, Tier } from "@mandate/model";
import { sql } from "kysely";
import { bearerHash, bearerHint, newBearer } from "../bearer.ts";
import type { ServerContext } from "../context/index.ts";
import { RowMirror } from "../database/index.ts";
import type { Tx } from "../database/index.ts";
import { parseDurationMs } from "../duration.ts";
import type { Trust } from "./trust.ts";

export interface Credential {
  readonly id: string;
  readonly name: string;
  readonly system: string;
  readonly kind: CredentialKind;
  /** `expired` is read from the clock, never stored. */
  readonly state: CredentialState | "expired";
  readonly hint: string;
  readonly accountable: string;
  readonly purposes: readonly string[];
  readonly scope: readonly ActionName[];
  readonly createdAt: string;
  readonly notAfter: string;
  readonly lastUsed: string | null;
  readonly rotatedFrom: string | null;
  readonly replacedBy: string | null;
  readonly reason: string | null;
  /** RFC 7638, of each key that a client may sign with. */
  readonly thumbprints: readonly string[];
  /** Who vouches for a workload, and what it must say; null for other kinds. */
  readonly trust: { readonly issuer: string; readonly audience: string; readonly conditions: Readonly<Record<string, string>> } | null;
  /** Its access tokens are bound to a key (RFC 9449). */
  readonly bound: boolean;
  /** Credentials that may act on its tokens. */
  readonly actors: readonly string[];
}

export interface ClientKey {
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly thumbprint: string;
  /** ISO instant; null: as long as the credential. */
  readonly notAfter: string | null;
}

export interface CredentialRow {
  id: string;
  name: string;
  system: string;
  kind: CredentialKind;
  key_hash: string | null;
  state: CredentialState;
  hint: string;
  accountable: string;
  purposes: string[];
  scope: ActionName[];
  created_at: Date;
  not_after: Date;
  last_used_at: Date | null;
  rotated_from: string | null;
  replaced_by: string | null;
  reason: string | null;
  client_keys: ClientKey[] | null;
  jwks_uri: string | null;
  trust: Trust | null;
  dpop: boolean;
  actors: string[];
}

export function fromRow(row: CredentialRow, nowMs: number): Credential {
  return {
    id: row.id,
    name: row.name,
    system: row.system,
    kind: row.kind,
    state: row.state !== "revoked" && row.not_after.getTime() <= nowMs ? "expired" : row.state,
    hint: row.hint,
    accountable: row.accountable,
    purposes: row.purposes,
    scope: row.scope,
    createdAt: row.created_at.toISOString(),
    notAfter: row.not_after.toISOString(),
    lastUsed: row.last_used_at?.toISOString() ?? null,
    rotatedFrom: row.rotated_from,
    replacedBy: row.replaced_by,
    reason: row.reason,
    thumbprints: (row.client_keys ?? []).filter((key) => key.notAfter === null || Date.parse(key.notAfter) > nowMs).map((key) => key.thumbprint),
    trust: row.trust && { issuer: row.trust.issuer, audience: row.trust.audience, conditions: row.trust.conditions },
    bound: row.dpop,
    actors: row.actors,
  };
}

/** What issuing must know of a system. Injected: the register's slices know of credentials nothing. */
export interface CredentialSystem {
  readonly retired: boolean;
  readonly tier: Tier;
  readonly maxDays: number;
  readonly owners: { readonly business: string | null; readonly technical: string | null };
}
export type LookUpSystem = (tx: Tx, org: string, name: string, nowMs: number) => Promise<CredentialSystem | undefined>;

export interface NewCredential {
  readonly system: string;
  readonly name: string;
  readonly ttl: string;
  readonly purposes: readonly string[];
}

export interface IssuedKey {
  readonly id: string;
  readonly key: string;
  readonly notAfter: string;
}

/**
 * Issues a gateway key to a named human's accountability. It says who calls and grants nothing, so any lifecycle state
 * but retired will do.
 * @throws AppError `credentials.system_unknown` (404), `credentials.system_retired` (409), `credentials.ttl` (400),
 *   `credentials.nobody_accountable` (409)
 */
export async function issueCredential(ctx: ServerContext, input: NewCredential, lookUp: LookUpSystem): Promise<IssuedKey> {
  const ttlMs = parseDurationMs(input.ttl);
  return ctx.transact(async (tx, record) => {
    const system = await requireSystem(tx, ctx, input.system, lookUp);
    requireTtl(ttlMs, system.maxDays);
    const accountable = accountableOf(ctx, system);
    const issued = await insertKey(tx, ctx, { ...input, ttlMs, accountable, rotatedFrom: null });
    record({ type: "credential", system: input.system, payload: { event: "issued", credential: issued.id, name: input.name, accountable, notAfter: issued.notAfter, by: ctx.actor.id } });
    return issued;
  });
}

export function accountableOf(ctx: ServerContext, system: CredentialSystem): string {
  const accountable = ctx.actor.email ?? system.owners.technical ?? system.owners.business;
  if (accountable !== null) return accountable;
  throw new AppError({
    code: "credentials.nobody_accountable",
    status: 409,
    message: "A key is issued to a person's accountability, and neither you nor the system's owners are people yet.",
    remedies: [{ text: "Name the system's technical owner, or issue the key as a person." }],
  });
}

export async function requireSystem(tx: Tx, ctx: ServerContext, name: string, lookUp: LookUpSystem): Promise<CredentialSystem> {
  const system = await lookUp(tx, ctx.org, name, ctx.now());
  if (system === undefined) {
    throw new AppError({ code: "credentials.system_unknown", status: 404, message: `No system is registered as \`${name}\`.`, remedies: [{ text: "Register it first.", command: "npx mandate apply -f FILE" }] });
  }
  if (system.retired) {
    throw new AppError({ code: "credentials.system_retired", status: 409, message: "A retired system gets no key.", remedies: [{ text: "Register the new use as a system of its own." }] });
  }
  return system;
}

export function requireTtl(ttlMs: number, maxDays: number): void {
  if (ttlMs <= maxDays * 86_400_000) return;
  throw new AppError({
    code: "credentials.ttl",
    status: 400,
    message: `A key of this system's tier lives ${maxDays} days at most.`,
    remedies: [{ text: `Ask for ${maxDays}d or less; rotate keeps callers running.` }],
    details: { maxDays },
  });
}

async function insertKey(
  tx: Tx,
  ctx: ServerContext,
  key: { system: string; name: string; purposes: readonly string[]; ttlMs: number; accountable: string; rotatedFrom: string | null },
): Promise<IssuedKey> {
  const text = newBearer("gatewayKey", ctx.random);
  const id = newId("credential", ctx.now(), ctx.random);
  const now = new Date(ctx.now());
  const notAfter = new Date(ctx.now() + key.ttlMs);
  await sql`insert into credentials (org, id, system, name, key_hash, hint, state, accountable, purposes, scope, created_by, created_at, not_after, changed_at, rotated_from)
    values (${ctx.org}, ${id}, ${key.system}, ${key.name}, ${bearerHash(text)}, ${bearerHint(text)}, 'active', ${key.accountable}, ${[...key.purposes]}, ${[...actions]},
      ${ctx.actor.id}, ${now}, ${notAfter}, ${now}, ${key.rotatedFrom})`.execute(tx);
  return { id, key: text, notAfter: notAfter.toISOString() };
}

export async function requireRow(tx: Tx, org: string, id: string): Promise<CredentialRow> {
  const { rows } = await sql<CredentialRow>`select * from credentials where org = ${org} and id = ${id} for update`.execute(tx);
  if (rows[0] === undefined) throw credentialNotFound();
  return rows[0];
}

function credentialNotFound(): AppError {
  return new AppError({ code: "credentials.not_found", status: 404, message: "There is no credential with this id.", remedies: [{ text: "List them.", command: "npx mandate credential list" }] });
}

export type CredentialVerb = "revoke" | "suspend" | "resume";
const nextState: Readonly<Record<CredentialVerb, CredentialState>> = { revoke: "revoked", suspend: "suspended", resume: "active" };

/** Revoked is final; suspend and resume are each other's undo. Repeating a verb changes nothing and is no error. */
export async function changeCredential(ctx: ServerContext, id: string, verb: CredentialVerb, reason: string): Promise<Credential> {
  return ctx.transact(async (tx, record) => {
    const row = await requireRow(tx, ctx.org, id);
    if (row.state === "revoked" && verb !== "revoke") throw alreadyRevoked();
    const state = nextState[verb];
    if (row.state === state) return fromRow(row, ctx.now());
    await sql`update credentials set state = ${state}, reason = ${reason}, changed_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({ type: "credential", system: row.system, payload: { event: verb, credential: id, reason, by: ctx.actor.id } });
    return fromRow({ ...row, state, reason }, ctx.now());
  });
}

export function alreadyRevoked(): AppError {
  return new AppError({ code: "credentials.revoked", status: 409, message: "A revoked credential stays revoked.", remedies: [{ text: "Issue a new one." }] });
}

export const overlapMs = 24 * 3_600_000;

/**
 * A new key with the same name, system, purposes and length of life. The old one works on for 24 hours at most, so that
 * callers can change over; a leaked key is revoked, not rotated.
 */
export async function rotateCredential(ctx: ServerContext, id: string, reason: string, lookUp: LookUpSystem): Promise<IssuedKey & { overlapEnds: string }> {
  return ctx.transact(async (tx, record) => {
    const row = await requireRow(tx, ctx.org, id);
    if (row.state === "revoked") throw alreadyRevoked();
    if (row.kind !== "gateway-key") throw new AppError({ code: "credentials.not_a_key", status: 409, message: "Only a key is replaced by a new one.", remedies: [{ text: "Rotate a client with the `jwk` of its next key; for a trust, add the new one and revoke the old." }] });
    if (row.replaced_by !== null) {
      throw new AppError({ code: "credentials.rotated", status: 409, message: "This key was rotated already.", remedies: [{ text: "Rotate its successor." }], details: { replacedBy: row.replaced_by } });
    }
    const system = await requireSystem(tx, ctx, row.system, lookUp);
    // The tier may have risen since: the successor lives as long as today's tier allows.
    const ttlMs = Math.min(row.not_after.getTime() - row.created_at.getTime(), system.maxDays * 86_400_000);
    const issued = await insertKey(tx, ctx, { system: row.system, name: row.name, purposes: row.purposes, ttlMs, accountable: ctx.actor.email ?? row.accountable, rotatedFrom: id });
    const overlapEnds = new Date(Math.min(row.not_after.getTime(), ctx.now() + overlapMs));
    await sql`update credentials set not_after = ${overlapEnds}, replaced_by = ${issued.id}, reason = ${reason}, changed_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${id} and not_after > ${overlapEnds}`.execute(tx);
    await sql`update credentials set replaced_by = ${issued.id} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({ type: "credential", system: row.system, payload: { event: "rotated", credential: id, successor: issued.id, reason, overlapEnds: overlapEnds.toISOString(), by: ctx.actor.id } });
    return { ...issued, overlapEnds: overlapEnds.toISOString() };
  });
}

/** Newest first; `cursor` is the last id of the page before. */
export async function listCredentials(tx: Tx, org: string, nowMs: number, page: { cursor?: string | undefined; limit: number; system?: string | undefined; state?: string | undefined; keyHash?: string | undefined; kind?: string | undefined }): Promise<readonly Credential[]> {
  const { rows } = await sql<CredentialRow>`select * from credentials where org = ${org} and (${page.cursor ?? null}::text is null or id < ${page.cursor ?? null})
    and (${page.system ?? null}::text is null or system = ${page.system ?? null})
    and (${page.keyHash ?? null}::text is null or key_hash = ${page.keyHash ?? null})
    and (${page.kind ?? null}::text is null or kind = ${page.kind ?? null})
    and (${page.state ?? null}::text is null or (case when state <> 'revoked' and not_after <= ${new Date(nowMs)} then 'expired' else state end) = ${page.state ?? null})
    order by id desc limit ${page.limit}`.execute(tx);
  return rows.map((row) => fromRow(row, nowMs));
}

export async function findCredential(tx: Tx, org: string, nowMs: number, id: string): Promise<Credential> {
  const { rows } = await sql<CredentialRow>`select * from credentials where org = ${org} and id = ${id}`.execute(tx);
  if (rows[0] === undefined) throw credentialNotFound();
  return fromRow(rows[0], nowMs);
}

/** Revoked and ended keys travel too, so that their refusal can say which it is rather than "unknown". In order of their ids. */
export async function credentialFacts(tx: Tx, org: string): Promise<readonly CredentialFacts[]> {
  const { rows } = await sql<FactsRow>`select ${factsColumns} from credentials where org = ${org}`.execute(tx);
  return inOrder(rows.map(factsOfRow));
}

/** `credentialFacts` again and again: keys that didn't change are the same objects, and so is a list without a change. */
export class CredentialMirror {
  readonly #rows = new RowMirror<FactsRow, CredentialFacts>({ table: "credentials", columns: factsColumns, key: (row) => row.id, make: factsOfRow });
  #list: readonly CredentialFacts[] = [];
  #revision = -1;

  /** @param tx `repeatable read` */
  async read(tx: Tx, org: string): Promise<readonly CredentialFacts[]> {
    const rows = await this.#rows.read(tx, org);
    if (this.#revision !== this.#rows.revision) this.#list = inOrder([...rows.values()]);
    this.#revision = this.#rows.revision;
    return this.#list;
  }
}

type FactsRow = Pick<CredentialRow, "id" | "key_hash" | "name" | "system" | "state" | "not_after" | "kind" | "accountable" | "purposes" | "scope">;
const factsColumns = sql`id, key_hash, name, system, state, not_after, kind, accountable, purposes, scope`;

function inOrder(facts: CredentialFacts[]): readonly CredentialFacts[] {
  return facts.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function factsOfRow(row: FactsRow): CredentialFacts {
  return {
    id: row.id,
    keyHash: row.key_hash,
    name: row.name,
    system: row.system,
    state: row.state,
    notAfter: Math.floor(row.not_after.getTime() / 1000),
    kind: row.kind,
    accountable: row.accountable,
    purposes: row.purposes,
    scope: row.scope,
  };
}

/** Retiring a system revokes what could call as it, in the same transaction as the retirement. */
export async function revokeCredentialsOf(tx: Tx, org: string, system: string, reason: string, now: Date): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`update credentials set state = 'revoked', reason = ${reason}, changed_at = ${now} where org = ${org} and system = ${system} and state <> 'revoked' returning id`.execute(tx);
  return rows.map((row) => row.id);
}
