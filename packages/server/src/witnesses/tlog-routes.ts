import { AppError } from "@mandate/model";
import { hashSize, parseTilePath, tileWidth } from "@mandate/ledger";
import { z } from "zod";
import type { Database } from "../database/index.ts";
import { newestCheckpoint, readBundle, tileReader } from "../evidence/index.ts";
import type { App } from "../http/index.ts";

/** `tile/entries/N[.p/W]` of C2SP tlog-tiles, told apart from the hash tiles by its word. */
const bundlePath = /^tile\/entries\/(.+)$/;
const immutable = "private, max-age=31536000, immutable";

/** Each log as C2SP tlog-tiles lays it out, under `/tlog/<origin>/`: mirrors and monitors need no API of ours. */
export function tlogRoutes(app: App, { db, org, metaOrigin }: { readonly db: Database; readonly org: string; readonly metaOrigin: string }): void {
  app.get(
    "/tlog/*",
    { config: { access: "signed-in" }, schema: { operationId: "getTlogFile", summary: "checkpoint, tile/L/N[.p/W] and tile/entries/N[.p/W] of a log (C2SP tlog-tiles)", params: z.object({ "*": z.string().max(600) }) } },
    async ({ params }, reply) => {
      const path = decodeURIComponent(params["*"]);
      const match = /^(.+?)\/(checkpoint|tile\/.+)$/.exec(path);
      if (match === null) throw unknown(metaOrigin);
      const [, origin, file] = match as unknown as [string, string, string];
      const found = await db.read(org, async (tx) => {
        const newest = await newestCheckpoint(tx, org, origin);
        if (newest === undefined) return undefined;
        if (file === "checkpoint") return { type: "text/plain; charset=utf-8", cache: "no-store", body: newest.note };
        const bundle = bundlePath.exec(file)?.[1];
        // A bundle is numbered as a tile of level 0 is.
        const tile = parseTilePath(bundle === undefined ? file : `tile/0/${bundle}`);
        // Only what the newest checkpoint covers is published.
        if (tile === undefined || (tile.index * tileWidth + tile.width) * tileWidth ** tile.level > newest.size) return undefined;
        const body = bundle === undefined ? Buffer.from(await tileReader(tx, org, origin)(tile)) : Buffer.from(await readBundle(tx, org, origin, tile.index * tileWidth, tile.width));
        if (bundle === undefined && body.length !== tile.width * hashSize) return undefined;
        return { type: "application/octet-stream", cache: immutable, body };
      });
      if (found === undefined) throw unknown(metaOrigin);
      return reply.type(found.type).header("cache-control", found.cache).send(found.body);
    },
  );
}

function unknown(metaOrigin: string): AppError {
  return new AppError({ code: "evidence.no_file", status: 404, message: "No log has this file.", remedies: [{ text: `Begin with /tlog/${metaOrigin}/checkpoint; GET /api/v1/evidence/logs lists the origins.` }] });
}
