import { createHash } from "node:crypto";
import { AppError, newId } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { canonicalBytes } from "@mandate/ledger";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";

/** One set of people of which `count` must say yes. */
export interface ApproverSet {
  /** Group's name, or `owners`, or the role that qualifies. */
  readonly group: string;
  readonly count: number;
  /** E-mails at the moment of asking, each with the role it answers in. */
  readonly members: readonly { readonly email: string; readonly role: string }[];
}

export interface Question {
  /** `tool.call`, `model.call`, `data.export`, `pilot`, `role.grant`… */
  readonly action: string;
  readonly system: string | null;
  readonly resource: string | null;
  readonly tier: Tier;
  /** Binds a held call; null for what is no call. */
  readonly callHash: string | null;
  readonly reason: string;
  /** E-mail that never approves this; null: nobody in particular asked. */
  readonly requester: string | null;
  readonly rules: readonly string[];
  readonly approvers: readonly ApproverSet[];
  readonly withinMs: number;
  /** Further members of the statement, for example `versionDigest`, `tier`, `terms`. */
  readonly statement?: Readonly<Record<string, unknown>>;
  /** Kept beside the question for whoever acts on the answer; not signed. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface Asking {
  readonly org: string;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

export const ownersWithinMs = 30 * 60_000;

/** Hex SHA-256 of the statement's RFC 8785 form: what a signature covers, and a passkey's challenge. */
export function statementDigest(statement: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(canonicalBytes(statement)).digest("hex");
}

/** Puts a question to people and records that it was asked, in the caller's transaction. */
export async function openApproval(tx: Tx, asking: Asking, record: (evidence: MutationEvidence) => void, question: Question): Promise<{ id: string; expiresAt: string }> {
  const now = new Date(asking.now());
  const id = newId("approval", asking.now(), asking.random);
  const expiresAt = new Date(asking.now() + question.withinMs);
  const nonce = Buffer.from(asking.random(new Uint8Array(16))).toString("base64url");
  const statement = {
    approval: id,
    nonce,
    system: question.system,
    action: question.action,
    ...(question.statement === undefined ? { resource: question.resource, argumentsHash: question.callHash } : { resource: question.resource, ...question.statement }),
    choice: "approve",
    reason: question.reason,
    end: expiresAt.toISOString(),
  };
  await sql`insert into approvals (org, id, action, system, resource, call_hash, statement, digest, tier, requester, rules, approvers, context, state, created_at, expires_at)
    values (${asking.org}, ${id}, ${question.action}, ${question.system}, ${question.resource}, ${question.callHash}, ${JSON.stringify(statement)}::jsonb, ${statementDigest(statement)},
      ${question.tier}, ${question.requester}, ${[...question.rules]}, ${JSON.stringify(question.approvers)}::jsonb, ${JSON.stringify(question.context ?? {})}::jsonb, 'pending', ${now}, ${expiresAt})`.execute(tx);
  record({
    type: "approval",
    ...(question.system === null ? {} : { system: question.system }),
    approvals: [id],
    payload: { event: "asked", statement, digest: statementDigest(statement), requester: question.requester, approvers: question.approvers },
  });
  return { id, expiresAt: expiresAt.toISOString() };
}

export function approvalNotFound(): AppError {
  return new AppError({ code: "approvals.not_found", status: 404, message: "There is no approval with this id.", remedies: [{ text: "List what waits.", command: "npx mandate approvals list" }] });
}
