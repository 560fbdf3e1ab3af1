import type { FastifyReply } from "fastify";
import { z } from "zod";
import { readApproval, stateAt } from "../approvals/index.ts";
import type { ApprovalRecord } from "../approvals/index.ts";
import type { Database } from "../database/index.ts";
import { pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";

const thing = z.object({ type: z.string().min(1).max(512), id: z.string().min(1).max(512) });
const submission = z.object({
  subject: thing,
  action: z.object({ name: z.string().min(1).max(512) }),
  resource: thing,
  denial: z.object({ binding_token: z.string().min(1).max(200), evaluation_id: z.string().max(200).optional(), expires_at: z.string().max(64).optional() }),
});

const task = z.object({
  task: z.object({ id: z.string(), status: z.enum(["pending", "approved", "denied", "expired"]), status_endpoint: z.string(), expires_at: z.string(), links: z.object({ review: z.string() }) }),
  result: z.object({ mode: z.literal("reevaluate"), approval: z.object({ id: z.string(), approved_at: z.string().optional(), approved_until: z.string() }) }).optional(),
});
const problem = z.object({ type: z.string(), title: z.string(), status: z.number() });

const statuses = { pending: "pending", approved: "approved", refused: "denied", lapsed: "expired" } as const;
const errors = {
  invalid_denial_binding: [400, "The request can't be bound to a denied decision of this call."],
  expired_denial: [410, "The time for asking has passed; repeat the call to ask again."],
  unknown_task: [404, "There is no such task."],
} as const;

export interface AccessRequestDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  /** Base of what this listener answers. */
  readonly base: string;
}

/**
 * AuthZEN Access Request and Approval Profile 1.0 (draft): hands an enforcement point the task of a hold. The hold asked
 * its approvers when the call was denied, so this opens nothing: whoever names another subject, action or resource than
 * the held call gets no handle, and a handle approves nothing.
 */
export function accessRequestRoutes(app: App, { db, org, now, base }: AccessRequestDeps): void {
  const shown = (approval: ApprovalRecord) => {
    const state = stateAt(approval, now());
    const ends = approval.expiresAt.toISOString();
    return {
      task: { id: approval.id, status: statuses[state], status_endpoint: `${base}/access/v1/requests/${approval.id}`, expires_at: ends, links: { review: `${base}/approve/${approval.id}` } },
      ...(state === "approved"
        ? { result: { mode: "reevaluate" as const, approval: { id: approval.id, ...(approval.decidedAt === null ? {} : { approved_at: approval.decidedAt.toISOString() }), approved_until: ends } } }
        : {}),
    };
  };
  const refuse = (reply: FastifyReply, error: keyof typeof errors) => {
    const [status, title] = errors[error];
    return reply.code(status).type("application/problem+json").send({ type: `urn:openid:authzen:access-request:error:${error}`, title, status });
  };
  /** A held call's question; what changes the register is nobody's access request. */
  const find = async (id: string): Promise<ApprovalRecord | undefined> => {
    const found = await db.read(org, (tx) => readApproval(tx, org, id));
    return found === undefined || found.callHash === null ? undefined : found;
  };

  app.post(
    "/access/v1/requests",
    { config: { access: "signed-in" }, schema: { operationId: "submitAccessRequest", summary: "The task of a held call (AuthZEN access request profile)", body: submission, response: { 202: task, 400: problem, 410: problem } } },
    async ({ body }, reply) => {
      const approval = await find(body.denial.binding_token);
      const bound =
        approval !== undefined &&
        body.subject.type === "system" &&
        approval.system === body.subject.id &&
        approval.action === body.action.name &&
        approval.resource === `${body.resource.type}:${body.resource.id}`;
      if (!bound) return refuse(reply, "invalid_denial_binding");
      if (approval.spentAt !== null || stateAt(approval, now()) === "lapsed") return refuse(reply, "expired_denial");
      const answer = shown(approval);
      return reply.code(202).header("location", answer.task.status_endpoint).send(answer);
    },
  );

  app.get(
    "/access/v1/requests/:id",
    { config: { access: "signed-in" }, schema: { operationId: "getAccessRequest", params: z.object({ id: pathName }), response: { 200: task, 404: problem } } },
    async ({ params }, reply) => {
      const approval = await find(params.id);
      return approval === undefined ? refuse(reply, "unknown_task") : reply.code(200).send(shown(approval));
    },
  );
}
