import { z } from "zod";
import type { OutboundRule } from "@mandate/gateway";
import { newId } from "@mandate/model";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators, fromCursor, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { channelInput } from "./channel.ts";
import { deleteChannel, listChannels, openChannel, putChannel, readChannel, rotateWebhookSecret, setChannelState } from "./channel-store.ts";
import { listDeliveries, noticesFor, replayDelivery } from "./delivery-store.ts";
import { noticeKinds } from "./notify.ts";
import { send } from "./send.ts";

const channel = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["email", "webhook", "slack", "teams"]),
  config: z.record(z.string(), z.unknown()),
  kinds: z.array(z.enum(noticeKinds)).readonly(),
  state: z.enum(["active", "suspended"]),
  stateReason: z.string().nullable(),
  hasSecret: z.boolean(),
  changedAt: z.string(),
  /** A new webhook's signing secret, this once. */
  secret: z.string().optional(),
});
const delivery = z.object({
  id: z.string(),
  notification: z.string(),
  kind: z.string(),
  subject: z.string(),
  recipient: z.string(),
  state: z.enum(["pending", "delivered", "failed"]),
  attempts: z.number(),
  nextAt: z.string().nullable(),
  outcome: z.string().nullable(),
  deliveredAt: z.string().nullable(),
});
const notice = z.object({ id: z.string(), kind: z.string(), thread: z.string(), system: z.string().nullable(), subject: z.string(), lines: z.array(z.string()).readonly(), path: z.string(), at: z.string() });
const params = z.object({ name: pathName });

export interface NotificationRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly contexts: Contexts;
  readonly masterKey: Uint8Array;
  readonly outbound: () => OutboundRule;
  readonly publicUrl: string;
}

export function notificationRoutes(app: App, deps: NotificationRouteDeps): void {
  const { db, org, now, contexts, masterKey } = deps;
  const shown = (one: Awaited<ReturnType<typeof readChannel>>) => ({ ...one, config: { ...one.config } });

  app.get(
    "/api/v1/notifications",
    { config: { access: "signed-in" }, schema: { operationId: "listNotifications", summary: "What you were told, newest first", querystring: z.object(pageQuery), response: { 200: page(notice) } } },
    async (request) => {
      const { email } = actorOf(request);
      if (email === null) return { items: [], nextCursor: null };
      const { query } = request;
      const rows = await db.read(org, (tx) => noticesFor(tx, org, email, { cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.get("/api/v1/notification-channels", { config: { access: administrators }, schema: { operationId: "listNotificationChannels", response: { 200: page(channel) } } }, async () => ({
    items: (await db.read(org, (tx) => listChannels(tx, org))).map(shown),
    nextCursor: null,
  }));

  app.get("/api/v1/notification-channels/:name", { config: { access: administrators }, schema: { operationId: "getNotificationChannel", params, response: { 200: channel } } }, async (request) =>
    shown(await db.read(org, (tx) => readChannel(tx, org, request.params.name))),
  );

  app.put(
    "/api/v1/notification-channels/:name",
    { config: { access: administrators, secretAnswer: true }, schema: { operationId: "putNotificationChannel", summary: "Set a channel; a new webhook's signing secret is shown once", params: z.object({ name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/) }), body: channelInput, response: { 200: channel, 201: channel } } },
    async (request, reply) => {
      const { channel: saved, created, secret } = await putChannel(contexts.quiet(actorOf(request)), masterKey, request.params.name, request.body);
      return reply.code(created ? 201 : 200).send({ ...shown(saved), ...(secret === null ? {} : { secret }) });
    },
  );

  app.delete("/api/v1/notification-channels/:name", { config: { access: administrators }, schema: { operationId: "deleteNotificationChannel", params, response: { 204: z.null() } } }, async (request, reply) => {
    await deleteChannel(contexts.quiet(actorOf(request)), request.params.name);
    return reply.code(204).send(null);
  });

  for (const [verb, state] of [["suspend", "suspended"], ["resume", "active"]] as const) {
    app.post(
      `/api/v1/notification-channels/:name/${verb}`,
      { config: { access: administrators }, schema: { operationId: `${verb}NotificationChannel`, params, body: reasonBody, response: { 200: channel } } },
      async (request) => shown(await setChannelState(contexts.quiet(actorOf(request)), request.params.name, state, request.body.reason)),
    );
  }

  app.post(
    "/api/v1/notification-channels/:name/rotate",
    { config: { access: administrators, secretAnswer: true }, schema: { operationId: "rotateWebhookSecret", summary: "A new signing secret; the old one signs beside it for a day", params, body: z.strictObject({}).nullish(), response: { 200: z.object({ secret: z.string(), previousUntil: z.string() }) } } },
    (request) => rotateWebhookSecret(contexts.quiet(actorOf(request)), masterKey, request.params.name),
  );

  app.post(
    "/api/v1/notification-channels/:name/test",
    { config: { access: administrators }, schema: { operationId: "testNotificationChannel", summary: "Send one message now and say what came of it", params, body: z.strictObject({}).nullish(), response: { 200: z.object({ delivered: z.boolean(), detail: z.string() }) } } },
    async (request) => {
      const { id } = await db.read(org, (tx) => readChannel(tx, org, request.params.name));
      const opened = await db.read(org, (tx) => openChannel(tx, org, id, masterKey));
      const test = newId("notification", now(), deps.random);
      const outcome = await send(
        { id: test, kind: "test", thread: test, system: null, subject: "A test from Mandate", lines: [`The channel ${opened.channel.name} works.`], url: `${deps.publicUrl}/settings`, at: new Date(now()).toISOString(), recipient: actorOf(request).email ?? ("from" in opened.channel.config ? opened.channel.config.from : "") },
        { ...opened, reference: undefined, outbound: deps.outbound(), nowMs: now() },
      );
      return { delivered: outcome.state === "delivered", detail: outcome.detail };
    },
  );

  app.get(
    "/api/v1/notification-channels/:name/deliveries",
    { config: { access: administrators }, schema: { operationId: "listNotificationDeliveries", params, querystring: z.object({ ...pageQuery, state: z.enum(["pending", "delivered", "failed"]).optional() }), response: { 200: page(delivery) } } },
    async ({ params: { name }, query }) => {
      const rows = await db.read(org, async (tx) => listDeliveries(tx, org, (await readChannel(tx, org, name)).id, { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.post(
    "/api/v1/notification-deliveries/:id/replay",
    { config: { access: administrators }, schema: { operationId: "replayNotificationDelivery", params: z.object({ id: pathName }), body: z.strictObject({}).nullish(), response: { 200: delivery } } },
    (request) => db.transaction(org, (tx) => replayDelivery(tx, org, request.params.id, new Date(now()))),
  );
}
