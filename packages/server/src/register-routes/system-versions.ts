import { AppError } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import type { Tx } from "../database/index.ts";
import { fromCursor, page, pageQuery, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { RegisterRouteDeps } from "./deps.ts";

const summary = z.object({ kind: z.literal("SystemVersion"), name: z.string(), system: z.string(), number: z.number(), digest: z.string(), createdAt: z.string() });
const version = summary.extend({ spec: z.object({ system: z.string(), digest: z.string(), manifest: z.record(z.string(), z.unknown()) }) });

interface Row {
  readonly system: string;
  readonly number: number;
  readonly digest: string;
  readonly created_at: Date;
}

/** What was approved, word for word: written once by the product, read by the digest that an authorization is bound to. */
export function systemVersionRoutes(app: App, { db, org }: RegisterRouteDeps): void {
  app.get(
    "/api/v1/system-versions",
    { config: { access: "signed-in", made: "createdAt" }, schema: { operationId: "listSystemVersion", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), digest: z.string().max(64).optional() }), response: { 200: page(summary) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listVersions(tx, org, { ...query, after: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, shown, keyOf);
    },
  );

  app.get(
    "/api/v1/system-versions/:name",
    { config: { access: "signed-in" }, schema: { operationId: "getSystemVersion", params: z.object({ name: z.string().max(64) }), response: { 200: version } } },
    async ({ params }) => {
      const { rows } = await db.read(org, (tx) =>
        sql<Row & { manifest: Record<string, unknown> }>`select system, number, digest, created_at, manifest from system_versions where org = ${org} and digest = ${params.name} order by system limit 1`.execute(tx),
      );
      const row = rows[0];
      if (row === undefined) throw new AppError({ code: "registry.not_found", status: 404, message: "There is no version with this digest.", remedies: [{ text: "List them.", command: "npx mandate get system-versions" }] });
      return { ...shown(row), spec: { system: row.system, digest: row.digest, manifest: row.manifest } };
    },
  );
}

async function listVersions(tx: Tx, org: string, page: { readonly system?: string | undefined; readonly digest?: string | undefined; readonly after: string | undefined; readonly limit: number }): Promise<Row[]> {
  // Sorts as text, so that the key says where to go on.
  const key = sql`system || ' ' || lpad(number::text, 9, '0')`;
  const { rows } = await sql<Row>`select system, number, digest, created_at from system_versions where org = ${org}
    and (${page.system ?? null}::text is null or system = ${page.system ?? null}) and (${page.digest ?? null}::text is null or digest = ${page.digest ?? null})
    and (${page.after ?? null}::text is null or (${key}) collate "C" > ${page.after ?? null}) order by (${key}) collate "C" limit ${page.limit}`.execute(tx);
  return rows;
}

function keyOf(row: Row): string {
  return `${row.system} ${String(row.number).padStart(9, "0")}`;
}

function shown(row: Row): z.infer<typeof summary> {
  return { kind: "SystemVersion", name: row.digest, system: row.system, number: Number(row.number), digest: row.digest, createdAt: row.created_at.toISOString() };
}
