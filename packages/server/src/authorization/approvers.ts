import type { OwnParameters } from "@mandate/frameworks";
import type { AISystemSpec, AuthorizationType, Tier } from "@mandate/model";
import { approvingRoles } from "@mandate/model";
import { committeeInForce } from "../approvals/index.ts";
import type { ApproverSet, Seat } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { loadOwnRules } from "../tiering/index.ts";
import { requiredSeats } from "./grant.ts";
import type { SeatName } from "./grant.ts";

/** Seats this actor could take for a system: its named owners, and roles held at this moment. */
export function seatsOf(ctx: CommandContext<Tx>, spec: AISystemSpec, system: string): string[] {
  const { email } = ctx.actor;
  const roles = [...ctx.actor.roles, ...(ctx.actor.scopedRoles ?? []).filter((one) => one.systems.includes(system)).map((one) => one.role)];
  const owner = (role: "business" | "technical") => email !== null && spec.owners[role] === email;
  return [
    ...(owner("business") ? ["business-owner"] : []),
    ...(owner("technical") ? ["technical-owner"] : []),
    ...roles.filter((role) => role !== "business-owner" && role !== "technical-owner"),
  ];
}

/** Who must say yes: each seat one person, at T3 the appointed committee in the official's place if there is one. */
export async function approverSets(tx: Tx, org: string, tier: Tier, type: AuthorizationType): Promise<Omit<ApproverSet, "members">[]> {
  const committee = tier === "T3" ? await committeeInForce(tx, org) : undefined;
  const added = type === "production" && tier !== "X" ? ((await loadOwnRules(tx, org)).parameters[tier]?.seats ?? []) : [];
  const own = requiredSeats(tier, type).map((seat) => ({ group: seat, count: 1, seat: seatFor(seat), ...(seat === "authorizing-official" && committee !== undefined ? { committee } : {}) }));
  // An organization adds seats; it can't take one away.
  return [...own, ...added.filter((seat) => own.every((set) => set.group !== seat)).map((seat) => ({ group: seat, count: 1, seat: addedSeat(seat) }))];
}

/** Who lets something pass: the tier's approvers for production; at T0 the owner who didn't ask. */
export async function exceptionSeats(tx: Tx, org: string, tier: Tier): Promise<Omit<ApproverSet, "members">[]> {
  return tier === "T0" ? [{ group: "owners", count: 1, seat: { kind: "owners" } }] : approverSets(tx, org, tier, "production");
}

/** A role of ours, or the group that holds a role of the organization's own. */
function addedSeat(seat: NonNullable<OwnParameters["seats"]>[number]): Seat {
  return isGroup(seat) ? { kind: "group", name: seat.slice("group:".length) } : { kind: "role", role: seat };
}

const isGroup = (seat: string): seat is `group:${string}` => seat.startsWith("group:");

function seatFor(seat: SeatName): Seat {
  if (seat === "business-owner") return { kind: "owner", owner: "business" };
  if (seat === "technical-owner") return { kind: "owner", owner: "technical" };
  return { kind: "role", role: seat };
}

/** Stopping needs less than starting: any approver, an owner, or an administrator. */
export function mayStop(ctx: CommandContext<Tx>, spec: AISystemSpec, system: string): boolean {
  if (ctx.actor.kind !== "person") return true;
  return seatsOf(ctx, spec, system).some((seat) => seat === "administrator" || (approvingRoles as readonly string[]).includes(seat));
}
