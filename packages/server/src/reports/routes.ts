import { gradesOfKnowing } from "@mandate/model";
import { z } from "zod";
import { controlOutcomes } from "../controls/index.ts";
import type { Database } from "../database/index.ts";
import type { App } from "../http/index.ts";
import { sections } from "./figures.ts";
import { makeReport, reportKinds } from "./report.ts";

const text = z.string();
const report = z.object({
  kind: z.enum(reportKinds), organization: text, month: text, since: text, until: text, complete: z.boolean(), made: text,
  position: z.array(z.object({ origin: text, size: z.number(), root: text })).readonly(),
  figures: z.array(z.object({ id: text, section: z.enum(sections), label: text, unit: text, value: z.number().nullable(), before: z.number().nullable(), better: z.enum(["more", "less"]).nullable(), asks: text, query: text.nullable(), href: text.nullable(), why: text.nullable() })).readonly(),
  gaps: z.array(z.object({ control: text, statement: text, outcome: z.enum(controlOutcomes), grade: z.enum(gradesOfKnowing), reason: text })).readonly(),
  denials: z.array(z.object({ code: text, calls: z.number() })).readonly(),
});
const month = z.string().regex(/^20[0-9]{2}-(?:0[1-9]|1[0-2])$/, "is a month such as 2026-11");

export interface ReportRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly organization: string;
  readonly now: () => number;
}

/** Reports that people read. Every figure is a question put to what was recorded; what isn't measured says so. */
export function reportRoutes(app: App, { db, org, organization, now }: ReportRouteDeps): void {
  app.get(
    "/api/v1/reports/:kind",
    {
      config: { access: "signed-in" },
      schema: { operationId: "getReport", summary: "The month in figures: governance has all of them, board those that a board asks for", params: z.object({ kind: z.enum(reportKinds) }), querystring: z.object({ month: month.optional() }), response: { 200: report } },
    },
    ({ params, query }) => db.read(org, (tx) => makeReport(tx, org, organization, now(), params.kind, query.month ?? new Date(now()).toISOString().slice(0, 7)), { isolation: "repeatable read" }),
  );
}
