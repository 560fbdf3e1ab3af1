import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, instant, page, pathName, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { putObject, readObject } from "../registry/index.ts";
import type { RegisterPorts, StoredObject } from "../registry/index.ts";
import { acceptRisk, listAcceptances, withdrawAcceptance } from "./acceptance.ts";
import { currentConcerns } from "./watch.ts";

const acceptance = z.object({ risk: z.string(), by: z.string(), role: z.string(), reason: z.string(), at: z.string(), ends: z.string(), state: z.enum(["in-force", "ended", "changed", "withdrawn"]) });
const concern = z.object({ key: z.string(), kind: z.string(), system: z.string().nullable(), title: z.string(), detail: z.string(), owner: z.string() });
const params = z.object({ name: pathName });

export function recordRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts; readonly ports: RegisterPorts }): void {
  const { db, org, now, contexts, ports } = deps;

  app.get("/api/v1/risk-acceptances", { config: { access: "signed-in" }, schema: { operationId: "listRiskAcceptances", summary: "The newest word on each risk", response: { 200: page(acceptance) } } }, async () => ({
    items: [...(await db.read(org, (tx) => listAcceptances(tx, org, now())))],
    nextCursor: null,
  }));

  app.post(
    "/api/v1/risks/:name/accept",
    { config: { access: "signed-in" }, schema: { operationId: "acceptRisk", summary: "Live with what is left of a risk, until a day", params, body: reasonBody.extend({ ends: instant }), response: { 200: acceptance } } },
    (request) => acceptRisk(contexts.for(actorOf(request)), request.params.name, request.body.reason, new Date(request.body.ends)),
  );

  app.post("/api/v1/risks/:name/withdraw", { config: { access: "signed-in" }, schema: { operationId: "withdrawRiskAcceptance", params, body: reasonBody, response: { 200: acceptance } } }, (request) =>
    withdrawAcceptance(contexts.for(actorOf(request)), request.params.name, request.body.reason),
  );

  app.post(
    "/api/v1/evaluations/:name/score",
    {
      config: { access: editors },
      schema: { operationId: "scoreEvaluation", summary: "Add a newer score; the older ones stand in its history", params, body: z.strictObject({ score: z.number().min(-1e12).max(1e12), measured: instant.optional() }), response: { 200: z.object({ score: z.number(), measured: z.string() }) } },
    },
    async (request) => {
      const measured = request.body.measured ?? new Date(now()).toISOString();
      // A score from the future would hide for as long as nobody can measure again.
      if (Date.parse(measured) > now() + 30_000) throw new AppError({ code: "records.measured_later", status: 400, message: "A score can't be measured in the future.", remedies: [{ text: "Leave `measured` out, or correct the clock." }] });
      const known = await db.read(org, async (tx) => (await readObject(tx, org, "Evaluation", request.params.name)) as StoredObject<"Evaluation"> | undefined);
      if (known === undefined) throw new AppError({ code: "records.evaluation_unknown", status: 404, message: "There is no evaluation with this name.", remedies: [{ text: "List them.", command: "npx mandate get evaluations" }] });
      const { measured: before } = known.spec;
      if (before !== undefined && Date.parse(measured) < Date.parse(before)) throw new AppError({ code: "records.measured_earlier", status: 409, message: "There is a newer score already.", remedies: [{ text: "Send scores in the order in which they were measured." }] });
      await putObject(contexts.for(actorOf(request)), ports, "Evaluation", known.name, { spec: { ...known.spec, score: request.body.score, measured } }, { reason: "a newer score" });
      return { score: request.body.score, measured };
    },
  );

  app.get("/api/v1/concerns", { config: { access: "signed-in" }, schema: { operationId: "listConcerns", summary: "What the records say isn't as it should be now", response: { 200: page(concern) } } }, async () => ({
    items: (await db.read(org, (tx) => currentConcerns(tx, org, now()))).slice(0, 1000),
    nextCursor: null,
  }));
}
