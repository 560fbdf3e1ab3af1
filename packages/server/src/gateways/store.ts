import { AppError } from "@mandate/model";
import { sql } from "kysely";
import { bearerHash } from "../bearer.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

export interface GatewayRow {
  readonly id: string;
  readonly name: string;
  readonly signingKey: string | null;
  readonly sealingKey: string | null;
  readonly origin: string | null;
  readonly registerVersion: string | null;
  readonly lastSeenAt: Date | null;
  /** Which of its starts counts; null: none that counted them. */
  readonly run: string | null;
  /** Systems it serves; null: all. */
  readonly serves: readonly string[] | null;
}

export interface EnrolledGateway extends GatewayRow {
  readonly signingKey: string;
  readonly sealingKey: string;
  readonly origin: string;
}

const columns = sql`id, name, signing_key as "signingKey", sealing_key as "sealingKey", origin, register_version as "registerVersion", last_seen_at as "lastSeenAt", run, serves`;

export async function listGateways(tx: Tx, org: string): Promise<readonly GatewayRow[]> {
  const { rows } = await sql<GatewayRow>`select ${columns} from gateways where org = ${org} and removed_at is null order by name limit 1000`.execute(tx);
  return rows;
}

/** Undefined for one that never enrolled, or was removed. */
export async function enrolledGateway(tx: Tx, org: string, id: string): Promise<EnrolledGateway | undefined> {
  const { rows } = await sql<EnrolledGateway>`select ${columns} from gateways where org = ${org} and id = ${id} and removed_at is null and enrolled_at is not null`.execute(tx);
  return rows[0];
}

/** @throws AppError `gateways.system_unknown` (422): a name that nobody registered would serve nobody, unseen */
export async function requireSystems(tx: Tx, org: string, serves: readonly string[]): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from register_objects where org = ${org} and kind = 'AISystem' and name = any(${[...serves]})`.execute(tx);
  const unknown = serves.find((name) => !rows.some((row) => row.name === name));
  if (unknown !== undefined)
    throw new AppError({ code: "gateways.system_unknown", status: 422, message: `No system \`${unknown}\` is registered, so no gateway can serve it.`, remedies: [{ text: "List the systems.", command: "npx mandate get systems" }] });
}

export interface Enrolment {
  readonly token: string;
  readonly signingKey: string;
  readonly sealingKey: string;
}

/** Who a token is for, without spending it. @throws AppError `gateways.token` (403) */
export async function gatewayOfToken(tx: Tx, org: string, token: string): Promise<{ id: string; name: string }> {
  const { rows } = await sql<{ id: string; name: string }>`select id, name from gateways where org = ${org} and token_hash = ${bearerHash(token)} and enrolled_at is null and removed_at is null`.execute(tx);
  if (rows[0] === undefined) throw tokenRefused();
  return rows[0];
}

/** Spends the token: one UPDATE decides, so a token seen by two enrols one. */
export async function enrolGateway(ctx: ServerContext, input: Enrolment, origin: string): Promise<{ id: string; name: string }> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string; name: string }>`update gateways set enrolled_at = ${new Date(ctx.now())}, signing_key = ${input.signingKey}, sealing_key = ${input.sealingKey}, origin = ${origin}
      where org = ${ctx.org} and token_hash = ${bearerHash(input.token)} and enrolled_at is null and removed_at is null returning id, name`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw tokenRefused();
    record({ type: "setting", payload: { event: "gateway.enrolled", gateway: row.id, name: row.name, signingKey: input.signingKey, log: origin } });
    return row;
  });
}

function tokenRefused(): AppError {
  return new AppError({ code: "gateways.token", status: 403, message: "This enrolment token is unknown or spent.", remedies: [{ text: "Make a new one.", command: "npx mandate gateway create NAME" }] });
}

export async function noteSeen(tx: Tx, org: string, id: string, version: number | null, now: Date): Promise<void> {
  await sql`update gateways set last_seen_at = ${now}, register_version = greatest(coalesce(register_version, 0), ${version ?? 0}) where org = ${org} and id = ${id}`.execute(tx);
}

/**
 * Lets a start of the gateway count, if it knows which counted last. One UPDATE decides, so of two at once one does.
 * @throws AppError `gateways.fenced` (409)
 */
export async function beginRun(tx: Tx, org: string, id: string, before: string | null, run: string): Promise<void> {
  const { rows } = await sql`update gateways set run = ${run} where org = ${org} and id = ${id} and removed_at is null
    and (run is null or run = ${run} or run = ${before}) returning id`.execute(tx);
  if (rows.length === 0) throw fenced();
}

export function fenced(): AppError {
  return new AppError({
    code: "gateways.fenced",
    status: 409,
    message: "Another process runs, or ran later, with this gateway's identity: its volume was copied or set back.",
    remedies: [{ text: "Leave the one that runs alone. Give this one an empty data directory and enrol it under a name of its own.", command: "npx mandate gateway create NAME" }],
  });
}

/** It gets nothing more and nothing it sends is believed; its log stays. */
export async function removeGateway(ctx: ServerContext, name: string): Promise<string> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string }>`update gateways set removed_at = ${new Date(ctx.now())}, name = name || ' (removed ' || id || ')' where org = ${ctx.org} and name = ${name} and removed_at is null returning id`.execute(tx);
    if (rows[0] === undefined) throw new AppError({ code: "gateways.unknown", status: 404, message: "There is no gateway with this name.", remedies: [{ text: "List them.", command: "npx mandate gateway list" }] });
    record({ type: "setting", payload: { event: "gateway.removed", gateway: rows[0].id, name, by: ctx.actor.id } });
    return rows[0].id;
  });
}
