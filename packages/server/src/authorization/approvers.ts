import type { AISystemSpec, AuthorizationType, Tier } from "@mandate/model";
import { approvingRoles } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { someoneAdministers } from "../identity/index.ts";
import { mayNot } from "./errors.ts";
import { requiredSeats } from "./grant.ts";
import type { Authorization } from "./store.ts";

/** Seats this actor could take for a system: its named owners, and roles held at this moment. */
export function seatsOf(ctx: CommandContext<Tx>, spec: AISystemSpec): string[] {
  const { email, roles } = ctx.actor;
  const owner = (role: "business" | "technical") => email !== null && spec.owners[role] === email;
  return [
    ...(owner("business") ? ["business-owner"] : []),
    ...(owner("technical") ? ["technical-owner"] : []),
    ...roles.filter((role) => role !== "business-owner" && role !== "technical-owner"),
  ];
}

/** INVARIANT: a service account approves nothing, and once a person administers neither does a token someone else made. */
export async function mustApproveThemselves(tx: Tx, ctx: CommandContext<Tx>): Promise<void> {
  const { kind, email, proof } = ctx.actor;
  if (kind !== "person" || email === null) throw mayNot("not_a_person", "A service account approves nothing.", "Use a person's own session or token.");
  if (proof === "minted" && (await someoneAdministers(tx, ctx.org))) {
    throw mayNot("minted_token", "This token was made by someone else, so it approves nothing.", "Sign in as yourself, or make your own token.");
  }
}

/**
 * The seat this actor fills on `request`.
 * Throws AppError 403: the requester, someone who answered already, or someone without a role that this asks for.
 */
export function seatFor(ctx: CommandContext<Tx>, request: Authorization, spec: AISystemSpec): string {
  const { actor } = ctx;
  // T0 alone is self-attested (SPEC 2, People).
  const own = actor.id === request.requester || (actor.email !== null && actor.email === request.requesterEmail);
  if (own && request.tier !== "T0") throw mayNot("own_request", "You asked for this, so you can't approve it.", "Ask another approver, or let a colleague submit it.");
  if (request.approvers.some((one) => one.person === actor.id)) throw mayNot("answered", "You approved this already; another person has to as well.", "Ask another approver.");
  const vacant = vacantSeats(request);
  const seat = seatsOf(ctx, spec).find((role) => vacant.includes(role));
  if (seat === undefined) throw mayNot("wrong_role", `This needs a person who is its ${vacant.join(" and its ")}.`, `Ask someone who is ${vacant.join(" or ")}.`);
  return seat;
}

export function vacantSeats(request: { readonly tier: Tier; readonly type: AuthorizationType; readonly approvers: readonly { readonly role: string }[] }): string[] {
  const filled = request.approvers.map((one) => one.role);
  return requiredSeats(request.tier, request.type).filter((seat) => !filled.includes(seat));
}

/** Stopping needs less than starting: any approver, an owner, or an administrator. */
export function mayStop(ctx: CommandContext<Tx>, spec: AISystemSpec): boolean {
  if (ctx.actor.kind !== "person") return true;
  return seatsOf(ctx, spec).some((seat) => seat === "administrator" || (approvingRoles as readonly string[]).includes(seat));
}
