import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { openValue, sealValue } from "../secrets/index.ts";
import { hostsOf, refuseSecretInClear } from "./channel.ts";
import type { ChannelConfig, ChannelInput } from "./channel.ts";
import type { NoticeKind } from "./notify.ts";
import { webhookSecretPrefix } from "./webhook.ts";

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: ChannelInput["kind"];
  readonly config: ChannelConfig;
  readonly kinds: readonly NoticeKind[];
  readonly state: "active" | "suspended";
  readonly stateReason: string | null;
  readonly hasSecret: boolean;
  readonly changedAt: string;
}

interface ChannelRow {
  id: string;
  name: string;
  kind: ChannelInput["kind"];
  config: ChannelConfig;
  sealed: SealedSecrets | null;
  kinds: NoticeKind[];
  state: Channel["state"];
  state_reason: string | null;
  changed_at: Date;
}

interface SealedSecrets {
  readonly k: string;
  readonly c: string;
}

/** Newest first. The second one of a webhook is good until `until`, so that receivers can change over. */
export interface ChannelSecrets {
  readonly current: string;
  readonly previous?: { readonly value: string; readonly until: number };
}

const overlapMs = 24 * 3_600_000;

function fromRow(row: ChannelRow): Channel {
  return { id: row.id, name: row.name, kind: row.kind, config: row.config, kinds: row.kinds, state: row.state, stateReason: row.state_reason, hasSecret: row.sealed !== null, changedAt: row.changed_at.toISOString() };
}

const columns = sql`id, name, kind, config, sealed, kinds, state, state_reason, changed_at`;

export async function listChannels(tx: Tx, org: string): Promise<readonly Channel[]> {
  const { rows } = await sql<ChannelRow>`select ${columns} from notification_channels where org = ${org} order by name limit 200`.execute(tx);
  return rows.map(fromRow);
}

async function readRow(tx: Tx, org: string, name: string): Promise<ChannelRow> {
  const { rows } = await sql<ChannelRow>`select ${columns} from notification_channels where org = ${org} and name = ${name}`.execute(tx);
  if (rows[0] === undefined) throw new AppError({ code: "notifications.channel_unknown", status: 404, message: "There is no channel with this name.", remedies: [{ text: "List them with GET /api/v1/notification-channels.", command: "npx mandate channel list" }] });
  return rows[0];
}

export async function readChannel(tx: Tx, org: string, name: string): Promise<Channel> {
  return fromRow(await readRow(tx, org, name));
}

/** The channel and what it keeps secret, for sending. Null: it has none, or what is stored doesn't open here. */
export async function openChannel(tx: Tx, org: string, id: string, masterKey: Uint8Array): Promise<{ channel: Channel; secrets: ChannelSecrets | null }> {
  const { rows } = await sql<ChannelRow>`select ${columns} from notification_channels where org = ${org} and id = ${id}`.execute(tx);
  const row = rows[0]!;
  const channel = fromRow(row);
  return { channel, secrets: row.sealed === null ? null : unseal(masterKey, org, channel, row.sealed) };
}

/** INVARIANT (G8): the hosts are part of what authenticates the secret, so a row edited to another host opens nothing. */
function contextOf(org: string, channel: Pick<Channel, "id" | "kind" | "config">): string {
  return JSON.stringify(["mandate.channel/1", org, channel.id, channel.kind, ...hostsOf(channel.kind, channel.config)]);
}

function seal(masterKey: Uint8Array, org: string, channel: Pick<Channel, "id" | "kind" | "config">, secrets: ChannelSecrets, random: (bytes: Uint8Array) => Uint8Array): SealedSecrets {
  const { wrappedKey, ciphertext } = sealValue(masterKey, JSON.stringify(secrets), contextOf(org, channel), random);
  return { k: Buffer.from(wrappedKey).toString("base64"), c: Buffer.from(ciphertext).toString("base64") };
}

function unseal(masterKey: Uint8Array, org: string, channel: Channel, sealed: SealedSecrets): ChannelSecrets | null {
  try {
    const parts = { wrappedKey: Buffer.from(sealed.k, "base64"), ciphertext: Buffer.from(sealed.c, "base64") };
    return JSON.parse(openValue(masterKey, parts, contextOf(org, channel))) as ChannelSecrets;
  } catch {
    return null;
  }
}

function newWebhookSecret(random: (bytes: Uint8Array) => Uint8Array): string {
  return webhookSecretPrefix + Buffer.from(random(new Uint8Array(32))).toString("base64");
}

/**
 * Creates a channel or replaces what is written of it.
 * @returns for a new webhook also the signing secret, shown this once
 */
export async function putChannel(ctx: ServerContext, masterKey: Uint8Array, name: string, input: ChannelInput): Promise<{ channel: Channel; created: boolean; secret: string | null }> {
  refuseSecretInClear(input);
  const { kind, kinds, ...rest } = input;
  const { secret: given, ...config } = { secret: undefined, ...rest };
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<ChannelRow>`select ${columns} from notification_channels where org = ${ctx.org} and name = ${name} for update`.execute(tx);
    const known = rows[0];
    if (known !== undefined && known.kind !== kind) throw new AppError({ code: "notifications.channel_kind", status: 409, message: `\`${name}\` is a ${known.kind} channel.`, remedies: [{ text: "Remove it first, or choose another name." }] });
    const target = { id: known?.id ?? newId("webhook", ctx.now(), ctx.random), kind, config };
    const made = kind === "webhook" && known === undefined ? newWebhookSecret(ctx.random) : null;
    const fresh = made ?? given;
    const sameHosts = known !== undefined && hostsOf(kind, known.config).join() === hostsOf(kind, target.config).join();
    const kept = fresh === undefined && sameHosts ? known.sealed : null;
    if (fresh === undefined && kept === null && needsSecret(input)) {
      throw new AppError({ code: "notifications.secret_missing", status: 400, message: known === undefined ? "This channel needs its secret." : "It goes to another host now, so its secret has to be given again.", remedies: [{ text: "Send `secret` with it." }] });
    }
    const sealed = fresh === undefined ? kept : seal(masterKey, ctx.org, target, { current: fresh }, ctx.random);
    await sql`insert into notification_channels (org, id, name, kind, config, sealed, kinds, state, changed_by, changed_at)
      values (${ctx.org}, ${target.id}, ${name}, ${kind}, ${JSON.stringify(config)}::jsonb, ${sealed === null ? null : JSON.stringify(sealed)}::jsonb, ${[...kinds]}, 'active', ${ctx.actor.id}, ${new Date(ctx.now())})
      on conflict (org, name) do update set config = excluded.config, sealed = excluded.sealed, kinds = excluded.kinds, state = 'active', state_reason = null, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
    record({ type: "setting", payload: { event: known === undefined ? "channel.created" : "channel.changed", channel: name, kind, config, kinds, by: ctx.actor.id } });
    return { channel: await readChannel(tx, ctx.org, name), created: known === undefined, secret: made };
  });
}

function needsSecret(input: ChannelInput): boolean {
  return input.kind === "email" ? input.user !== undefined : true;
}

/** A new signing secret; the old one signs beside it for a day. @returns the new one, shown this once */
export async function rotateWebhookSecret(ctx: ServerContext, masterKey: Uint8Array, name: string): Promise<{ secret: string; previousUntil: string }> {
  return ctx.transact(async (tx, record) => {
    const row = await readRow(tx, ctx.org, name);
    const channel = fromRow(row);
    if (channel.kind !== "webhook") throw new AppError({ code: "notifications.not_a_webhook", status: 409, message: "Only a webhook has a signing secret of ours.", remedies: [{ text: "Give the channel's own secret with PUT." }] });
    const before = row.sealed === null ? null : unseal(masterKey, ctx.org, channel, row.sealed);
    const secret = newWebhookSecret(ctx.random);
    const until = ctx.now() + overlapMs;
    const sealed = seal(masterKey, ctx.org, channel, { current: secret, ...(before === null ? {} : { previous: { value: before.current, until } }) }, ctx.random);
    await sql`update notification_channels set sealed = ${JSON.stringify(sealed)}::jsonb, changed_by = ${ctx.actor.id}, changed_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${channel.id}`.execute(tx);
    record({ type: "setting", payload: { event: "channel.secret_rotated", channel: name, by: ctx.actor.id } });
    return { secret, previousUntil: new Date(until).toISOString() };
  });
}

export async function setChannelState(ctx: ServerContext, name: string, state: Channel["state"], reason: string): Promise<Channel> {
  return ctx.transact(async (tx, record) => {
    const row = await readRow(tx, ctx.org, name);
    await sql`update notification_channels set state = ${state}, state_reason = ${reason}, changed_by = ${ctx.actor.id}, changed_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${row.id}`.execute(tx);
    record({ type: "setting", payload: { event: state === "active" ? "channel.resumed" : "channel.suspended", channel: name, reason, by: ctx.actor.id } });
    return readChannel(tx, ctx.org, name);
  });
}

export async function deleteChannel(ctx: ServerContext, name: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const row = await readRow(tx, ctx.org, name);
    await sql`delete from notification_channels where org = ${ctx.org} and id = ${row.id}`.execute(tx);
    record({ type: "setting", payload: { event: "channel.removed", channel: name, kind: row.kind, by: ctx.actor.id } });
  });
}
