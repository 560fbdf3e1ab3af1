import { entityKinds, tiers } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, email, instant, page, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { RegisterPorts } from "../registry/index.ts";
import { endAbsence, listAbsences, recordAbsence } from "./absences.ts";
import { handOver } from "./hand-over.ts";
import { listVacancies } from "./watch.ts";

const text = z.string();
const vacancy = z.object({ system: text, tier: z.enum(tiers), seat: z.enum(["business", "technical"]), email: text, why: z.enum(["left", "away"]), since: text, backAt: text.nullable(), due: text.nullable(), successor: text.nullable(), approval: text.nullable() });
const absence = z.object({ id: text, email: text, starts: text, ends: text.nullable(), reason: text });

const handed = z.object({ kind: z.enum(entityKinds), name: text, seat: z.enum(["business", "technical", "owner"]), outcome: z.enum(["handed", "asked", "kept"]), why: text.nullable(), approval: text.nullable() });

export function ownerRoutes(app: App, { db, org, now, contexts, ports }: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts; readonly ports: RegisterPorts }): void {
  app.post(
    "/api/v1/people/:email/hand-over",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "handOverSeats",
        summary: "Everything this person owns to another, each seat with its own change; dryRun says what would go",
        params: z.object({ email }),
        body: z.strictObject({ to: email, reason: reasonBody.shape.reason.default("Handed over"), dryRun: z.boolean().default(false) }),
        response: { 200: z.object({ from: text, to: text, items: z.array(handed).readonly() }) },
      },
    },
    async (request) => ({ from: request.params.email, to: request.body.to, items: await handOver(contexts.for(actorOf(request)), ports, request.params.email, request.body) }),
  );

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
