import { AppError } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister, readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { mayStop } from "./approvers.ts";
import { askForExtension, openAuthorization } from "./ask.ts";
import type { Reason } from "./decide.ts";
import { mayNot, systemUnknown, wrongState } from "./errors.ts";
import { dayMs } from "./grant.ts";
import type { RecordEvidence } from "./grant.ts";
import { organizationTerms } from "../tiering/index.ts";
import { noteDrill, noteStopped, requireGates } from "./gating.ts";
import { reconcile } from "./reconcile.ts";
import { missingParts } from "./status.ts";
import { authorizationsOf, inForce, openRequest, systemState, tierAt, updateAuthorization, writeSystemState } from "./store.ts";
import type { Authorization, SystemState } from "./store.ts";
import { authorizationView, readSystemView } from "./views.ts";
import type { AuthorizationView, SystemView } from "./views.ts";
import { withdraw } from "./withdraw.ts";

interface Opened {
  readonly system: StoredObject<"AISystem">;
  readonly state: SystemState;
  readonly authorizations: readonly Authorization[];
}

async function onSystem<T>(ctx: CommandContext<Tx>, name: string, input: Reason, work: (tx: Tx, record: RecordEvidence, opened: Opened) => Promise<T>): Promise<T> {
  if (input.reason.trim() === "") throw new AppError({ code: "authorization.reason_missing", status: 400, message: "Give a reason: it stands in the record beside your name.", remedies: [{ text: "Add `reason`." }] });
  return ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const system = (await readObject(tx, ctx.org, "AISystem", name)) as StoredObject<"AISystem"> | undefined;
    const state = await systemState(tx, ctx.org, name);
    if (!system || !state) throw systemUnknown();
    return work(tx, record, { system, state, authorizations: await authorizationsOf(tx, ctx.org, name) });
  });
}

function halt(ctx: CommandContext<Tx>, name: string, input: Reason, to: "suspended" | "retired"): Promise<SystemView> {
  return onSystem(ctx, name, input, async (tx, record, { system, state }) => {
    if (!mayStop(ctx, system.spec, system.name)) throw mayNot("wrong_role", "You hold no role that may stop this system.", "Ask one of its owners or an approver.");
    if (state.halt === "retired") throw wrongState("The system is retired already.", "Nothing is left to do.");
    await writeSystemState(tx, ctx.org, { ...state, halt: to, haltReason: input.reason });
    // Since when its calls are refused: one that was suspended before stays so from then on.
    if (state.halt === null) await noteStopped(tx, ctx, name);
    record({ type: "authorization", system: name, payload: { event: to, reason: input.reason, by: ctx.actor.id } });
    return (await readSystemView(tx, ctx.org, name, ctx.now()))!;
  });
}

/** Every call is refused `system_suspended` until it is resumed. */
export function suspendSystem(ctx: CommandContext<Tx>, name: string, input: Reason): Promise<SystemView> {
  return halt(ctx, name, input, "suspended");
}

/** For good: a retired system never runs again. */
export function retireSystem(ctx: CommandContext<Tx>, name: string, input: Reason): Promise<SystemView> {
  return halt(ctx, name, input, "retired");
}

/** Back to what the authorization allows, and no further: it grants nothing, so whoever may stop the system may resume it. */
export function resumeSystem(ctx: CommandContext<Tx>, name: string, input: Reason): Promise<SystemView> {
  return onSystem(ctx, name, input, async (tx, record, { system, state }) => {
    if (state.halt === "retired") throw wrongState("A retired system doesn't come back.", "Register a new one.");
    if (state.halt === null) throw wrongState("The system isn't suspended.", "Nothing is left to do.");
    if (!mayStop(ctx, system.spec, system.name)) throw mayNot("wrong_role", "You hold no role that may resume this system.", "Ask one of its owners or an approver.");
    await writeSystemState(tx, ctx.org, { ...state, halt: null, haltReason: null });
    await noteDrill(tx, ctx, name, input.reason);
    record({ type: "authorization", system: name, payload: { event: "resumed", reason: input.reason, by: ctx.actor.id } });
    // What changed while it stood still may have to be decided now.
    await reconcile(tx, ctx, record, new Set([name]));
    return (await readSystemView(tx, ctx.org, name, ctx.now()))!;
  });
}

/** Extends a pilot by its tier's days, twice at most. At T2 and T3 this asks whoever may grant the pilot. */
export function renewSystem(ctx: CommandContext<Tx>, name: string, input: Reason): Promise<SystemView> {
  return onSystem(ctx, name, input, async (tx, record, { system, authorizations }) => {
    const held = inForce(authorizations);
    if (held?.type !== "pilot" || !held.ends) throw wrongState("There is no pilot to extend.", held ? "Promote again before the production authorization ends." : "Apply the system's manifest to ask for a pilot.");
    if (held.state === "reassessment_required") throw wrongState("This pilot waits for reassessment; more time doesn't settle it.", "Decide the open authorization first.");
    const terms = (await organizationTerms(tx, ctx.org))(held.tier);
    if (held.extensions >= terms.pilotExtensionsMax) throw wrongState(`A pilot is extended ${terms.pilotExtensionsMax} times at most.`, "Promote the system to production, or retire it.");
    if (!mayStop(ctx, system.spec, system.name)) throw mayNot("wrong_role", "You hold no role that may extend this pilot.", "Ask one of its owners.");
    const ends = new Date(Math.max(held.ends.getTime(), ctx.now()) + terms.pilotDays * dayMs);
    if (held.tier === "T2" || held.tier === "T3") {
      await askForExtension(tx, ctx, record, held, ends, input.reason);
      return (await readSystemView(tx, ctx.org, name, ctx.now()))!;
    }
    await updateAuthorization(tx, ctx, held, { ends, extensions: held.extensions + 1 }, { reason: input.reason });
    record({ type: "authorization", system: name, payload: { event: "extended", authorization: held.id, extension: held.extensions + 1, ends: ends.toISOString(), reason: input.reason, by: ctx.actor.id } });
    return (await readSystemView(tx, ctx.org, name, ctx.now()))!;
  });
}

/** Asks for production of exactly the version that is there now. @returns the system, with the submitted request's id */
export function promoteSystem(ctx: CommandContext<Tx>, name: string, input: Reason): Promise<AuthorizationView> {
  return onSystem(ctx, name, input, async (tx, record, { system, state, authorizations }) => {
    if (state.tier === "X") throw new AppError({ code: "authorization.prohibited", status: 403, message: "This practice is prohibited (Article 5), so nobody can authorize it.", remedies: [{ text: "Correct the intake if it is wrong; the change is recorded." }] });
    if (state.halt) throw wrongState(`The system is ${state.halt}.`, state.halt === "suspended" ? "Resume it first." : "Register a new one.");
    const missing = missingParts(system.spec);
    if (missing.length > 0) throw new AppError({ code: "authorization.incomplete", status: 409, message: `The record lacks ${missing.join(", ")}.`, details: { missing }, remedies: [{ text: `Add ${missing.join(", ")} to the manifest and apply it.` }] });
    await requireGates(tx, ctx, system, tierAt(state, ctx.now()), "production");
    const known = openRequest(authorizations, "production");
    const lapsed = known?.answerBy != null && known.answerBy.getTime() <= ctx.now();
    if (known?.versionDigest === state.digest && known.tier === state.tier && known.state !== "changes_requested" && !lapsed) return authorizationView(known, ctx.now());
    await withdraw(tx, ctx, known, "promoted again");
    const opened = await openAuthorization(tx, ctx, record, { system, digest: state.digest, type: "production", tier: state.tier, terms: { ends: null, caps: null }, reason: input.reason });
    return authorizationView(opened, ctx.now());
  });
}
