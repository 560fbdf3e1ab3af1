import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { Notifying } from "./notify.ts";

export interface Delivery {
  readonly id: string;
  readonly notification: string;
  readonly kind: string;
  readonly subject: string;
  readonly recipient: string;
  readonly state: "pending" | "delivered" | "failed";
  readonly attempts: number;
  readonly nextAt: string | null;
  readonly outcome: string | null;
  readonly deliveredAt: string | null;
}

/** One delivery taken by this process, with everything its channel needs to send it. */
export interface DueDelivery {
  readonly id: string;
  readonly notification: string;
  readonly channel: string;
  readonly recipient: string;
  /** This attempt's number, from 1. */
  readonly attempts: number;
  readonly kind: string;
  readonly thread: string;
  readonly system: string | null;
  readonly subject: string;
  readonly lines: readonly string[];
  readonly path: string;
  readonly createdAt: Date;
  readonly reference: unknown;
}

/** Waits between attempts; about three days in all. After the last one the delivery has failed and can be replayed. */
export const retryAfterMs = [5_000, 60_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000] as const;

/** A process that died while sending leaves its delivery to the next one after this. */
const leaseMs = 120_000;

/** Gives every notice that wasn't yet to the channels that take its kind. Mail goes to each person, other channels once. */
export async function routeNotices(tx: Tx, by: Notifying): Promise<number> {
  const now = new Date(by.now());
  const { rows } = await sql<{ id: string; kind: string; recipients: string[] }>`select id, kind, recipients from notifications where org = ${by.org} and routed_at is null order by id limit 200 for update skip locked`.execute(tx);
  if (rows.length === 0) return 0;
  const { rows: channels } = await sql<{ id: string; kind: string; kinds: string[] }>`select id, kind, kinds from notification_channels where org = ${by.org} and state = 'active'`.execute(tx);
  for (const notice of rows) {
    for (const channel of channels) {
      if (channel.kinds.length > 0 && !channel.kinds.includes(notice.kind)) continue;
      for (const recipient of channel.kind === "email" ? notice.recipients : [""]) {
        await sql`insert into notification_deliveries (org, id, notification_id, channel_id, recipient, state, next_at)
          values (${by.org}, ${newId("notification", by.now(), by.random)}, ${notice.id}, ${channel.id}, ${recipient}, 'pending', ${now}) on conflict do nothing`.execute(tx);
      }
    }
    await sql`update notifications set routed_at = ${now} where org = ${by.org} and id = ${notice.id}`.execute(tx);
  }
  return rows.length;
}

/**
 * Takes what is due. INVARIANT: of one channel's messages of one thread, the older goes first, because the newer may
 * replace what it showed.
 */
export async function takeDue(tx: Tx, org: string, nowMs: number, limit: number): Promise<readonly DueDelivery[]> {
  const { rows } = await sql<DueDelivery>`
    with due as (
      select d.id from notification_deliveries d
        join notification_channels c on c.org = d.org and c.id = d.channel_id and c.state = 'active'
        join notifications n on n.org = d.org and n.id = d.notification_id
      where d.org = ${org} and d.state = 'pending' and d.next_at <= ${new Date(nowMs)}
        and not exists (
          select 1 from notification_deliveries e join notifications m on m.org = e.org and m.id = e.notification_id
          where e.org = d.org and e.channel_id = d.channel_id and e.recipient = d.recipient and e.state = 'pending' and m.thread = n.thread and m.id < n.id)
      order by d.id limit ${limit} for update of d skip locked
    )
    update notification_deliveries d set attempts = d.attempts + 1, next_at = ${new Date(nowMs + leaseMs)}
    from due, notifications n
    where d.org = ${org} and d.id = due.id and n.org = d.org and n.id = d.notification_id
    returning d.id, d.notification_id as notification, d.channel_id as channel, d.recipient, d.attempts, n.kind, n.thread, n.system, n.subject, n.lines, n.path, n.created_at as "createdAt",
      (select t.reference from notification_threads t where t.org = d.org and t.channel_id = d.channel_id and t.thread = n.thread) as reference`.execute(tx);
  return rows;
}

export async function noteDelivered(tx: Tx, org: string, delivery: DueDelivery, outcome: string, reference: unknown, now: Date): Promise<void> {
  await sql`update notification_deliveries set state = 'delivered', outcome = ${outcome}, delivered_at = ${now} where org = ${org} and id = ${delivery.id}`.execute(tx);
  if (reference === undefined) return;
  await sql`insert into notification_threads (org, channel_id, thread, reference) values (${org}, ${delivery.channel}, ${delivery.thread}, ${JSON.stringify(reference)}::jsonb)
    on conflict (org, channel_id, thread) do update set reference = excluded.reference`.execute(tx);
}

/** @returns true when that was the last attempt */
export async function noteFailedAttempt(tx: Tx, org: string, delivery: DueDelivery, outcome: string, afterMs: number | undefined, nowMs: number): Promise<boolean> {
  const wait = retryAfterMs[delivery.attempts - 1];
  const over = wait === undefined;
  await sql`update notification_deliveries set state = ${over ? "failed" : "pending"}, outcome = ${outcome}, next_at = ${new Date(nowMs + Math.max(wait ?? 0, afterMs ?? 0))} where org = ${org} and id = ${delivery.id}`.execute(tx);
  return over;
}

interface DeliveryRow {
  id: string;
  notification: string;
  kind: string;
  subject: string;
  recipient: string;
  state: Delivery["state"];
  attempts: number;
  next_at: Date;
  outcome: string | null;
  delivered_at: Date | null;
}

function fromRow(row: DeliveryRow): Delivery {
  return { id: row.id, notification: row.notification, kind: row.kind, subject: row.subject, recipient: row.recipient, state: row.state, attempts: row.attempts, nextAt: row.state === "pending" ? row.next_at.toISOString() : null, outcome: row.outcome, deliveredAt: row.delivered_at?.toISOString() ?? null };
}

const deliveryColumns = sql`d.id, d.notification_id as notification, n.kind, n.subject, d.recipient, d.state, d.attempts, d.next_at, d.outcome, d.delivered_at`;

/** Newest first. */
export async function listDeliveries(tx: Tx, org: string, channel: string, page: { cursor?: string | undefined; limit: number; state?: Delivery["state"] | undefined }): Promise<readonly Delivery[]> {
  const { rows } = await sql<DeliveryRow>`select ${deliveryColumns} from notification_deliveries d join notifications n on n.org = d.org and n.id = d.notification_id
    where d.org = ${org} and d.channel_id = ${channel} and (${page.cursor ?? null}::text is null or d.id < ${page.cursor ?? null}) and (${page.state ?? null}::text is null or d.state = ${page.state ?? null})
    order by d.id desc limit ${page.limit}`.execute(tx);
  return rows.map(fromRow);
}

/** Sends it again, whatever became of it: the receiver tells repeats apart by the message's id. */
export async function replayDelivery(tx: Tx, org: string, id: string, now: Date): Promise<Delivery> {
  const { rows } = await sql<DeliveryRow>`update notification_deliveries d set state = 'pending', attempts = 0, next_at = ${now}, delivered_at = null from notifications n
    where d.org = ${org} and d.id = ${id} and n.org = d.org and n.id = d.notification_id returning ${deliveryColumns}`.execute(tx);
  if (rows[0] === undefined) throw new AppError({ code: "notifications.delivery_unknown", status: 404, message: "There is no delivery with this id.", remedies: [{ text: "List them with GET /api/v1/notification-channels/NAME/deliveries." }] });
  return fromRow(rows[0]);
}

export interface OwnNotice {
  readonly id: string;
  readonly kind: string;
  readonly thread: string;
  readonly system: string | null;
  readonly subject: string;
  readonly lines: readonly string[];
  readonly path: string;
  readonly at: string;
}

/** What one person was told, newest first. */
export async function noticesFor(tx: Tx, org: string, email: string, page: { cursor?: string | undefined; limit: number }): Promise<readonly OwnNotice[]> {
  const { rows } = await sql<Omit<OwnNotice, "at"> & { created_at: Date }>`select id, kind, thread, system, subject, lines, path, created_at from notifications
    where org = ${org} and ${email} = any(recipients) and (${page.cursor ?? null}::text is null or id < ${page.cursor ?? null}) order by id desc limit ${page.limit}`.execute(tx);
  return rows.map(({ created_at, ...row }) => ({ ...row, at: created_at.toISOString() }));
}
