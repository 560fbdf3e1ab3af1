import { z } from "zod";
import { bearerKind } from "../bearer.ts";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, email, fromCursor, line, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { externalKinds, importExternal, listExternal, markGone } from "./external-credentials.ts";

const maxItems = 2000;
/** A list of keys is where somebody pastes the keys themselves: what looks like one never reaches the store. */
const looksSecret = /\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|xox[abpr]-[\w-]{10,}|AIza[\w-]{30,}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)|-----BEGIN/;
const plain = (schema: z.ZodString) => schema.refine((text) => !looksSecret.test(text) && !text.split(/\s+/).some((word) => bearerKind(word) !== undefined), "looks like a secret itself: write what it is called, never what it is");
const day = z.iso.date();
const item = {
  name: plain(line),
  location: plain(line),
  kind: z.enum(externalKinds),
  system: pathName.nullable(),
  owner: email.nullable(),
  created: day.nullable(),
  ends: day.nullable(),
  note: plain(z.string().max(1000)).nullable(),
};
const listed = z.object({ id: z.string(), ...item, name: z.string(), location: z.string(), owner: z.string().nullable(), note: z.string().nullable(), ageDays: z.number().nullable(), importedAt: z.string() });
const imported = z.strictObject({ ...item, kind: item.kind.default("api-key"), system: item.system.default(null), owner: item.owner.default(null), created: item.created.default(null), ends: item.ends.default(null), note: item.note.default(null) });

export interface ExternalCredentialRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
}

export function externalCredentialRoutes(app: App, deps: ExternalCredentialRouteDeps): void {
  const { db, org, now, contexts } = deps;

  app.get(
    "/api/v1/external-credentials",
    { config: { access: "signed-in" }, schema: { operationId: "listExternalCredentials", summary: "Keys that live elsewhere, with owner and age", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), owner: z.string().max(254).optional() }), response: { 200: page(listed) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listExternal(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.post(
    "/api/v1/external-credentials",
    { config: { access: editors }, schema: { operationId: "importExternalCredentials", summary: "Import keys that live elsewhere: their names, never the keys", body: z.strictObject({ items: z.array(imported).min(1).max(maxItems) }), response: { 200: z.object({ items: z.array(z.object({ id: z.string(), action: z.enum(["created", "updated"]) })).readonly() }) } } },
    async (request) => ({ items: await importExternal(contexts.quiet(actorOf(request)), request.body.items) }),
  );

  app.post(
    "/api/v1/external-credentials/:id/gone",
    { config: { access: editors }, schema: { operationId: "endExternalCredential", summary: "The key was destroyed where it lived", params: z.object({ id: pathName }), body: reasonBody } },
    async (request, reply) => {
      await markGone(contexts.quiet(actorOf(request)), request.params.id, request.body.reason);
      return reply.code(204).send();
    },
  );
}
