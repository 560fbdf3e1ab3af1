import { z } from "zod";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, fromCursor, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { decideApproval } from "./decide.ts";
import type { ApprovalEffect } from "./decide.ts";
import { approvalNotFound } from "./open.ts";
import { listApprovals, readApproval } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import { viewApproval } from "./view.ts";

const signature = z.object({ kind: z.literal("token"), person: z.string(), role: z.string(), choice: z.enum(["approve", "refuse"]), reason: z.string(), at: z.string() });
const approval = z.object({
  id: z.string(),
  state: z.enum(["pending", "approved", "refused", "lapsed"]),
  statement: z.record(z.string(), z.unknown()),
  digest: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  signature: signature.nullable(),
  signatures: z.array(signature),
  spent: z.boolean(),
  system: z.string().nullable(),
  action: z.string(),
  resource: z.string().nullable(),
  tier: z.string(),
  title: z.string(),
  question: z.string(),
  facts: z.array(z.object({ label: z.string(), value: z.string() })),
  rule: z.string().optional(),
  reason: z.string(),
  requester: z.string().nullable(),
  approvers: z.array(z.object({ group: z.string(), count: z.number(), members: z.array(z.string()) })),
  decisionId: z.string().optional(),
  input: z.record(z.string(), z.unknown()).nullable(),
  mayDecide: z.boolean(),
  cannotBecause: z.string().optional(),
  method: z.enum(["session", "passkey", "token"]),
});
const params = z.object({ id: pathName });

export interface ApprovalRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly effects: Readonly<Record<string, ApprovalEffect>>;
  /** Opens the sealed arguments of a held call for whoever may read them. */
  readonly openInput: (approval: ApprovalRecord) => Readonly<Record<string, unknown>> | null;
}

export function approvalRoutes(app: App, deps: ApprovalRouteDeps): void {
  const { db, org, now, contexts } = deps;
  const view = (one: ApprovalRecord, actor: Actor) => viewApproval(one, actor, now(), mayReadInput(one, actor) ? deps.openInput(one) : null);

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
      const rows = await db.read(org, (tx) => listApprovals(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => view(row, actorOf(request)), (row) => `${row.expiresAt.toISOString()}~${row.id}`);
    },
  );

  app.get("/api/v1/approvals/:id", { config: { access: "signed-in" }, schema: { operationId: "getApproval", params, response: { 200: approval } } }, async (request) => {
    const found = await db.read(org, (tx) => readApproval(tx, org, request.params.id));
    if (found === undefined) throw approvalNotFound();
    return view(found, actorOf(request));
  });

  for (const choice of ["approve", "refuse"] as const) {
    app.post(
      `/api/v1/approvals/:id/${choice}`,
      { config: { access: "signed-in" }, schema: { operationId: `${choice}Approval`, params, body: reasonBody, response: { 200: approval } } },
      async (request) => {
        const actor = actorOf(request);
        return view(await decideApproval(contexts.for(actor), request.params.id, choice, request.body.reason, deps.effects), actor);
      },
    );
  }
}

/** Arguments can name people and amounts: approvers, the requester and auditors read them, others see the hash. */
function mayReadInput(approval: ApprovalRecord, actor: Actor): boolean {
  if (actor.email === null) return false;
  return actor.email === approval.requester || actor.roles.includes("auditor") || approval.approvers.some((set) => set.members.some((member) => member.email === actor.email));
}
