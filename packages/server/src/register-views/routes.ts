import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Database } from "../database/index.ts";
import { instant, page, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { views } from "./views.ts";

/** A list and a path for each kind that lives inside others. */
export function registerViewRoutes(app: App, { db, org }: { readonly db: Database; readonly org: string }): void {
  for (const { plural, kind, summary, item, asOf, rows } of views) {
    const moment = z.object(asOf ? { asOf: instant.optional() } : {});
    const read = async (query: unknown): Promise<readonly { readonly name: string }[]> => {
      const at = (query as { readonly asOf?: string }).asOf;
      return db.read(org, (tx) => rows(tx, org, at === undefined ? null : new Date(at)));
    };

    app.get(`/api/v1/${plural}`, { config: { access: "signed-in" }, schema: { operationId: `list${kind}`, summary, querystring: moment, response: { 200: page(item) } } }, async ({ query }) => ({ items: [...(await read(query))], nextCursor: null }));

    app.get(`/api/v1/${plural}/:name`, { config: { access: "signed-in" }, schema: { operationId: `get${kind}`, params: z.object({ name: pathName }), querystring: moment, response: { 200: item } } }, async ({ params, query }) => {
      const found = (await read(query)).find((one) => one.name === params.name);
      if (found === undefined) throw new AppError({ code: "registry.not_found", status: 404, message: `There is no ${kind} with this name.`, remedies: [{ text: "List what there is.", command: `npx mandate get ${plural}` }] });
      return found;
    });
  }
}
