import { isDeepStrictEqual } from "node:util";
import { AppError, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import type { Actor } from "../command.ts";
import { setsAsked, statementDigest } from "./open.ts";
import { stateAt } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import { isOpen, placesOf } from "./seats.ts";
import type { Directory, Place } from "./seats.ts";

/** A clock may be this much behind the one that asked (SPEC, G5); beyond, an answer would be back-dated. */
export const maxSkewMs = 30_000;

export interface Means {
  /** A passkey's signature comes with the answer (or could: when a page asks what is possible), or the answer needs none. */
  readonly passkey: boolean;
}

/** The tier whose rules an answer follows: as asked, and never below what the system has become since. */
export function tierInForce(approval: ApprovalRecord, current: Tier | undefined): Tier {
  const signed = approval.statement["tier"];
  const known = [approval.tier, ...(tiers.includes(signed as Tier) ? [signed as Tier] : []), ...(current === undefined ? [] : [current])];
  return known.reduce((highest, one) => (tiers.indexOf(one) > tiers.indexOf(highest) ? one : highest));
}

/**
 * Where this actor would answer, or why it can't.
 * @param tier as `tierInForce` gives it
 */
export function placeFor(approval: ApprovalRecord, actor: Actor, directory: Directory, tier: Tier, means: Means): { readonly place: Place } | { readonly obstacle: AppError } {
  const { nowMs } = directory;
  const state = stateAt(approval, nowMs);
  if (state !== "pending") {
    return conflict("approvals.decided", `This was ${state === "lapsed" ? "not answered in time, which is a refusal" : state}; that stands.`, "Ask again, with a new question.");
  }
  // INVARIANT (G5): time never goes backward.
  if (nowMs < approval.createdAt.getTime() - maxSkewMs) return no("approvals.back_dated", "This answer would be older than its question.", "Set the server's clock right.");
  if (!isAsAsked(approval)) return no("approvals.altered", "The question isn't the one that was asked: its statement doesn't match its digest.", "Keep the database as it is, and run `mandate evidence verify`.");
  if (actor.kind !== "person" || actor.email === null) return no("approvals.not_a_person", "A service account approves nothing.", "Use a person's own token or session.");
  const { email } = actor;
  // T0 alone is self-attested (SPEC 2, People).
  const selfAttested = tier === "T0" && approval.context["selfAttested"] === true;
  if (!selfAttested && (email === approval.requester || actor.id === approval.requesterPerson)) {
    return no("approvals.own_request", "You are accountable for the request, so you can't approve it.", "Ask one of the other approvers.");
  }
  if (approval.signatures.some((one) => one.personId === actor.id || one.email === email || one.onBehalfOf === email)) {
    return conflict("approvals.answered", "You answered this already; another person's answer is needed.", "Ask another approver.");
  }
  const places = placesOf(approval.approvers, approval.system, email, directory, tier)
    // Nobody answers for the requester, nor twice for one absent person, nor names a further delegate.
    .filter((one) => one.onBehalfOf === null || (approval.action !== "delegation" && one.onBehalfOf !== approval.requester && !approval.signatures.some((signed) => signed.email === one.onBehalfOf || signed.onBehalfOf === one.onBehalfOf)));
  if (places.length === 0) {
    if (approval.approvers.some((set) => set.members.some((one) => one.email === email))) {
      return no("approvals.role_ended", "You no longer hold the role in which you were asked.", "Ask someone who holds it now.");
    }
    const waiting = approval.approvers.flatMap((set) => (set.seat === undefined ? [] : (directory.waiting?.(set.seat, approval.system) ?? []))).find((one) => one.email === email);
    if (waiting !== undefined) return no("approvals.seat_new", `You came to this seat by an edit: until ${waiting.until.toISOString()} you answer nothing in it.`, "Ask another approver, or wait.");
    return no("approvals.not_routed", "This question wasn't routed to you.", `It went to ${approval.approvers.map((set) => set.group).join(", ")}.`);
  }
  const place = places.find((one) => one.committee || isOpen(approval.approvers.find((set) => set.group === one.set)!, approval.signatures)) ?? places[0]!;
  if (actor.proof === "minted" && !means.passkey) {
    return no("approvals.minted_token", "This token or session was made by someone else, so it approves nothing.", "Sign in as yourself, make your own token, or sign with your passkey.");
  }
  // "Reset it, sign in with it, approve as the session" is the same as approving with the new passkey itself.
  if (actor.coolingUntil !== undefined && tiers.indexOf(tier) >= tiers.indexOf("T2") && !means.passkey) {
    return no("approvals.sign_in_cooling", `What you signed in with is new: until ${new Date(actor.coolingUntil).toISOString()} it approves nothing at T2 or above.`, "Sign with a passkey you had before, ask another approver, or wait.");
  }
  if ((tier === "T3" || tier === "X") && !means.passkey) {
    return no("approvals.passkey_required", "At tier T3 an approval is signed with a passkey; a token or session isn't enough.", "Open the question in the console and sign with your passkey.", `/approve/${approval.id}`);
  }
  return { place };
}

/** The row says what the signed statement says: lowering a count or a requester in the database alone lowers nothing. */
function isAsAsked({ statement, digest, approvers, requester, expiresAt }: ApprovalRecord): boolean {
  if (statementDigest(statement) !== digest || !(expiresAt.getTime() <= Date.parse(String(statement["end"])))) return false;
  return statement["approvers"] === undefined || isDeepStrictEqual([statement["approvers"], statement["requester"]], [setsAsked(approvers), requester]);
}

function no(code: string, message: string, remedy: string, url?: string): { obstacle: AppError } {
  return { obstacle: new AppError({ code, status: 403, message, remedies: [{ text: remedy, ...(url === undefined ? {} : { url }) }] }) };
}

function conflict(code: string, message: string, remedy: string): { obstacle: AppError } {
  return { obstacle: new AppError({ code, status: 409, message, remedies: [{ text: remedy }] }) };
}
