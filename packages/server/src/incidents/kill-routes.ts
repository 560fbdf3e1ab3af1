import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, page, pathName, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { effectOf } from "./effect.ts";
import { badStop } from "./errors.ts";
import { kill, listStops, resumeStop, stopKinds } from "./kill.ts";
import type { KillScope } from "./kill.ts";

/** Exactly one: `{system: "support"}`, `{credential: "cred_…"}`, `{model: …}`, `{tool: …}`, `{vendor: …}`, `{all: true}`. */
export const scopeBody = z.union([
  z.strictObject({ system: pathName }),
  z.strictObject({ credential: pathName }),
  z.strictObject({ model: pathName }),
  z.strictObject({ tool: pathName }),
  z.strictObject({ vendor: pathName }),
  z.strictObject({ all: z.literal(true) }),
]);

export function scopeOf(body: z.infer<typeof scopeBody>): KillScope {
  const kind = stopKinds.find((one) => one in body)!;
  return { kind, name: kind === "all" ? "" : String((body as Readonly<Record<string, unknown>>)[kind]) };
}

function systemIn(scope: z.infer<typeof scopeBody>): string | null {
  return "system" in scope ? scope.system : null;
}

const text = z.string();
const stop = z.object({ id: text, scope: z.enum(stopKinds), name: text, reason: text, incident: text.nullable(), by: text, at: text, state: z.enum(["in-force", "ended", "final"]), ended: z.object({ at: text, by: text, reason: text }).nullable() });
const effect = z.object({ systems: z.array(text).readonly(), callsAnHour: z.number(), callsLastHour: z.number(), calls24h: z.number() });
const gateway = z.object({ name: text, registerVersion: z.number().nullable(), confirmed: z.boolean() });

export interface KillRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  /** Who enforces what by now. */
  readonly gateways: () => readonly { readonly name: string; readonly registerVersion: number | null; readonly confirmed: boolean }[];
}

/** Who may stop what is the command's to say: an owner may stop a system of theirs whatever their roles. */
export function killRoutes(app: App, { db, org, now, contexts, gateways }: KillRouteDeps): void {
  app.get("/api/v1/kill", { config: { access: "signed-in" }, schema: { operationId: "listStops", summary: "What the kill switch stopped, newest first", response: { 200: page(stop) } } }, async () => ({ items: [...(await db.read(org, (tx) => listStops(tx, org)))], nextCursor: null }));

  app.post(
    "/api/v1/kill",
    {
      config: { access: editors, systemOf: ({ body }) => systemIn((body as { readonly scope: z.infer<typeof scopeBody> }).scope) },
      schema: {
        operationId: "kill",
        summary: "Stop a system, key, model, tool, vendor or everything; dryRun says what it would refuse",
        querystring: z.object({ dryRun: z.enum(["true", "false"]).default("false") }),
        body: reasonBody.partial().extend({ scope: scopeBody, incident: pathName.optional() }).strict(),
        response: { 200: z.object({ effect, stop: stop.nullable(), gateways: z.array(gateway).readonly() }) },
      },
    },
    async (request) => {
      const scope = scopeOf(request.body.scope);
      const what = await db.read(org, (tx) => effectOf(tx, org, scope, now()));
      if (request.query.dryRun === "true") return { effect: what, stop: null, gateways: gateways() };
      const { reason } = request.body;
      if (reason === undefined) throw badStop("reason_missing", 400, "Give a reason: it stands in the record beside your name.", "Add `reason`.");
      return { effect: what, stop: await kill(contexts.for(actorOf(request)), { scope, reason, incident: request.body.incident }), gateways: gateways() };
    },
  );

  app.post("/api/v1/kill/:id/resume", { config: { access: editors }, schema: { operationId: "resumeStop", params: z.object({ id: pathName }), body: reasonBody, response: { 200: stop } } }, (request) => resumeStop(contexts.for(actorOf(request)), request.params.id, request.body.reason));
}
