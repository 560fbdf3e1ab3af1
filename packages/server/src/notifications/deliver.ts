import type { OutboundRule } from "@mandate/gateway";
import type { ServerContext } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";
import type { Message } from "./channel.ts";
import { openChannel, setChannelState } from "./channel-store.ts";
import type { Channel } from "./channel-store.ts";
import { noteDelivered, noteFailedAttempt, routeNotices, takeDue } from "./delivery-store.ts";
import type { DueDelivery } from "./delivery-store.ts";
import { send } from "./send.ts";

export interface DeliverDeps {
  readonly db: Database;
  readonly ctx: ServerContext;
  readonly masterKey: Uint8Array;
  /** The rule in force now: an administrator may change it while this runs. */
  readonly outbound: () => OutboundRule;
  /** Address people reach the console at. */
  readonly publicUrl: string;
  /** Raises a finding about a channel that stays silent: people who rely on it must hear of it elsewhere. */
  readonly report: (finding: { readonly key: string; readonly system: null; readonly kind: string; readonly title: string; readonly detail: string; readonly owner: null }) => Promise<void>;
}

const atOnce = 20;

/** Sends what was written to the outbox. Twice is possible (a process dies after sending), never is not. */
export function deliverNotices(deps: DeliverDeps): Job {
  return { name: "deliver notices", everyMs: 1000, run: () => run(deps) };
}

async function run(deps: DeliverDeps): Promise<void> {
  const { db, ctx } = deps;
  await db.transaction(ctx.org, (tx) => routeNotices(tx, ctx));
  for (;;) {
    const due = await db.transaction(ctx.org, (tx) => takeDue(tx, ctx.org, ctx.now(), atOnce));
    await Promise.all(due.map((delivery) => deliver(deps, delivery)));
    if (due.length < atOnce) return;
  }
}

async function deliver(deps: DeliverDeps, delivery: DueDelivery): Promise<void> {
  const { db, ctx, masterKey } = deps;
  const { channel, secrets } = await db.read(ctx.org, (tx) => openChannel(tx, ctx.org, delivery.channel, masterKey));
  const outcome = await send(messageOf(delivery, deps.publicUrl), { channel, secrets, reference: delivery.reference ?? undefined, outbound: deps.outbound(), nowMs: ctx.now() });
  if (outcome.state === "delivered") {
    await db.transaction(ctx.org, (tx) => noteDelivered(tx, ctx.org, delivery, outcome.detail, outcome.reference, new Date(ctx.now())));
    return;
  }
  if (outcome.state === "gone") await setChannelState(ctx, channel.name, "suspended", "The receiver says that it is gone for good (410).");
  const over = await db.transaction(ctx.org, (tx) => noteFailedAttempt(tx, ctx.org, delivery, outcome.detail, outcome.state === "retry" ? outcome.afterMs : undefined, ctx.now()));
  if (over || outcome.state === "gone") await deps.report(complaint(channel, outcome.detail));
}

function complaint(channel: Channel, detail: string): Parameters<DeliverDeps["report"]>[0] {
  return {
    key: `channel:${channel.id}`,
    system: null,
    kind: "notifications.undelivered",
    title: `Notices don't reach the channel ${channel.name}`,
    detail: `The last attempt: ${detail}. Check its settings, send a test, then replay what failed.`,
    owner: null,
  };
}

function messageOf(delivery: DueDelivery, publicUrl: string): Message {
  const { notification: id, kind, thread, system, subject, lines, recipient } = delivery;
  return { id, kind, thread, system, subject, lines, recipient, url: publicUrl.replace(/\/$/, "") + delivery.path, at: delivery.createdAt.toISOString() };
}
