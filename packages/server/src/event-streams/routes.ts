import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { streamSettings } from "./settings.ts";
import { putStream, removeStream, streamStates } from "./streams.ts";

const params = z.object({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "is small letters, digits and -") });
const reason = z.string().trim().min(1).max(1000);
const state = z.object({ name: z.string(), settings: streamSettings, failing: z.string().nullable(), failures: z.number(), deliveredAt: z.string().nullable(), waiting: z.number(), logs: z.array(z.object({ origin: z.string(), taken: z.number(), size: z.number() })).readonly() });
const maxStreams = 5;

export interface StreamRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly contexts: Contexts;
  readonly run: () => Promise<void>;
}

/** OCSF events to a SIEM, as they happen. */
export function eventStreamRoutes(app: App, { db, org, contexts, run }: StreamRouteDeps): void {
  const read = () => db.read(org, (tx) => streamStates(tx, org));
  const readOne = async (name: string) => {
    const found = (await read()).find((one) => one.name === name);
    if (found === undefined) throw unknown();
    return found;
  };

  app.get("/api/v1/event-streams", { config: { access: "signed-in" }, schema: { operationId: "listEventStreams", summary: "Where events go, how far they are, and what fails", response: { 200: z.object({ items: z.array(state).readonly() }) } } }, async () => ({ items: await read() }));

  app.put(
    "/api/v1/event-streams/:name",
    { config: { access: administrators }, schema: { operationId: "putEventStream", summary: "Send OCSF events over HTTP or syslog, from now or from the log's start", params, body: z.strictObject({ to: streamSettings, from: z.enum(["now", "start"]).default("now"), reason }), response: { 200: state } } },
    async (request) => {
      const { name } = request.params;
      const all = await read();
      if (all.length >= maxStreams && !all.some((one) => one.name === name)) throw new AppError({ code: "streams.too_many", status: 409, message: `There are ${maxStreams} streams already.`, remedies: [{ text: "Remove one.", command: "npx mandate export stream list" }] });
      await putStream(contexts.quiet(actorOf(request)), name, request.body.to, request.body.from, request.body.reason);
      await run();
      return readOne(name);
    },
  );

  app.delete("/api/v1/event-streams/:name", { config: { access: administrators }, schema: { operationId: "deleteEventStream", params, body: z.strictObject({ reason }), response: { 200: z.object({ items: z.array(state).readonly() }) } } }, async (request) => {
    if (!(await removeStream(contexts.quiet(actorOf(request)), request.params.name, request.body.reason))) throw unknown();
    return { items: await read() };
  });
}

function unknown(): AppError {
  return new AppError({ code: "streams.unknown", status: 404, message: "There is no stream of this name.", remedies: [{ text: "List them.", command: "npx mandate export stream list" }] });
}
