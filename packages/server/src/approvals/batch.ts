import { AppError } from "@mandate/model";
import type { ServerContext } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { decideApproval } from "./decide.ts";
import type { DecisionPorts } from "./decide.ts";
import { approvalNotFound } from "./open.ts";
import type { Choice } from "./open.ts";
import { readApproval } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import type { AssertionBody } from "./sign.ts";

export const maxBatch = 50;

export interface BatchAnswer {
  readonly id: string;
  /** Of the statement that was shown: an answer to anything else is none. */
  readonly digest: string;
  readonly webauthn?: AssertionBody | undefined;
}

export interface BatchInput {
  readonly choice: Choice;
  readonly reason: string;
  readonly answers: readonly BatchAnswer[];
}

export interface BatchResult {
  readonly id: string;
  readonly state: "pending" | "approved" | "refused" | "lapsed" | null;
  /** Why this one was not answered; null where it was. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

/** Calls that gateways hold. What changes the register is looked at one by one. */
const heldActions: ReadonlySet<string> = new Set(["tool.call", "model.call", "data.export"]);

/**
 * One person's answer to several held calls of the same kind at once (GUARDRAILS, Information flow 7). INVARIANT: it is
 * as many answers as there are calls: each is bound to its own call's hash, signed over its own statement, spent once
 * and an entry of its own; one that can't be given doesn't undo the others.
 */
export async function decideBatch(db: Database, ctx: ServerContext, input: BatchInput, ports: DecisionPorts): Promise<readonly BatchResult[]> {
  const asked = await db.read(ctx.org, async (tx) => {
    const found: ApprovalRecord[] = [];
    for (const { id } of input.answers) {
      const one = await readApproval(tx, ctx.org, id);
      if (one === undefined) throw approvalNotFound();
      found.push(one);
    }
    return found;
  });
  if (new Set(asked.map((one) => one.id)).size !== asked.length || new Set(asked.map(kindOf)).size !== 1 || !heldActions.has(asked[0]!.action)) {
    throw new AppError({
      code: "approvals.not_alike",
      status: 400,
      message: "Only held calls of one system, one resource and the same rules are answered together, each once.",
      remedies: [{ text: "Answer them one by one, or choose those that are alike." }],
    });
  }
  const results: BatchResult[] = [];
  for (const [index, answer] of input.answers.entries()) {
    try {
      if (asked[index]!.digest !== answer.digest)
        throw new AppError({ code: "approvals.not_shown", status: 409, message: "The digest is not the one of this call.", remedies: [{ text: "Look at the call again." }] });
      const decided = await decideApproval(ctx, answer.id, { choice: input.choice, reason: input.reason, webauthn: answer.webauthn }, ports);
      results.push({ id: answer.id, state: decided.stored, problem: null });
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      results.push({ id: answer.id, state: null, problem: { code: error.code, message: error.message } });
    }
  }
  return results;
}

function kindOf({ system, action, resource, rules, requester }: ApprovalRecord): string {
  return JSON.stringify([system, action, resource, [...rules].sort(), requester]);
}
