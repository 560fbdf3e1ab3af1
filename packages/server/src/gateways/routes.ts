import type { KeyObject } from "node:crypto";
import { offeredTools } from "@mandate/gateway";
import type { ControlPort, HoldRequest, LeaseAsk, LeaseGrant, HoldTicket, SpendResult } from "@mandate/gateway";
import { commonFormat, rawPublicKey } from "@mandate/gateway/remote";
import type { JournalPush } from "@mandate/gateway/remote";
import { AppError, newId, sensitivities } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import { bearerHash, newBearer } from "../bearer.ts";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { isUniqueViolation } from "../database/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { actorOf, administrators, page, RateLimit } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { addedSchema } from "./figures.ts";
import type { GatewayLinks } from "./links.ts";
import { gatewaySchema } from "./list.ts";
import type { GatewayList } from "./list.ts";
import { keepRawBody, signedRequests } from "./signed-requests.ts";
import { beginRun, enrolGateway, fenced, gatewayOfToken, noteSeen, removeGateway, requireSystems } from "./store.ts";
import { takeJournal } from "./take-journal.ts";

export interface GatewayRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly evidence: Evidence;
  readonly links: GatewayLinks;
  /** Signs what gateways obey. */
  readonly key: KeyObject;
  readonly list: GatewayList;
  readonly openHold: (hold: HoldRequest) => Promise<HoldTicket>;
  readonly spend: (id: string, callHash: string, system: string) => Promise<SpendResult>;
  readonly report: ControlPort["report"];
  readonly offered: NonNullable<ControlPort["offered"]>;
  readonly spans: NonNullable<ControlPort["spans"]>;
  readonly lease: (holder: string, ask: LeaseAsk) => Promise<LeaseGrant>;
  /** Entries reached the store. */
  readonly onSequenced: (entries: number) => void;
}

const systemName = z.string().min(1).max(128);
const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "is not 32 bytes in base64url");
const chain = key;
const runName = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
const open = { config: { access: "public" } } as const;
const sessionId = z.string().regex(/^ses_[0-9a-z]{1,64}$/);
const words = z.array(z.string().max(200)).max(1_000);
const sessionLabels = z.strictObject({ maxSensitivity: z.enum(sensitivities), untrusted: z.boolean(), residency: words, classes: words, purposes: words.nullable() });

export function gatewayRoutes(app: App, deps: GatewayRouteDeps): void {
  adminRoutes(app, deps);
  void app.register(async (scope) => {
    // Signed requests are compared byte for byte, so the bytes are kept beside what is parsed from them.
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "buffer", bodyLimit: 16 * 1024 * 1024 }, (request, raw, done) => {
      try {
        const body: unknown = JSON.parse(raw.toString("utf8"));
        keepRawBody(request, raw as Buffer);
        done(null, body);
      } catch {
        done(new AppError({ code: "request.body", status: 400, message: "The body is not JSON.", remedies: [{ text: "Send JSON." }] }), undefined);
      }
    });
    linkRoutes(scope, deps);
  });
}

function adminRoutes(app: App, { org, contexts, links, list }: GatewayRouteDeps): void {
  app.get("/api/v1/gateways", { config: { access: "signed-in" }, schema: { operationId: "listGateways", response: { 200: page(gatewaySchema) } } }, async () => ({ items: [...(await list.all())], nextCursor: null }));

  app.get("/api/v1/gateways/:name", { config: { access: "signed-in" }, schema: { operationId: "getGateway", params: z.object({ name: z.string().max(128) }), response: { 200: gatewaySchema } } }, async ({ params }) => {
    const found = (await list.all()).find((one) => one.name === params.name);
    if (found === undefined) throw new AppError({ code: "gateways.not_found", status: 404, message: "There is no gateway with this name.", remedies: [{ text: "List them.", command: "npx mandate get gateways" }] });
    return found;
  });

  app.post(
    "/api/v1/gateways",
    {
      config: { access: administrators, secretAnswer: true },
      schema: { operationId: "registerGateway", body: z.strictObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "is not a name"), serves: z.array(systemName).min(1).max(1000).optional() }), response: { 201: z.object({ id: z.string(), token: z.string() }) } },
    },
    async (request, reply) => {
      const ctx = contexts.quiet(actorOf(request));
      const token = newBearer("gatewayEnrolment", ctx.random);
      const id = newId("gateway", ctx.now(), ctx.random);
      const { name } = request.body;
      const serves = request.body.serves === undefined ? null : [...new Set(request.body.serves)].toSorted();
      try {
        await ctx.transact(async (tx, record) => {
          if (serves !== null) await requireSystems(tx, org, serves);
          await sql`insert into gateways (org, id, name, token_hash, serves, created_at) values (${org}, ${id}, ${name}, ${bearerHash(token)}, ${serves}, ${new Date(ctx.now())})`.execute(tx);
          record({ type: "setting", payload: { event: "gateway.registered", gateway: id, name, serves, by: ctx.actor.id } });
        });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new AppError({ code: "gateways.name_taken", status: 409, message: `A gateway is registered as \`${name}\`.`, remedies: [{ text: "Choose another name." }] });
      }
      return reply.code(201).send({ id, token });
    },
  );

  app.delete("/api/v1/gateways/:name", { config: { access: administrators }, schema: { operationId: "removeGateway", summary: "It gets nothing more and nothing it sends is believed; its log stays", params: z.object({ name: z.string().max(128) }), response: { 204: z.null() } } }, async (request, reply) => {
    links.cut(await removeGateway(contexts.quiet(actorOf(request)), request.params.name));
    return reply.code(204).send(null);
  });
}

/** What stand-alone gateways call. Each request is signed by the slot's own key; none carries a bearer. */
function linkRoutes(app: App, deps: GatewayRouteDeps): void {
  const { db, org, now, contexts, evidence, links } = deps;
  const signed = signedRequests(db, org, now);
  const attempts = new RateLimit(30);
  const pushing = new Map<string, Promise<unknown>>();
  const seen = (id: string, version: number | null) => db.transaction(org, (tx) => noteSeen(tx, org, id, version, new Date(now())));

  app.post("/api/v1/gateway/enrol", { config: { access: "public", secretAnswer: true }, schema: { operationId: "enrolGateway", summary: "Spend an enrolment token", body: z.strictObject({ token: z.string().max(200), signingKey: key, sealingKey: key }), response: { 201: z.object({ id: z.string(), name: z.string(), origin: z.string(), controlKey: z.string() }) } } }, async (request, reply) => {
    attempts.take(request.ip, now());
    const { token } = request.body;
    const { id } = await db.read(org, (tx) => gatewayOfToken(tx, org, token));
    const { origin } = await evidence.ensureLog(id);
    const made = await enrolGateway(contexts.quiet(systemActor("enrolment")), request.body, origin);
    return reply.code(201).send({ ...made, origin, controlKey: rawPublicKey(deps.key) });
  });

  app.post("/api/v1/gateway/run", { ...open, schema: { body: z.strictObject({ before: runName.nullable(), run: runName }) } }, async (request, reply) => {
    const { id, run: counted } = await signed.gatewayOf(request);
    const { before, run } = request.body;
    // A copy of a volume in use knows the name of the run that counts, and must not take over from it.
    if (run !== counted && (await links.answers(id))) throw fenced();
    await db.transaction(org, (tx) => beginRun(tx, org, id, before, run));
    // Whatever still hangs on the line is another process, or an earlier one.
    if (run !== counted) links.cut(id);
    return reply.code(204).send(null);
  });

  app.get("/api/v1/gateway/stream", { ...open, schema: { querystring: z.object({ version: z.coerce.number().int().min(-1).default(-1), format: z.coerce.number().int().min(1).default(1), chain: chain.optional(), sessions: z.literal("1").optional(), probes: z.literal("1").optional() }) } }, async (request, reply) => {
    const gateway = await signed.gatewayOf(request);
    const { version, chain: held } = request.query;
    const format = commonFormat(request.query.format, `Gateway ${gateway.name}`);
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store", "x-content-type-options": "nosniff" });
    links.open(gateway, reply.raw, { version, format, chain: held ?? null, sessions: request.query.sessions === "1", probes: request.query.probes === "1" });
    await seen(gateway.id, null);
  });

  app.post("/api/v1/gateway/ack", { ...open, schema: { body: z.strictObject({ version: z.int().min(0).optional(), chain: chain.optional(), drained: z.int().min(0).optional() }) } }, async (request, reply) => {
    const { id } = await signed.gatewayOf(request);
    const { version, chain: held, drained } = request.body;
    if (version !== undefined) {
      links.acknowledge(id, version, held ?? null);
      await seen(id, version);
    }
    if (drained !== undefined) links.drained(id, drained);
    return reply.code(204).send(null);
  });

  app.post("/api/v1/gateway/holds", { ...open, schema: { body: z.looseObject({ system: z.string().max(200), callHash: z.string().regex(/^[0-9a-f]{64}$/) }) } }, async (request) => {
    await signed.gatewayOf(request);
    return deps.openHold(request.body as unknown as HoldRequest);
  });

  app.post("/api/v1/gateway/spend", { ...open, schema: { body: z.strictObject({ id: z.string().max(64), callHash: z.string().regex(/^[0-9a-f]{64}$/), system: z.string().max(200) }) } }, async (request) => {
    await signed.gatewayOf(request);
    const { id, callHash, system } = request.body;
    return deps.spend(id, callHash, system);
  });

  app.post("/api/v1/gateway/take-session", { ...open, schema: { body: z.strictObject({ id: sessionId }) } }, async (request) => {
    const { id } = await signed.gatewayOf(request);
    return links.sessions.take(id, request.body.id);
  });

  app.post("/api/v1/gateway/session", { ...open, schema: { body: z.strictObject({ ask: z.int().min(0), labels: sessionLabels.nullable() }) } }, async (request, reply) => {
    const { id } = await signed.gatewayOf(request);
    links.sessions.answer(id, request.body.ask, request.body.labels);
    return reply.code(204).send(null);
  });

  const amount = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
  app.post("/api/v1/gateway/leases", { ...open, schema: { body: z.strictObject({ key: z.string().min(1).max(500), span: z.string().regex(/^\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2})?)?$/), limit: amount, want: amount, owed: amount, member: z.string().regex(/^[0-9a-f]{32}$/).optional() }) } }, async (request) => {
    const { id } = await signed.gatewayOf(request);
    const { member, ...ask } = request.body;
    return deps.lease(id, { ...ask, ...(member === undefined ? {} : { member }) });
  });

  const change = z.strictObject({ trigger: z.enum(["model-version", "tool-definition", "prompt", "refused-attempt"]), subject: z.string().max(400), old: z.string().max(4000), new: z.string().max(4000) });
  const finding = z.strictObject({ key: z.string().max(500), system: z.string().max(200), kind: z.string().max(100), title: z.string().max(1000), detail: z.string().max(4000), change: change.optional() });
  app.post("/api/v1/gateway/findings", { ...open, schema: { body: z.strictObject({ findings: z.array(finding).max(1000) }) } }, async (request, reply) => {
    await signed.gatewayOf(request);
    for (const { change: seen, ...one } of request.body.findings) deps.report({ ...one, ...(seen === undefined ? {} : { change: seen }) });
    return reply.code(204).send(null);
  });

  const spanId = z.string().regex(/^[0-9a-f]{16}$/);
  const spanName = z.string().max(253).nullable();
  const spanTime = z.int().min(0).max(8_640_000_000_000_000);
  const span = z.strictObject({ traceId: z.string().regex(/^[0-9a-f]{32}$/), spanId, parentSpanId: spanId.nullable(), startedMs: spanTime, endedMs: spanTime.nullable(), operation: z.string().max(128), model: spanName, tool: spanName, address: spanName, decision: spanName });
  app.post("/api/v1/gateway/spans", { ...open, schema: { body: z.strictObject({ system: z.string().max(200), spans: z.array(span).max(2000) }) } }, async (request, reply) => {
    await signed.gatewayOf(request);
    deps.spans(request.body.system, request.body.spans);
    return reply.code(204).send(null);
  });

  const metWords = z.string().max(300).nullable();
  const met = z.strictObject({ status: z.int().min(0).max(999), code: metWords, rule: metWords, decision: metWords });
  app.post("/api/v1/gateway/probed", { ...open, schema: { body: z.strictObject({ ask: z.int().min(0), met: z.array(met.nullable()).max(64) }) } }, async (request, reply) => {
    const { id } = await signed.gatewayOf(request);
    links.probes.answer(id, request.body.ask, request.body.met);
    return reply.code(204).send(null);
  });

  app.post("/api/v1/gateway/figures", { ...open, schema: { body: z.strictObject({ added: addedSchema }) } }, async (request, reply) => {
    const { id } = await signed.gatewayOf(request);
    deps.list.figures.take(id, request.body.added);
    return reply.code(204).send(null);
  });

  const offeredTool = z.strictObject({ tool: z.string().max(128), hash: z.string().regex(/^[0-9a-f]{64}$/), definition: z.record(z.string(), z.unknown()) });
  app.post("/api/v1/gateway/mcp-offers", { ...open, schema: { body: z.strictObject({ server: z.string().max(200), tools: z.array(offeredTool).max(500) }) } }, async (request, reply) => {
    await signed.gatewayOf(request);
    const { server, tools } = request.body;
    // Hashes are made here again: a definition and its hash must belong together for whoever reads them.
    const offered = offeredTools(tools.map((tool) => tool.definition));
    if (offered !== undefined) deps.offered(server, offered);
    return reply.code(204).send(null);
  });

  app.get("/api/v1/gateway/journal", open, async (request) => {
    const gateway = await signed.gatewayOf(request);
    return { size: (await evidence.ensureLog(gateway.id)).size };
  });

  app.post("/api/v1/gateway/journal", { ...open, schema: { body: journalBody } }, async (request) => {
    const gateway = await signed.gatewayOf(request);
    const { size } = await evidence.ensureLog(gateway.id);
    // One at a time for each slot: a repeat after a broken line must not run beside the first.
    const before = pushing.get(gateway.id) ?? Promise.resolve();
    const work = before.catch(() => undefined).then(() => takeJournal(evidence, gateway.origin, request.body as JournalPush, size));
    pushing.set(gateway.id, work);
    const { taken, ...answer } = await work;
    if (taken > 0) deps.onSequenced(taken);
    return answer;
  });
}

const base64 = z.string().max(12_000_000);
const journalBody = z.strictObject({
  from: z.int().min(0),
  records: z
    .array(z.strictObject({ leaf: base64, sealed: z.array(z.strictObject({ ct: z.string().regex(/^[0-9a-f]{64}$/), bytes: base64, wrapped: z.string().max(1000), kid: z.string().max(200) })).max(2000), summary: z.record(z.string(), z.unknown()) }))
    .min(1)
    .max(20_000),
});
