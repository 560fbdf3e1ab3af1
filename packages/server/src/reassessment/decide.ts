import { AppError } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { closeReassessments } from "./close.ts";
import { readCase, systemsOf } from "./store.ts";

export interface Decision {
  /** Absent: every system of the case that waits. */
  readonly system?: string | undefined;
  readonly outcome: "reaffirmed" | "tightened" | "suspended";
  readonly reason: string;
  readonly terms?: { readonly ends: string } | undefined;
}

export interface DecidePorts {
  /** A new authorization over what is there now; `ends` for tighter terms. Throws where the actor holds no seat. */
  readonly answer: (ctx: CommandContext<Tx>, system: string, reason: string, ends: Date | null) => Promise<{ readonly state: string; readonly needs: readonly string[] }>;
  readonly suspend: (ctx: CommandContext<Tx>, system: string, reason: string) => Promise<unknown>;
  /** Any approver, owner or administrator of the system; throws otherwise. */
  readonly mustKnow: (ctx: CommandContext<Tx>, system: string) => Promise<void>;
}

export interface Decided {
  readonly system: string;
  /** `waiting`: this yes counts, and others are still needed. */
  readonly outcome: Decision["outcome"] | "waiting";
  readonly needs: readonly string[];
}

/**
 * Decides a case for one system or for all that wait. INVARIANT: what was changed by somebody isn't found fine by the
 * same person, and "still fine" is an authorization with its signatures, never a note.
 */
export async function decideReassessment(ctx: CommandContext<Tx>, id: string, decision: Decision, ports: DecidePorts): Promise<Decided[]> {
  const { found, systems } = await ctx.read(async (tx) => ({ found: await readCase(tx, ctx.org, id), systems: (await systemsOf(tx, ctx.org, [id])).get(id) ?? [] }));
  if (!found) throw caseUnknown();
  const open = systems.filter((one) => one.outcome === null && (decision.system === undefined || one.system === decision.system));
  if (open.length === 0) throw new AppError({ code: "reassessment.decided", status: 409, message: decision.system === undefined ? "This reassessment is decided." : "It is decided for this system, or doesn't reach it.", remedies: [{ text: "Look at who decided and why.", command: `npx mandate reassessment show ${id}` }] });
  if (decision.outcome === "tightened" && decision.terms === undefined) throw new AppError({ code: "reassessment.terms_missing", status: 400, message: "Tighter terms say until when.", remedies: [{ text: "Add `terms.ends`." }] });
  if (decision.outcome !== "suspended" && ctx.actor.id === found.openedBy) {
    throw new AppError({ code: "reassessment.own_change", status: 403, message: "You made this change, so another person decides it.", remedies: [{ text: "Ask one of its other approvers; suspending stays open to you." }] });
  }
  const done: Decided[] = [];
  for (const one of open) {
    const close = (outcome: Decision["outcome"]) => ctx.transact((tx, record) => closeReassessments(tx, ctx, record, { system: one.system, outcome, reason: decision.reason, authorization: null, openedBy: new Date(ctx.now()), reassessments: [id] }));
    if (decision.outcome === "suspended") {
      await ports.suspend(ctx, one.system, decision.reason);
      await close("suspended");
      done.push({ system: one.system, outcome: "suspended", needs: [] });
    } else if (one.class === "A" && decision.outcome === "reaffirmed") {
      await ports.mustKnow(ctx, one.system);
      await close("reaffirmed");
      done.push({ system: one.system, outcome: "reaffirmed", needs: [] });
    } else {
      const answered = await ports.answer(ctx, one.system, decision.reason, decision.outcome === "tightened" ? new Date(decision.terms!.ends) : null);
      const inForce = answered.state === "granted" || answered.state === "granted_with_conditions";
      done.push({ system: one.system, outcome: inForce ? decision.outcome : "waiting", needs: answered.needs });
    }
  }
  return done;
}

export function caseUnknown(): AppError {
  return new AppError({ code: "reassessment.not_found", status: 404, message: "There is no reassessment with this id.", remedies: [{ text: "List them.", command: "npx mandate reassessment list" }] });
}
