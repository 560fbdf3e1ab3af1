import { createHash } from "node:crypto";
import { AppError, newId } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { canonicalBytes } from "@mandate/ledger";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { loadDirectory } from "./directory.ts";
import { membersNow } from "./seats.ts";
import type { ApproverSet } from "./seats.ts";

export type Choice = "approve" | "refuse";
export type Statement = Readonly<Record<string, unknown>>;

export interface Question {
  /** `tool.call`, `model.call`, `data.export`, `pilot`, `production`, `role.grant`… */
  readonly action: string;
  readonly system: string | null;
  readonly resource: string | null;
  readonly tier: Tier;
  /** Binds a held call; null for what is no call. */
  readonly callHash: string | null;
  readonly reason: string;
  /** E-mail that never approves this; null: nobody in particular asked. */
  readonly requester: string | null;
  /** The same person's id, which outlives a changed e-mail. */
  readonly requesterPerson?: string | null;
  readonly rules: readonly string[];
  /** Members are looked up from the seat; only a set without one lists its own. */
  readonly approvers: readonly (Omit<ApproverSet, "members"> & Partial<Pick<ApproverSet, "members">>)[];
  readonly withinMs: number;
  /** Further members of the statement, for example `versionDigest`, `tier`, `terms`; they replace resource and argumentsHash. */
  readonly statement?: Statement;
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
export function statementDigest(statement: Statement): string {
  return createHash("sha256").update(canonicalBytes(statement)).digest("hex");
}

/**
 * The statement as somebody signs it. INVARIANT: yes and no are two digests, so that a signature given for one can
 * never be shown as the other; a yes under conditions is a third, so that none is added to it or taken away.
 */
export function statementFor(statement: Statement, choice: Choice, conditions: readonly unknown[] = []): Statement {
  return { ...statement, choice, ...(choice === "refuse" || conditions.length === 0 ? {} : { conditions }) };
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
    ...(question.statement ?? { resource: question.resource, argumentsHash: question.callHash }),
    // Signed, so that nobody answers by the rules of a lower tier, with fewer people, or their own request.
    tier: question.tier,
    requester: question.requester,
    approvers: setsAsked(question.approvers),
    choice: "approve",
    reason: question.reason,
    end: expiresAt.toISOString(),
  };
  const digest = statementDigest(statement);
  const directory = await loadDirectory(tx, asking.org, asking.now(), [{ system: question.system, approvers: question.approvers }]);
  const approvers: ApproverSet[] = question.approvers.map((set) => ({ ...set, members: membersNow({ ...set, members: set.members ?? [] }, question.system, directory) }));
  await sql`insert into approvals (org, id, action, system, resource, call_hash, statement, digest, tier, requester, requester_person, rules, approvers, context, state, created_at, expires_at)
    values (${asking.org}, ${id}, ${question.action}, ${question.system}, ${question.resource}, ${question.callHash}, ${JSON.stringify(statement)}::jsonb, ${digest},
      ${question.tier}, ${question.requester}, ${question.requesterPerson ?? null}, ${[...question.rules]}, ${JSON.stringify(approvers)}::jsonb, ${JSON.stringify(question.context ?? {})}::jsonb, 'pending', ${now}, ${expiresAt})`.execute(tx);
  record({
    type: "approval",
    ...(question.system === null ? {} : { system: question.system }),
    approvals: [id],
    payload: { event: "asked", statement, digest, requester: question.requester, approvers },
  });
  await notify(tx, asking, {
    kind: "approval.asked",
    thread: id,
    system: question.system,
    to: askedOf(approvers, question.requester),
    subject: `${question.system ?? "Mandate"} waits for a person: ${question.action}`,
    lines: [`Answer by ${expiresAt.toISOString()}; without an answer it is refused.`],
    path: `/approve/${id}`,
  });
  return { id, expiresAt: expiresAt.toISOString() };
}

/** Who must say yes, without the people's names. */
export function setsAsked(approvers: readonly Pick<ApproverSet, "group" | "count" | "committee">[]): { group: string; count: number; committee?: NonNullable<ApproverSet["committee"]> }[] {
  return approvers.map(({ group, count, committee }) => ({ group, count, ...(committee === undefined ? {} : { committee }) }));
}

/** Everybody a question is put to. The requester hears of the outcome, not of the question. */
export function askedOf(approvers: readonly ApproverSet[], requester: string | null): string[] {
  return [...new Set(approvers.flatMap((set) => set.members.map((member) => member.email)))].filter((email) => email !== requester);
}

export function approvalNotFound(): AppError {
  return new AppError({ code: "approvals.not_found", status: 404, message: "There is no approval with this id.", remedies: [{ text: "List what waits.", command: "npx mandate approvals list" }] });
}
