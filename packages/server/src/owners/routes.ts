import { tiers } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, email, instant, page, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { endAbsence, listAbsences, recordAbsence } from "./absences.ts";
import { listVacancies } from "./watch.ts";

const text = z.string();
const vacancy = z.object({ system: text, tier: z.enum(tiers), seat: z.enum(["business", "technical"]), email: text, why: z.enum(["left", "away"]), since: text, backAt: text.nullable(), due: text.nullable(), successor: text.nullable(), approval: text.nullable() });
const absence = z.object({ id: text, email: text, starts: text, ends: text.nullable(), reason: text });

export function ownerRoutes(app: App, { db, org, now, contexts }: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts }): void {
  app.get("/api/v1/owner-vacancies", { config: { access: "signed-in" }, schema: { operationId: "listOwnerVacancies", summary: "Seats whose owner left or is away, by person", querystring: z.object({ email: email.optional() }), response: { 200: page(vacancy) } } }, async ({ query }) => ({
    items: [...(await db.read(org, (tx) => listVacancies(tx, org, query.email)))],
    nextCursor: null,
  }));

  app.get("/api/v1/absences", { config: { access: "signed-in" }, schema: { operationId: "listAbsences", response: { 200: page(absence) } } }, async () => ({ items: [...(await db.read(org, (tx) => listAbsences(tx, org, now())))], nextCursor: null }));

  app.post("/api/v1/absences", { config: { access: "signed-in" }, schema: { operationId: "recordAbsence", summary: "Somebody is away: the clock of the seats they hold runs from its start", body: reasonBody.extend({ email, starts: instant.optional(), ends: instant.optional() }), response: { 201: absence } } }, async (request, reply) =>
    reply.code(201).send(await recordAbsence(contexts.for(actorOf(request)), request.body)),
  );

  app.delete("/api/v1/absences/:email", { config: { access: "signed-in" }, schema: { operationId: "endAbsence", summary: "The person is back", params: z.object({ email }), response: { 204: z.null() } } }, async (request, reply) => {
    await endAbsence(contexts.for(actorOf(request)), request.params.email);
    return reply.code(204).send(null);
  });
}
