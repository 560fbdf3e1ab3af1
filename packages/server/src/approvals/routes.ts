import { tiers } from "@mandate/model";
import { z } from "zod";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { actorOf, editors, fromCursor, instant, page, pageQuery, pathName, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { passkeysOf } from "../passkeys/index.ts";
import { decideBatch, maxBatch } from "./batch.ts";
import { listCommittees, proposeCommittee } from "./committees.ts";
import { decideApproval } from "./decide.ts";
import type { DecisionPorts } from "./decide.ts";
import { loadDirectory } from "./directory.ts";
import { approvalMetrics } from "./habits.ts";
import { tierInForce } from "./obstacles.ts";
import { approvalNotFound } from "./open.ts";
import { noteOpened } from "./opened.ts";
import { currentTiers, listApprovals, readApproval } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import { membersNow } from "./seats.ts";
import type { Directory } from "./seats.ts";
import { assertionBody } from "./sign.ts";
import { viewApproval } from "./view.ts";

const signature = z.object({
  kind: z.enum(["token", "totp", "webauthn"]),
  person: z.string(),
  personId: z.string(),
  role: z.string(),
  set: z.string(),
  choice: z.enum(["approve", "refuse"]),
  reason: z.string(),
  at: z.string(),
  digest: z.string().optional(),
  onBehalfOf: z.string().optional(),
  delegation: z.string().optional(),
  conditions: z.array(z.unknown()).optional(),
  credentialId: z.string().optional(),
  publicKey: z.string().optional(),
  authenticatorData: z.string().optional(),
  clientDataJSON: z.string().optional(),
  signature: z.string().optional(),
  rpId: z.string().optional(),
  origin: z.string().optional(),
});
const approval = z.object({
  id: z.string(),
  state: z.enum(["pending", "approved", "refused", "lapsed"]),
  statement: z.record(z.string(), z.unknown()),
  digest: z.string(),
  refuseDigest: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  signature: signature.nullable(),
  signatures: z.array(signature),
  spent: z.boolean(),
  system: z.string().nullable(),
  action: z.string(),
  resource: z.string().nullable(),
  tier: z.enum(tiers),
  title: z.string(),
  question: z.string(),
  facts: z.array(z.object({ label: z.string(), value: z.string() })),
  claim: z.string().nullable(),
  checks: z.array(z.object({ text: z.string(), outcome: z.enum(["allow", "unknown"]) })),
  rule: z.string().optional(),
  reason: z.string(),
  requester: z.string().nullable(),
  askedBy: z.string().nullable(),
  approvers: z.array(
    z.object({
      group: z.string(),
      count: z.number(),
      members: z.array(z.string()),
      open: z.boolean(),
      committee: z.object({ group: z.string(), quorum: z.number(), verdict: z.enum(["approve", "refuse"]).nullable() }).optional(),
    }),
  ),
  minutes: z.string().nullable(),
  decisionId: z.string().optional(),
  authorization: z.string().optional(),
  input: z.record(z.string(), z.unknown()).nullable(),
  mayDecide: z.boolean(),
  cannotBecause: z.string().optional(),
  onBehalfOf: z.string().optional(),
  votesInCommittee: z.boolean(),
  method: z.enum(["session", "passkey", "token"]),
  url: z.string(),
  passkeyRequired: z.boolean(),
  passkey: z.object({ rpId: z.string(), credentialIds: z.array(z.string()) }).nullable(),
});
const params = z.object({ id: pathName });

/** What goes with any answer, through whichever door. */
export const answerBody = z.strictObject({
  reason: z.string().trim().min(1).max(1000),
  webauthn: assertionBody.optional(),
  signedAt: instant.optional(),
  conditions: z.array(z.unknown()).max(50).optional(),
  minutes: z.string().trim().min(1).max(20_000).optional(),
});

const habit = z.object({ person: z.string(), answers: z.number(), yesRate: z.number(), medianSeconds: z.number(), fastestSeconds: z.number() });
const metrics = z.object({ since: z.string(), asked: z.number(), approved: z.number(), refused: z.number(), lapsed: z.number(), pending: z.number(), yesRate: z.number().nullable(), medianSeconds: z.number().nullable(), people: z.array(habit).readonly() });
const batchResult = z.object({ id: z.string(), state: z.enum(["pending", "approved", "refused", "lapsed"]).nullable(), problem: z.object({ code: z.string(), message: z.string() }).nullable() });
const committee = z.object({ group: z.string(), members: z.array(z.string()).readonly(), quorum: z.number(), approval: z.string(), appointedAt: z.string().nullable(), endedAt: z.string().nullable() });

export interface ApprovalRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly ports: DecisionPorts;
  /** Base of links. */
  readonly consoleUrl: string;
  /** Opens the sealed arguments of a held call for whoever may read them. */
  readonly openInput: (approval: ApprovalRecord) => Readonly<Record<string, unknown>> | null;
}

export function approvalRoutes(app: App, deps: ApprovalRouteDeps): void {
  const { db, org, now, contexts, ports } = deps;

  async function shown(tx: Tx, rows: readonly ApprovalRecord[], actor: Actor) {
    const directory = await loadDirectory(tx, org, now(), rows, actor);
    const current = await currentTiers(tx, org, rows.map((row) => row.system));
    const rpId = ports.relyingParty?.rpId ?? null;
    const passkeys = actor.kind === "person" && rpId !== null ? (await passkeysOf(tx, org, actor.id)).filter((one) => one.rpId === rpId && one.blockedAt === null).map((one) => one.credentialId) : [];
    const inputs = new Map(rows.flatMap((row) => {
      const input = mayReadInput(row, actor, directory) ? deps.openInput(row) : null;
      return input === null ? [] : [[row, input] as const];
    }));
    const views = rows.map((row) => {
      const tier = tierInForce(row, row.system === null ? undefined : current.get(row.system));
      return viewApproval(row, { actor, directory, tier, consoleUrl: deps.consoleUrl, rpId, passkeys }, inputs.get(row) ?? null);
    });
    return { rows, views, opened: [...inputs.keys()] };
  }

  app.get(
    "/api/v1/approvals",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "listApprovals",
        querystring: z.object({ ...pageQuery, state: z.enum(["pending", "approved", "refused", "lapsed"]).optional(), system: z.string().max(128).optional(), action: z.string().max(40).optional() }),
        response: { 200: page(approval) },
      },
    },
    async (request) => {
      const { query } = request;
      const { rows, views, opened } = await db.read(org, async (tx) => shown(tx, await listApprovals(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }), actorOf(request)));
      await noteOpened(contexts.quiet(actorOf(request)), opened);
      const byId = new Map(views.map((one) => [one.id, one]));
      return toPage(rows, query.limit, (row) => byId.get(row.id)!, (row) => `${row.expiresAt.toISOString()}~${row.id}`);
    },
  );

  const viewOne = async (id: string, actor: Actor) => {
    const { views, opened } = await db.read(org, async (tx) => {
      const found = await readApproval(tx, org, id);
      if (found === undefined) throw approvalNotFound();
      return shown(tx, [found], actor);
    });
    await noteOpened(contexts.quiet(actor), opened);
    return views[0]!;
  };

  app.get("/api/v1/approvals/:id", { config: { access: "signed-in" }, schema: { operationId: "getApproval", params, response: { 200: approval } } }, (request) => viewOne(request.params.id, actorOf(request)));

  for (const choice of ["approve", "refuse"] as const) {
    app.post(
      `/api/v1/approvals/:id/${choice}`,
      { config: { access: "signed-in" }, schema: { operationId: `${choice}Approval`, params, body: answerBody, response: { 200: approval } } },
      async (request) => {
        const actor = actorOf(request);
        await decideApproval(contexts.for(actor), request.params.id, { choice, ...request.body }, ports);
        return viewOne(request.params.id, actor);
      },
    );
  }

  app.post(
    "/api/v1/approval-batches",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "answerApprovals",
        summary: "Answer several held calls of one kind at once, each bound to its own hash",
        body: z.strictObject({
          choice: z.enum(["approve", "refuse"]),
          reason: z.string().trim().min(1).max(1000),
          answers: z.array(z.strictObject({ id: pathName, digest: z.string().regex(/^[0-9a-f]{64}$/), webauthn: assertionBody.optional() })).min(1).max(maxBatch),
        }),
        response: { 200: z.object({ items: z.array(batchResult) }) },
      },
    },
    async (request) => ({ items: [...(await decideBatch(db, contexts.for(actorOf(request)), request.body, ports))] }),
  );

  app.get(
    "/api/v1/approval-metrics",
    { config: { access: "signed-in" }, schema: { operationId: "getApprovalMetrics", summary: "How long people take to answer, and how often they say yes", querystring: z.object({ days: z.coerce.number().int().min(1).max(366).default(30) }), response: { 200: metrics } } },
    ({ query }) => db.read(org, (tx) => approvalMetrics(tx, org, new Date(now() - query.days * 86_400_000), now())),
  );

  app.get("/api/v1/committees", { config: { access: "signed-in" }, schema: { operationId: "listCommittees", response: { 200: z.object({ items: z.array(committee), nextCursor: z.null() }) } } }, async () => ({
    items: await db.read(org, (tx) => listCommittees(tx, org)),
    nextCursor: null,
  }));

  app.post(
    "/api/v1/committees",
    { config: { access: editors }, schema: { operationId: "proposeCommittee", summary: "Ask an authorizing official to appoint a group to decide T3 by quorum", body: z.strictObject({ group: pathName, reason: z.string().trim().min(1).max(1000) }), response: { 202: z.object({ approval: z.string() }) } } },
    async (request, reply) => reply.code(202).send(await proposeCommittee(contexts.quiet(actorOf(request)), request.body.group, request.body.reason)),
  );
}

/** Arguments can name people and amounts: approvers, the requester and auditors read them, others see the hash. */
function mayReadInput(approval: ApprovalRecord, actor: Actor, directory: Directory): boolean {
  const { email } = actor;
  if (email === null) return false;
  if (email === approval.requester || actor.roles.includes("auditor")) return true;
  const members = approval.approvers.flatMap((set) => membersNow(set, approval.system, directory).map((member) => member.email));
  return members.includes(email) || directory.delegations.some((one) => one.to === email && members.includes(one.from));
}
