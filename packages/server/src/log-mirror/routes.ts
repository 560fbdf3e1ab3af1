import { sql } from "kysely";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { Mirror } from "./mirror.ts";
import { readMirror, writeMirror } from "./settings.ts";

const settings = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }).max(300),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "is not a bucket's name"),
  region: z.string().regex(/^[a-z0-9-]{1,40}$/).default("us-east-1"),
  prefix: z.string().regex(/^(?:[A-Za-z0-9._-]+\/)*$/, "is empty or folders that end in /").max(200).default(""),
  secret: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/),
  retainDays: z.int().min(1).max(36_500),
  lock: z.enum(["COMPLIANCE", "GOVERNANCE"]).default("COMPLIANCE"),
});
const reason = z.string().trim().min(1).max(1000);
const state = z.object({ settings: settings.nullable(), failing: z.string().nullable(), logs: z.array(z.object({ origin: z.string(), size: z.number(), at: z.string() })) });

export interface MirrorRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly contexts: Contexts;
  readonly mirror: Mirror;
}

/** Write-once copies of the logs elsewhere. */
export function mirrorRoutes(app: App, { db, org, contexts, mirror }: MirrorRouteDeps): void {
  const read = () =>
    db.read(org, async (tx) => {
      const { rows } = await sql<{ origin: string; size: string; at: Date }>`select origin, size, at from evidence_mirror where org = ${org} order by origin`.execute(tx);
      return { settings: await readMirror(tx, org), failing: mirror.failing(), logs: rows.map((row) => ({ origin: row.origin, size: Number(row.size), at: row.at.toISOString() })) };
    });

  app.get("/api/v1/evidence/mirror", { config: { access: "signed-in" }, schema: { operationId: "getMirror", response: { 200: state } } }, read);

  app.put(
    "/api/v1/evidence/mirror",
    { config: { access: administrators }, schema: { operationId: "putMirror", summary: "Copy tiles, entries and checkpoints to S3-compatible storage with object lock", body: settings.extend({ reason }), response: { 200: state } } },
    async (request) => {
      const { reason: why, ...wanted } = request.body;
      await writeMirror(contexts.quiet(actorOf(request)), wanted, why);
      await mirror.run();
      return read();
    },
  );

  app.delete("/api/v1/evidence/mirror", { config: { access: administrators }, schema: { operationId: "deleteMirror", body: z.strictObject({ reason }), response: { 200: state } } }, async (request) => {
    await writeMirror(contexts.quiet(actorOf(request)), null, request.body.reason);
    return read();
  });
}
