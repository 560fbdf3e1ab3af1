import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

export const externalKinds = ["api-key", "password", "certificate", "token", "ssh-key", "other"] as const;
export type ExternalKind = (typeof externalKinds)[number];

/** What is known of a key that lives elsewhere. Never the key. */
export interface ExternalCredential {
  readonly name: string;
  readonly location: string;
  readonly kind: ExternalKind;
  readonly system: string | null;
  readonly owner: string | null;
  /** Days, `YYYY-MM-DD`. */
  readonly created: string | null;
  readonly ends: string | null;
  readonly note: string | null;
}

export interface ListedExternal extends ExternalCredential {
  readonly id: string;
  readonly ageDays: number | null;
  readonly importedAt: string;
}

interface Row {
  id: string;
  name: string;
  location: string;
  kind: ExternalKind;
  system: string | null;
  owner: string | null;
  created: string | null;
  ends: string | null;
  note: string | null;
  imported_at: Date;
}

/** @returns which were new, changed or the same, in the order of `items`. A key is known by its place and name. */
export async function importExternal(ctx: ServerContext, items: readonly ExternalCredential[]): Promise<readonly { readonly id: string; readonly action: "created" | "updated" }[]> {
  return ctx.transact(async (tx, record) => {
    const done: { id: string; action: "created" | "updated" }[] = [];
    for (const item of items) {
      const id = newId("credential", ctx.now(), ctx.random).replace("cred_", "ext_");
      const { rows } = await sql<{ id: string }>`insert into external_credentials (org, id, name, location, kind, system, owner, created_on, ends_on, note, imported_by, imported_at)
        values (${ctx.org}, ${id}, ${item.name}, ${item.location}, ${item.kind}, ${item.system}, ${item.owner}, ${item.created}, ${item.ends}, ${item.note}, ${ctx.actor.id}, ${new Date(ctx.now())})
        on conflict (org, location, name) do update set kind = excluded.kind, system = excluded.system, owner = excluded.owner, created_on = excluded.created_on, ends_on = excluded.ends_on, note = excluded.note,
          imported_by = excluded.imported_by, imported_at = excluded.imported_at, gone_at = null returning id`.execute(tx);
      done.push({ id: rows[0]!.id, action: rows[0]!.id === id ? "created" : "updated" });
    }
    record({ type: "credential", payload: { event: "external.imported", items: items.map((item, index) => ({ ...done[index], ...item })), by: ctx.actor.id } });
    return done;
  });
}

export async function listExternal(tx: Tx, org: string, nowMs: number, page: { cursor?: string | undefined; limit: number; system?: string | undefined; owner?: string | undefined }): Promise<readonly ListedExternal[]> {
  const { rows } = await sql<Row>`select id, name, location, kind, system, owner, to_char(created_on, 'YYYY-MM-DD') as created, to_char(ends_on, 'YYYY-MM-DD') as ends, note, imported_at from external_credentials
    where org = ${org} and gone_at is null and (${page.cursor ?? null}::text is null or id < ${page.cursor ?? null})
    and (${page.system ?? null}::text is null or system = ${page.system ?? null}) and (${page.owner ?? null}::text is null or owner = ${page.owner ?? null}) order by id desc limit ${page.limit}`.execute(tx);
  return rows.map(({ imported_at, ...row }) => ({ ...row, ageDays: row.created === null ? null : Math.floor((nowMs - Date.parse(row.created)) / 86_400_000), importedAt: imported_at.toISOString() }));
}

/** The key was destroyed where it lived. Its row stays as history. @throws AppError `external_credentials.not_found` (404) */
export async function markGone(ctx: ServerContext, id: string, reason: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ system: string | null }>`update external_credentials set gone_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${id} and gone_at is null returning system`.execute(tx);
    if (rows[0] === undefined) throw new AppError({ code: "external_credentials.not_found", status: 404, message: "There is no such key in the inventory.", remedies: [{ text: "List them with GET /api/v1/external-credentials." }] });
    record({ type: "credential", ...(rows[0].system === null ? {} : { system: rows[0].system }), payload: { event: "external.gone", external: id, reason, by: ctx.actor.id } });
  });
}
