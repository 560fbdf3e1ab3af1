import { AppError } from "@mandate/model";
import type { DecisionPorts } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister, readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { seatsOf } from "./approvers.ts";
import { askApprovers } from "./ask.ts";
import { grantAuthorization } from "./decide.ts";
import type { Answering } from "./decide.ts";
import { mayNot, systemUnknown, wrongState } from "./errors.ts";
import { reconcile } from "./reconcile.ts";
import { authorizationsOf, inForce, openRequest, updateAuthorization } from "./store.ts";
import type { Authorization } from "./store.ts";
import type { AuthorizationView } from "./views.ts";
import { withdrawQuestion } from "./withdraw.ts";

/** The question about what changed in this system: already put, or put now by `asking`. */
async function questionOf(ctx: CommandContext<Tx>, asking: CommandContext<Tx>, name: string): Promise<Authorization> {
  const read = () => ctx.read(async (tx) => {
    const all = await authorizationsOf(tx, ctx.org, name);
    const held = inForce(all);
    const request = held && openRequest(all, held.type);
    const lapsed = request?.answerBy != null && request.answerBy.getTime() <= ctx.now();
    return lapsed ? undefined : request;
  });
  const known = await read();
  if (known) return known;
  await asking.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    await reconcile(tx, asking, record, new Set([name]));
  });
  const asked = await read();
  if (!asked) throw wrongState("There is no open question about this system.", `Submit its open authorization again: mandate get system/${name}`);
  return asked;
}

/**
 * "Still fine", or "fine under tighter terms": a new authorization over what is there now, with the signatures its tier
 * asks for. It may need more people; until the last one nothing changes.
 * @param ends an end nearer than the authorization's; the terms are then asked for anew
 */
export async function answerReassessment(ctx: CommandContext<Tx>, asking: CommandContext<Tx>, name: string, input: Answering, ends: Date | null, ports: DecisionPorts): Promise<AuthorizationView> {
  const request = await questionOf(ctx, asking, name);
  if (ends !== null) await tightenRequest(ctx, name, request, ends);
  return grantAuthorization(ctx, request.id, input, ports);
}

async function tightenRequest(ctx: CommandContext<Tx>, name: string, request: Authorization, ends: Date): Promise<void> {
  await ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const system = (await readObject(tx, ctx.org, "AISystem", name)) as StoredObject<"AISystem"> | undefined;
    if (!system) throw systemUnknown();
    const seats = seatsOf(ctx, system.spec, name);
    if (!request.needs.some((seat) => seats.includes(seat))) throw mayNot("wrong_role", "You hold no seat that decides this, so you can't set its terms.", "Ask one of those it names.");
    const held = inForce(await authorizationsOf(tx, ctx.org, name));
    if (ends.getTime() <= ctx.now() || (held?.ends && ends.getTime() >= held.ends.getTime())) {
      throw new AppError({ code: "reassessment.not_tighter", status: 400, message: "Tighter terms end after now and before the authorization does.", remedies: [{ text: `Choose an end before ${held?.ends?.toISOString() ?? "the authorization's"}.` }] });
    }
    if (request.terms.ends !== null && Date.parse(request.terms.ends) === ends.getTime()) return;
    await withdrawQuestion(tx, ctx, request);
    const next = await updateAuthorization(tx, ctx, request, { state: "submitted", approvers: [], conditions: [], terms: { ...request.terms, ends: ends.toISOString() } }, { reason: "terms tightened" });
    record({ type: "authorization", system: name, payload: { event: "terms-tightened", authorization: request.id, ends: ends.toISOString(), by: ctx.actor.id } });
    await askApprovers(tx, ctx, record, next, system, `Reassessment: it ends ${ends.toISOString().slice(0, 10)}.`);
  });
}
