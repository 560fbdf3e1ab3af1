import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { Actor, MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import type { RelyingParty } from "../passkeys/index.ts";
import { loadDirectory } from "./directory.ts";
import { maxSkewMs, placeFor, tierInForce } from "./obstacles.ts";
import { approvalNotFound, askedOf } from "./open.ts";
import type { Choice } from "./open.ts";
import { conditionsSoFar, currentTiers, readApproval } from "./read.ts";
import type { AnswerTerms, ApprovalRecord } from "./read.ts";
import { recordRefusedAnswer } from "./refusals.ts";
import { committeeVerdict, outcomeOf } from "./seats.ts";
import type { Place } from "./seats.ts";
import { signAnswer } from "./sign.ts";
import type { AssertionBody, Signing } from "./sign.ts";
import { signatureCommitment } from "./signature.ts";

type RecordEvidence = (evidence: MutationEvidence) => void;

/** What happens when a question of some action is approved; in the same transaction. */
export type ApprovalEffect = (tx: Tx, ctx: ServerContext, approval: ApprovalRecord, record: RecordEvidence) => Promise<void>;

/** Where more than the yes matters. Each runs in the transaction of the answer; whatever throws undoes the answer. */
export interface ApprovalHooks {
  /** Before the answer counts: is what was asked still there to be decided? */
  readonly before?: (tx: Tx, ctx: ServerContext, approval: ApprovalRecord, choice: Choice) => Promise<void>;
  /** A yes after which others are still needed. */
  readonly answered?: ApprovalEffect;
  readonly approved: ApprovalEffect;
  readonly refused?: ApprovalEffect;
}

export interface DecisionPorts {
  readonly effects: Readonly<Record<string, ApprovalEffect | ApprovalHooks>>;
  /** Whom passkeys are made for; null where there can be none. */
  readonly relyingParty: RelyingParty | null;
  /** Writes what was refused, without a new register version. */
  readonly quiet: (actor: Actor) => ServerContext;
}

export interface AnswerInput {
  readonly choice: Choice;
  readonly reason: string;
  readonly webauthn?: AssertionBody | undefined;
  /** RFC 3339, when the person signed by its own clock; must be about now. */
  readonly signedAt?: string | undefined;
  /** Asked for beside those of earlier answers; what is signed holds them all. */
  readonly conditions?: readonly unknown[] | undefined;
  readonly changes?: true | undefined;
  /** A committee's, before its verdict counts. */
  readonly minutes?: string | undefined;
}

/** Actions whose yes may carry conditions. */
const conditional: ReadonlySet<string> = new Set(["pilot", "production"]);

/**
 * Records one person's answer. A refusal ends the question at once; approval needs every set's count. What is refused
 * here is recorded too.
 */
export async function decideApproval(ctx: ServerContext, id: string, input: AnswerInput, ports: DecisionPorts): Promise<ApprovalRecord> {
  try {
    return await ctx.transact((tx, record) => answer(tx, ctx, record, id, input, ports));
  } catch (error) {
    await recordRefusedAnswer(ports.quiet(ctx.actor), id, input.choice, input.webauthn, error);
    throw error;
  }
}

async function answer(tx: Tx, ctx: ServerContext, record: RecordEvidence, id: string, input: AnswerInput, ports: DecisionPorts): Promise<ApprovalRecord> {
  // The row lock puts two approvers' answers in order, so that the second sees the first.
  const approval = await readApproval(tx, ctx.org, id, true);
  if (approval === undefined) throw approvalNotFound();
  refuseBackDated(input.signedAt, ctx.now());
  if ((input.conditions ?? []).length > 0 && (input.choice === "refuse" || !conditional.has(approval.action))) {
    throw new AppError({ code: "approvals.conditions", status: 400, message: "Conditions go with granting an authorization.", remedies: [{ text: "Leave conditions out." }] });
  }
  const tier = tierInForce(approval, approval.system === null ? undefined : (await currentTiers(tx, ctx.org, [approval.system])).get(approval.system));
  const directory = await loadDirectory(tx, ctx.org, ctx.now(), [approval], ctx.actor);
  // Saying no needs less than saying yes: a weaker proof may stop a T3 call.
  const found = placeFor(approval, ctx.actor, directory, tier, { passkey: input.webauthn !== undefined || (input.choice === "refuse" && ctx.actor.proof !== "minted") });
  if ("obstacle" in found) throw found.obstacle;
  const hooks = hooksOf(ports, approval.action);
  await hooks?.before?.(tx, ctx, approval, input.choice);
  const conditions = input.choice === "refuse" ? [] : [...conditionsSoFar(approval.signatures), ...(input.conditions ?? [])];
  const signing = await signAnswer(tx, ctx, approval, input.choice, conditions, tier, input.webauthn, ports.relyingParty);
  const signed = await write(tx, ctx, approval, found.place, signing, input, conditions);
  const outcome = outcomeOf(signed.approvers, signed.signatures);
  const now = new Date(ctx.now());
  await sql`update approvals set state = ${outcome}, reason = ${input.reason}, minutes = coalesce(${input.minutes ?? null}, minutes), decided_at = ${outcome === "pending" ? null : now} where org = ${ctx.org} and id = ${id}`.execute(tx);
  const decided = (await readApproval(tx, ctx.org, id))!;
  requireMinutes(approval, decided);
  const own = decided.signatures.find((one) => one.personId === ctx.actor.id)!;
  record({
    type: "approval",
    ...(approval.system === null ? {} : { system: approval.system }),
    approvals: [id],
    commits: signatureCommitment(own),
    payload: { event: input.choice === "approve" ? "approved" : "refused", state: outcome, statement: approval.statement, ...own, roles: ctx.actor.roles, ...(decided.minutes === null ? {} : { minutes: decided.minutes }) },
  });
  if (outcome === "pending") await (input.choice === "approve" ? hooks?.answered?.(tx, ctx, decided, record) : undefined);
  else {
    await (outcome === "approved" ? hooks?.approved(tx, ctx, decided, record) : hooks?.refused?.(tx, ctx, decided, record));
    await tellWhoDecided(tx, ctx, decided, outcome);
  }
  return decided;
}

function hooksOf(ports: DecisionPorts, action: string): ApprovalHooks | undefined {
  const effect = ports.effects[action];
  return typeof effect === "function" ? { approved: effect } : effect;
}

/** INVARIANT: the moment of an answer is the server's. A client that names another is refused rather than believed. */
function refuseBackDated(signedAt: string | undefined, nowMs: number): void {
  if (signedAt === undefined || Math.abs(Date.parse(signedAt) - nowMs) <= maxSkewMs) return;
  throw new AppError({ code: "approvals.back_dated", status: 403, message: "An answer is given now: it can't be dated before or after.", remedies: [{ text: "Leave signedAt out, or set the clock right." }] });
}

async function write(tx: Tx, ctx: ServerContext, approval: ApprovalRecord, place: Place, signing: Signing, input: AnswerInput, conditions: readonly unknown[]): Promise<ApprovalRecord> {
  const terms: AnswerTerms = { ...(conditions.length === 0 ? {} : { conditions }), ...(input.changes === true ? { changes: true } : {}) };
  await sql`insert into approval_signatures (org, approval_id, person_id, email, approver_set, role, kind, choice, reason, signed_at, assertion, on_behalf_of, delegation_id, digest, terms)
    values (${ctx.org}, ${approval.id}, ${ctx.actor.id}, ${ctx.actor.email}, ${place.set}, ${place.role}, ${signing.kind}, ${input.choice}, ${input.reason}, ${new Date(ctx.now())},
      ${signing.assertion === null ? null : JSON.stringify(signing.assertion)}::jsonb, ${place.onBehalfOf}, ${place.delegation?.id ?? null}, ${signing.digest}, ${JSON.stringify(terms)}::jsonb)`.execute(tx);
  return (await readApproval(tx, ctx.org, approval.id))!;
}

/** A committee's verdict is its meeting's: without minutes it would be a list of clicks. */
function requireMinutes(before: ApprovalRecord, after: ApprovalRecord): void {
  const concluded = after.approvers.some((set) => committeeVerdict(set, after.signatures) !== undefined && committeeVerdict(set, before.signatures) === undefined);
  if (!concluded || after.minutes !== null) return;
  throw new AppError({ code: "approvals.minutes_missing", status: 409, message: "This vote decides for the committee, and its minutes aren't written yet.", remedies: [{ text: "Send `minutes` with the vote: what was discussed, and any dissent." }] });
}

async function tellWhoDecided(tx: Tx, ctx: ServerContext, approval: ApprovalRecord, outcome: "approved" | "refused"): Promise<void> {
  const by = approval.signatures.map((one) => (one.onBehalfOf === null ? one.email : `${one.email} for ${one.onBehalfOf}`));
  await notify(tx, ctx, {
    kind: "approval.decided",
    thread: approval.id,
    system: approval.system,
    to: [...(approval.requester === null ? [] : [approval.requester]), ...askedOf(approval.approvers, approval.requester)].filter((email) => email !== ctx.actor.email),
    subject: `${approval.system ?? "Mandate"}: ${approval.action} was ${outcome}`,
    lines: [`Decided by ${[...new Set(by)].join(", ")}.`],
    path: `/approve/${approval.id}`,
  });
}
