import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { AppError } from "@mandate/model";
import { actorOf, editors, fromCursor, instant, line, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { askReview, endReview, listReviews, refusedFlows, reviewStates } from "./reviews.ts";

const text = z.string();
const list = z.array(text).readonly();
const review = z.object({
  id: text, system: text, target: text, region: text, from: list, basis: text, classes: list, purposes: list, reason: text, requester: text, requestedAt: text, approval: text, state: z.enum(reviewStates),
  reviewer: text.nullable(), decidedAt: text.nullable(), decidedReason: text.nullable(), ends: text, ended: z.object({ at: text, by: text, reason: text }).nullable(),
});
const word = z.string().regex(/^[\w.:-]{1,128}$/);
const params = z.object({ id: pathName });
const enders = ["legal-reviewer", "governance-lead", "authorizing-official", "business-owner", "technical-owner", "security-reviewer", "administrator"] as const;

/** A review is decided as every other question is: `POST /api/v1/approvals/{approval}/approve|refuse`. */
export function legalReviewRoutes(app: App, { db, org, now, contexts }: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts }): void {
  app.get(
    "/api/v1/legal-reviews",
    { config: { access: "signed-in" }, schema: { operationId: "listLegalReviews", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), state: z.enum(reviewStates).optional() }), response: { 200: page(review) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listReviews(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.get("/api/v1/legal-reviews/flows", { config: { access: "signed-in" }, schema: { operationId: "listRefusedFlows", summary: "Flows that calls were refused for and nobody has reviewed", response: { 200: page(z.object({ system: text, target: text, calls: z.number(), last: text })) } } }, async () => ({
    items: [...(await db.read(org, (tx) => refusedFlows(tx, org, now())))],
    nextCursor: null,
  }));

  app.get("/api/v1/legal-reviews/:id", { config: { access: "signed-in" }, schema: { operationId: "getLegalReview", params, response: { 200: review } } }, async ({ params }) => {
    const [found] = await db.read(org, (tx) => listReviews(tx, org, now(), { limit: 1, id: params.id }));
    if (found === undefined) throw new AppError({ code: "legal_reviews.not_found", status: 404, message: "There is no legal review with this id.", remedies: [{ text: "List them.", command: "npx mandate legal-review list" }] });
    return found;
  });

  app.post(
    "/api/v1/legal-reviews",
    {
      config: { access: editors, systemOf: ({ body }) => (body as { readonly system: string }).system },
      schema: {
        operationId: "askLegalReview",
        summary: "Ask a legal reviewer to allow one flow to another region until a day",
        body: z.strictObject({
          system: pathName,
          target: z.string().max(254).regex(/^(?:destination|model|tool):.+$/, "is destination:NAME, model:NAME or tool:NAME"),
          from: z.array(word).min(1).max(50),
          basis: line,
          classes: z.array(word).max(50).default([]),
          purposes: z.array(word).max(50).default([]),
          reason: line.max(1000),
          ends: instant,
        }),
        response: { 201: review },
      },
    },
    async (request, reply) => reply.code(201).send(await askReview(contexts.quiet(actorOf(request)), { ...request.body, ends: new Date(request.body.ends) })),
  );

  app.post("/api/v1/legal-reviews/:id/end", { config: { access: enders }, schema: { operationId: "endLegalReview", summary: "Take an allowance back, at once", params, body: reasonBody, response: { 200: review } } }, (request) => endReview(contexts.for(actorOf(request)), request.params.id, request.body.reason));
}
