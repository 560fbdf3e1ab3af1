import { AppError } from "@mandate/model";
import { parseHeader } from "@mandate/ledger";
import { subjectTag } from "@mandate/gateway";
import { sql } from "kysely";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { entryPlaces, readLeaf } from "../evidence/index.ts";
import type { Evidence, LogKeys } from "../evidence/index.ts";
import { actorOf, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { askToErase, listErasures } from "./erase.ts";
import { subjectUnclear } from "./errors.ts";
import { holdsOn, listHolds, placeHold, releaseHold } from "./holds.ts";
import { countIn } from "./scope.ts";
import type { ContentScope } from "./scope.ts";

const text = (max: number) => z.string().trim().min(1).max(max);
/** Exactly one of the four says what is meant. */
const what = {
  /** As the system's own tokens name the person: `sub`, or `ISSUER#SUBJECT`. */
  subject: text(600).optional(),
  issuer: text(300).optional(),
  system: text(128).optional(),
  session: text(200).optional(),
  entry: z.strictObject({ log: text(300), index: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }).optional(),
};
const erasure = z.object({ id: z.string(), kind: z.string(), what: z.string(), basis: z.string(), askedBy: z.string(), approval: z.string().nullable(), erasedAt: z.string(), irrecoverableBy: z.string(), shreddedAt: z.string().nullable(), entries: z.number(), keys: z.number() });
const hold = z.object({ id: z.string(), scope: z.record(z.string(), z.unknown()), basis: z.string(), placedBy: z.string(), placedAt: z.string(), releasedBy: z.string().nullable(), releasedAt: z.string().nullable(), releaseReason: z.string().nullable() });
const found = z.object({ entries: z.number(), keys: z.number(), holds: z.array(z.object({ id: z.string(), basis: z.string() })) });

const keepers = ["legal-reviewer", "governance-lead", "security-reviewer", "business-owner", "authorizing-official", "administrator"] as const;
const releasers = ["legal-reviewer", "governance-lead", "authorizing-official"] as const;

export interface RetentionRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly contexts: Contexts;
  readonly evidence: Evidence;
  readonly keys: LogKeys;
  /** Issuers whose tokens name people here. */
  readonly issuers: () => readonly string[];
  readonly drain: () => Promise<unknown>;
}

/** Erasure, legal hold, and their receipts. */
export function retentionRoutes(app: App, deps: RetentionRouteDeps): void {
  const { db, org, contexts, evidence, keys } = deps;

  async function scopeOf(body: { readonly [K in keyof typeof what]?: z.infer<(typeof what)[K]> }): Promise<ContentScope> {
    const named = [body.subject, body.system, body.session, body.entry].filter((one) => one !== undefined);
    if (named.length !== 1) throw new AppError({ code: "evidence.scope", status: 400, message: "Name one of subject, system, session and entry.", remedies: [{ text: "Erase or hold several one after the other." }] });
    if (body.system !== undefined) return { kind: "system", system: body.system };
    if (body.session !== undefined) return { kind: "session", session: body.session };
    if (body.entry !== undefined) {
      const { log, index } = body.entry;
      return db.read(org, async (tx) => ({ kind: "entry", log, index, places: await placesOf(tx, log, index) }));
    }
    return { kind: "subject", tag: subjectTag(await evidence.subjectKey(), subjectOf(body.subject!, body.issuer)) };
  }

  function subjectOf(subject: string, issuer: string | undefined): string {
    if (issuer !== undefined) return `${issuer}#${subject}`;
    if (subject.includes("#")) return subject;
    const issuers = [...new Set(deps.issuers())];
    if (issuers.length !== 1) throw subjectUnclear();
    return `${issuers[0]}#${subject}`;
  }

  async function placesOf(tx: Tx, log: string, index: number) {
    const leaf = await readLeaf(tx, org, log, index);
    if (leaf === undefined) throw new AppError({ code: "evidence.no_entry", status: 404, message: `The log ${log} has no entry ${index}.`, remedies: [{ text: "List the logs and their sizes with GET /api/v1/evidence/logs." }] });
    return entryPlaces(tx, org, keys, { log, index }, parseHeader(leaf));
  }

  app.post(
    "/api/v1/evidence/erasures",
    {
      config: { access: keepers },
      schema: {
        operationId: "eraseContent",
        summary: "Ask for content to be erased: its keys are destroyed once a second person agrees",
        querystring: z.object({ dryRun: z.enum(["true", "false"]).default("false") }),
        body: z.strictObject({ ...what, basis: text(500), reason: text(1000) }),
        response: { 200: found, 202: z.object({ approval: z.string(), expiresAt: z.string(), entries: z.number(), keys: z.number() }) },
      },
    },
    async (request, reply) => {
      const { basis, reason, ...named } = request.body;
      // What waits in a journal is content as well.
      await deps.drain();
      const scope = await scopeOf(named);
      if (request.query.dryRun === "true") {
        return db.read(org, async (tx) => ({ ...(await countIn(tx, org, scope)), holds: [...(await holdsOn(tx, org, scope))] }));
      }
      return reply.code(202).send(await askToErase(contexts.quiet(actorOf(request)), { scope, basis, reason }));
    },
  );

  app.get("/api/v1/evidence/erasures", { config: { access: "signed-in" }, schema: { operationId: "listErasures", summary: "Receipts: what was erased when, and from when on nobody can bring it back", response: { 200: z.object({ items: z.array(erasure) }) } } }, async () => ({
    items: await db.read(org, (tx) => listErasures(tx, org)),
  }));

  app.post(
    "/api/v1/evidence/holds",
    { config: { access: keepers }, schema: { operationId: "holdContent", summary: "Legal hold: keeps content from erasure and from its end", body: z.strictObject({ ...what, basis: text(500) }), response: { 201: z.object({ id: z.string() }) } } },
    async (request, reply) => {
      const { basis, ...named } = request.body;
      await deps.drain();
      return reply.code(201).send({ id: await placeHold(contexts.quiet(actorOf(request)), await scopeOf(named), basis) });
    },
  );

  app.get("/api/v1/evidence/holds", { config: { access: "signed-in" }, schema: { operationId: "listHolds", response: { 200: z.object({ items: z.array(hold) }) } } }, async () => ({
    items: (await db.read(org, (tx) => listHolds(tx, org))).map((one) => ({ ...one, scope: { ...one.scope } })),
  }));

  app.post(
    "/api/v1/evidence/holds/:id/release",
    { config: { access: releasers }, schema: { operationId: "releaseHold", params: z.object({ id: pathName }), body: z.strictObject({ reason: text(1000) }), response: { 204: z.null() } } },
    async (request, reply) => {
      await releaseHold(contexts.quiet(actorOf(request)), request.params.id, request.body.reason);
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/api/v1/evidence/keys/rotate",
    { config: { access: ["administrator", "security-reviewer"] }, schema: { operationId: "rotateSealingKeys", summary: "New sealing keys from now on; what the old ones wrapped still opens", body: z.strictObject({ reason: text(1000) }), response: { 200: z.object({ retired: z.number() }) } } },
    async (request) => {
      // Gateways get the new keys with the snapshot that this change brings.
      const retired = await contexts.for(actorOf(request)).transact(async (tx, record) => {
        const count = await evidence.retireSealingKeys(tx);
        record({ type: "setting", payload: { event: "sealing_keys.rotated", retired: count, reason: request.body.reason } });
        return count;
      });
      return { retired };
    },
  );

  app.get(
    "/api/v1/evidence/content",
    { config: { access: "signed-in" }, schema: { operationId: "contentRetention", summary: "Sealing keys by system, class and month, with their end and what they still open", response: { 200: z.object({ items: z.array(z.object({ system: z.string(), retention: z.string(), month: z.string(), ends: z.string().nullable(), retired: z.boolean(), keys: z.number() })) }) } } },
    async () => ({
      items: await db.read(org, async (tx) => {
        const { rows } = await sql<{ system: string; retention: string; month: string; ends_at: Date | null; retired: boolean; keys: number }>`
          SELECT system, retention, month, ends_at, retired_at IS NOT NULL AS retired, (SELECT count(*)::int FROM evidence_key k WHERE k.org = e.org AND k.kid = e.kid) AS keys
          FROM evidence_kek e WHERE org = ${org} ORDER BY month DESC, system, retention LIMIT 2000`.execute(tx);
        return rows.map(({ ends_at, ...row }) => ({ ...row, ends: ends_at?.toISOString() ?? null }));
      }),
    }),
  );
}
