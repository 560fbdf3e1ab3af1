import { AppError } from "@mandate/model";
import { parseHeader } from "@mandate/ledger";
import { catalogs } from "@mandate/frameworks";
import { sql } from "kysely";
import { z } from "zod";
import { auditsCovered, enter, readRoom } from "../audits/index.ts";
import type { Actor } from "../command.ts";
import { readRegisterVersion } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { assertWhole, consistencyBody, createPack, entryProof, heads, logSummaries, readPayload, trustState } from "../evidence/index.ts";
import type { Evidence, PackScope } from "../evidence/index.ts";
import { actorOf, cursorUnknown, fromCursor, instant, page, pageQuery, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { packBuilder } from "./pack-builder.ts";
import { previewPack } from "./pack-preview.ts";
import type { StoreCheck } from "./store-check.ts";
import { packContent } from "./pack-files.ts";
import type { PackContentParts } from "./pack-files.ts";

const log = z.object({ origin: z.string(), vkey: z.string(), size: z.number(), root: z.string() });
const header = z.record(z.string(), z.unknown());
const entry = z.object({
  header,
  leaf: z.string(),
  proof: z.object({ index: z.number(), size: z.number(), hashes: z.array(z.string()) }),
  checkpoint: z.string(),
  vkey: z.string(),
});
const integrity = z.object({
  running: z.object({ startedAt: z.string(), entries: z.number(), total: z.number() }).nullable(),
  checkedAt: z.string().nullable(),
  ok: z.boolean().nullable(),
  problems: z.array(z.object({ code: z.string(), path: z.string(), index: z.number().nullable(), message: z.string() })),
});
const building = z.object({ started: z.string(), systems: z.array(z.string()).readonly(), entries: z.number(), payloads: z.number(), bytes: z.number() });
const packBody = z.strictObject({ system: z.string().max(128).optional(), systems: z.array(z.string().max(128)).max(500).optional(), since: instant.optional(), until: instant.optional(), disclose: z.string().trim().min(1).max(1000).optional(), audit: pathName.optional(), framework: z.string().max(64).optional() });
type PackBody = z.infer<typeof packBody>;

const logName = z.string().min(1).max(300);
const index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Who may take evidence out or open what was sealed: those who answer for it and those who audit it. */
const readers = ["auditor", "business-owner", "technical-owner", "security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official", "administrator"] as const;

export interface ProofRouteDeps extends PackContentParts {
  readonly db: Database;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly masterKey: Uint8Array;
  readonly evidence: Evidence;
  readonly drain: () => Promise<unknown>;
  /** Asks the witnesses for the newest checkpoint. */
  readonly cosign: () => Promise<void>;
  /** Where packs stand while they are built and sent. */
  readonly scratchDir: string;
  readonly storeCheck: StoreCheck;
}

/** Logs, proofs, payloads on record, packs: everything an outsider needs to stop believing us. */
export function proofRoutes(app: App, deps: ProofRouteDeps): void {
  const { db, org, now, evidence } = deps;
  const keys = { masterKey: deps.masterKey, random: deps.random, now };
  const packs = packBuilder(deps.scratchDir, now);
  const drain = async (): Promise<void> => {
    await deps.drain();
    await evidence.publishCheckpoints();
  };

  app.get("/api/v1/evidence/logs", { config: { access: "signed-in" }, schema: { operationId: "listLogs", response: { 200: z.array(log) } } }, () => db.read(org, (tx) => logSummaries(tx, org)));

  app.get("/api/v1/evidence/head", { config: { access: "signed-in" }, schema: { operationId: "getHeads", summary: "Newest checkpoint of every log, as signed notes" } }, async (_request, reply) => {
    await drain();
    // A head handed out is a promise about everything below it.
    await assertWhole(db, org);
    return reply.type("text/plain; charset=utf-8").send(await db.read(org, (tx) => heads(tx, org)));
  });

  app.get(
    "/api/v1/evidence/proof",
    { config: { access: "signed-in" }, schema: { operationId: "getConsistency", querystring: z.object({ from: index, log: logName }) } },
    async ({ query }, reply) => reply.type("text/plain; charset=utf-8").send(await db.read(org, (tx) => consistencyBody(tx, org, query.log, query.from))),
  );

  app.get(
    "/api/v1/evidence/entries/:log",
    {
      config: { access: "signed-in" },
      schema: { operationId: "listEntries", params: z.object({ log: logName }), querystring: z.object(pageQuery), response: { 200: page(z.object({ index: z.number(), header })) } },
    },
    async ({ params, query }) => {
      const before = query.cursor === undefined ? null : Number(fromCursor(query.cursor));
      if (before !== null && !Number.isSafeInteger(before)) throw cursorUnknown();
      const { rows } = await db.read(org, (tx) =>
        sql<{ index: string; leaf: Buffer }>`select index, leaf from evidence_entry where org = ${org} and origin = ${params.log} and (${before}::bigint is null or index < ${before}::bigint) order by index desc limit ${query.limit + 1}`.execute(tx),
      );
      const shown = rows.slice(0, query.limit);
      return { items: shown.map((row) => ({ index: Number(row.index), header: { ...parseHeader(row.leaf) } })), nextCursor: rows.length > query.limit ? Buffer.from(String(shown.at(-1)!.index)).toString("base64url") : null };
    },
  );

  app.get("/api/v1/evidence/entries/:log/:index", { config: { access: "signed-in" }, schema: { operationId: "getEntry", params: z.object({ log: logName, index }), response: { 200: entry } } }, async ({ params }) => {
    const found = await db.read(org, (tx) => entryProof(tx, org, params.log, params.index), { isolation: "repeatable read" });
    if (found !== undefined) return found;
    await deps.drain();
    const drained = await db.read(org, (tx) => entryProof(tx, org, params.log, params.index), { isolation: "repeatable read" });
    if (drained === undefined) throw new AppError({ code: "evidence.no_entry", status: 404, message: `The log has no entry ${params.index}.`, remedies: [{ text: "List the logs and their sizes with GET /api/v1/evidence/logs." }] });
    return drained;
  });

  app.post(
    "/api/v1/evidence/entries/:log/:index/open",
    {
      // What was opened stays out of the answers kept for repeats: an erasure would not find it there.
      config: { access: readers, secretAnswer: true },
      schema: {
        operationId: "openEntry",
        summary: "Open what an entry sealed; the reading is itself an entry",
        params: z.object({ log: logName, index }),
        body: z.strictObject({ reason: z.string().trim().min(1).max(1000) }),
        response: { 200: z.object({ header, payload: z.unknown(), messages: z.array(z.string().nullable()).readonly(), context: z.unknown() }) },
      },
    },
    async (request) => {
      const actor = actorOf(request);
      requirePerson(actor);
      return readPayload({ db, evidence, keys, log: request.params.log, index: request.params.index, actor, register: await registerVersion(), reason: request.body.reason });
    },
  );

  app.post(
    "/api/v1/evidence/verify",
    { config: { access: "signed-in" }, schema: { operationId: "verifyStore", summary: "Re-hash the whole store against its signed heads" } },
    async (request, reply) => {
      // A large store takes longer to re-hash than an idle connection may stay open.
      request.raw.socket.setTimeout(0);
      await drain();
      const result = await deps.storeCheck.run();
      const { trust, unanchored } = await db.read(org, (tx) => trustState(tx, org));
      // What an outside checkpoint vouched for, a store with problems no longer is.
      return reply.send({ ...result, ...(result.ok ? { trust, unanchored } : { trust: "self-attested", unanchored: result.entries }) });
    },
  );

  app.get(
    "/api/v1/evidence/integrity",
    { config: { access: "signed-in" }, schema: { operationId: "getIntegrity", summary: "When the whole store was last re-hashed, what was found, and how far a running check is", response: { 200: integrity } } },
    () => {
      const { problems, ...state } = deps.storeCheck.state();
      return { ...state, problems: [...problems] };
    },
  );

  app.post(
    "/api/v1/evidence/packs",
    {
      config: { access: readers },
      schema: {
        operationId: "createPack",
        body: packBody,
      },
    },
    async (request, reply) => {
      const { body } = request;
      // A large pack takes longer to build than an idle connection may stay open.
      request.raw.socket.setTimeout(0);
      const scope = await scopeOf(body, actorOf(request));
      const audits = await db.read(org, (tx) => auditsCovered(tx, org, scope, body.audit ?? null));
      const file = await packs.build(scope.systems, async (sink, onProgress) =>
        createPack(
          {
            db,
            evidence,
            keys,
            actor: actorOf(request),
            register: await registerVersion(),
            now,
            ...scope,
            disclose: body.disclose ?? null,
            drain,
            audits,
            ...packContent(deps, { ...scope, audits }, actorOf(request)),
            onProgress,
            cosign: deps.cosign,
          },
          sink,
        ),
      );
      return reply.type("application/zip").header("content-length", file.bytes).header("content-disposition", 'attachment; filename="mandate-evidence.zip"').send(file.stream);
    },
  );

  app.post(
    "/api/v1/evidence/packs/preview",
    {
      config: { access: readers },
      schema: { operationId: "previewPack", summary: "What a pack of this scope would hold and what disclosing would open", body: packBody, response: { 200: z.object({ decisions: z.number(), entries: z.number(), approvals: z.number(), opens: z.number(), erased: z.number(), erasures: z.number(), holds: z.number() }) } },
    },
    async (request) => {
      const scope = await scopeOf(request.body, actorOf(request));
      await deps.drain();
      return db.read(org, (tx) => previewPack(tx, org, scope));
    },
  );

  app.get(
    "/api/v1/evidence/packs",
    { config: { access: readers }, schema: { operationId: "listPacks", summary: "Packs being built now, and how far each is", response: { 200: z.object({ items: z.array(building) }) } } },
    () => ({ items: [...packs.running()] }),
  );

  /** An audit's pack has the audit's scope, and is taken by those who take part in it. */
  async function scopeOf(body: PackBody, actor: Actor): Promise<PackScope & { readonly framework: string | null }> {
    const framework = body.framework ?? null;
    if (framework !== null && !catalogs().some((one) => one.key === framework)) throw new AppError({ code: "frameworks.unknown", status: 404, message: "No framework has this key.", remedies: [{ text: "List them.", command: "npx mandate get frameworks" }] });
    const { audit } = body;
    if (audit !== undefined) {
      const { systems, since, until, framework: audited } = await db.read(org, async (tx) => {
        await enter(tx, org, audit, actor, now(), "read");
        return readRoom(tx, org, audit, now());
      });
      return { systems, since, until, framework: framework ?? audited };
    }
    return { systems: [...new Set([...(body.systems ?? []), ...(body.system === undefined ? [] : [body.system])])], since: body.since ?? null, until: body.until ?? null, framework };
  }

  const registerVersion = (): Promise<number> => db.read(org, (tx) => readRegisterVersion(tx, org));
}

/** Prompts are opened by someone who can be asked why; a service account can't. */
function requirePerson(actor: Actor): void {
  if (actor.kind === "person") return;
  throw new AppError({ code: "evidence.person_needed", status: 403, message: "What was sealed is opened by a person, in their own name.", remedies: [{ text: "Use a person's token or session." }] });
}
