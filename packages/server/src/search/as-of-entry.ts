import { AppError } from "@mandate/model";
import { parseHeader } from "@mandate/ledger";
import type { Database } from "../database/index.ts";
import { readLeaf } from "../evidence/index.ts";
import type { App } from "../http/index.ts";

const position = /^(.{1,300})#([0-9]{1,15})$/;

/**
 * `asOf=LOG#NUMBER` wherever `asOf` takes an instant: the register as it stood when that entry was written. Order is the
 * log's, so whoever holds a proof of the entry knows what else was true then.
 */
export function asOfEntry(app: App, deps: { readonly db: Database; readonly org: string; readonly drain: () => Promise<unknown> }): void {
  app.addHook("preValidation", async (request) => {
    const query = request.query as { asOf?: unknown } | undefined;
    const match = typeof query?.asOf === "string" ? position.exec(query.asOf) : null;
    if (match === null || request.authentication === null) return;
    const [, log, index] = match as unknown as [string, string, string];
    const read = () => deps.db.read(deps.org, (tx) => readLeaf(tx, deps.org, log, Number(index)));
    let leaf = await read();
    if (leaf === undefined) {
      await deps.drain().catch(() => undefined);
      leaf = await read();
    }
    if (leaf === undefined) throw new AppError({ code: "evidence.no_entry", status: 404, message: `The log ${log} has no entry ${index}.`, remedies: [{ text: "List the logs and their sizes with GET /api/v1/evidence/logs." }] });
    query!.asOf = String(parseHeader(leaf)["at"]);
  });
}
