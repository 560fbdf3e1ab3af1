import { hash } from "node:crypto";
import type { ModelFacts, SystemFacts } from "@mandate/model";
import { authenticate, type Caller } from "../auth/authenticate.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { readBody } from "../http/read-body.ts";
import { firstRefusal, type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import { parseStrictObject, spliceValue, type StrictJson, UnreadableJson } from "../json/strict-json.ts";
import { echo, FieldProblem, stringsIn } from "../surfaces/fields.ts";
import type { RequestView, Surface } from "../surfaces/surface.ts";
import { AnswerChecker, decideAgain } from "./answer-checker.ts";
import { comparePrompts, promptRefusal } from "./approved-prompt.ts";
import { type Call, streamModeOf } from "./call.ts";
import { Delivery } from "./delivery.ts";
import { callHashOf, openHold, type Spent, spend } from "./holds.ts";
import type { Estimate } from "./meter.ts";
import { costOf, priceOf } from "./prices.ts";
import { meetObligations } from "./obligations.ts";
import { callerContext, type Detected, detectIn, detectInTurns, merged, modelQuestion, sessionName } from "./question.ts";
import { intentDraft, outcomeDraft } from "./record.ts";
import { evidenceRefusal, refuseKnown, type Known, stalenessRefusal } from "./refuse-known.ts";
import { reportAttempt } from "./refused-attempt.ts";
import { requestRefusals } from "./request-refusals.ts";
import { ask } from "./ask.ts";
import { askFor, standIns } from "./stand-in.ts";
import { tooSlow } from "./upstream-refusals.ts";
import type { Runtime } from "./runtime.ts";

/** SPEC 3's one pipeline, for every model surface. */
export async function handleModelCall(
  runtime: Runtime,
  surface: Surface,
  exchange: Exchange,
  compiled: Compiled,
  countUnknown: (refusal: Refusal) => void,
): Promise<void> {
  const caller: Caller = authenticate(
    compiled,
    exchange.req,
    Math.floor(runtime.now() / 1000),
    runtime.proofs,
  );
  if (!caller.known) {
    countUnknown(caller.refusal);
    return exchange.refuse(caller.refusal);
  }
  const body = await exchange.time.during(readBody(exchange.req, runtime.limits, exchange.held));
  if (body === undefined) return;
  const known: Known = {
    exchange,
    compiled,
    system: caller.system,
    credential: caller.credential,
    surface: surface.name,
    action: "model.call",
    resource: "model:unread",
  };
  if (!Buffer.isBuffer(body)) return refuseKnown(runtime, known, caller.refusal ?? body);

  let json: StrictJson;
  let view: RequestView;
  try {
    json = parseStrictObject(body, runtime.limits.maxJsonDepth, [surface.messagesMember]);
    if (typeof json.value.model === "string") known.resource = `model:${echo(json.value.model)}`;
    view = surface.readRequest(json.value);
  } catch (error) {
    return refuseKnown(runtime, known, caller.refusal ?? unreadable(error));
  }
  known.resource = `model:${echo(view.model)}`;
  const { system, credential } = caller;
  if (caller.refusal !== null || system === null)
    return refuseKnown(
      runtime,
      known,
      caller.refusal ?? refuse("not_registered", "The key belongs to no registered system.", "Register the system."),
    );
  const stale = stalenessRefusal(runtime, system);
  if (stale !== null) return refuseKnown(runtime, known, stale);
  if (credential.scope.length > 0 && !credential.scope.includes("model.call"))
    return refuseKnown(
      runtime,
      known,
      refuse(
        "not_granted",
        "The key's scope does not include model calls.",
        { text: "Use a key with that scope.", command: `mandate credential create --system ${system.name}` },
        "credential.scope",
      ),
    );

  // History that the provider keeps is history no check of this call can read.
  const unseen = view.opaque || view.references.length > 0;
  const prompts = comparePrompts(view.turns, system.prompts ?? [], system.acceptedPrompts);
  view = { ...view, turns: prompts.turns };
  await runtime.sessions.settle(sessionName(exchange.req.headers), system, credential.id);
  const context = callerContext(runtime, compiled, system, credential, exchange.req.headers, view.turns, view.opaque, view.references.map((one) => one.id));
  if ("refusal" in context) return refuseKnown(runtime, known, context.refusal);
  let detected: Detected;
  try {
    const beside = Object.entries(json.value)
      .filter(([name]) => !surface.conversation.includes(name))
      .map(([, value]) => stringsIn(value));
    detected = merged(detectInTurns(runtime.texts, view.turns), detectIn([...beside, ...(view.beside ?? [])], "user"));
  } catch {
    // What the detector choked on is content: the log gets none of it.
    runtime.options.log.error("detectors.failed", { decision: exchange.decisionId });
    return refuseKnown(
      runtime,
      known,
      refuse(
        "control_unavailable",
        "The request could not be checked, so it was refused.",
        "Repeat the call; if it stays so, tell the person who runs Mandate.",
      ),
    );
  }
  let request = modelQuestion(runtime, system, view.model, context, detected, unseen);
  let decision = ask(runtime, compiled, request);
  const messages = messageBytes(json, body, surface);
  known.record = { decision, request, messages, sessionId: context.session?.id ?? null, user: context.user };
  const model = compiled.models.get(view.model);

  const refusals = requestRefusals(runtime, compiled, system, model, surface, view, request);
  if (prompts.outside !== null) refusals.push(...promptRefusal(runtime, system, prompts.outside, exchange.decisionId));
  if (decision.outcome === "deny") reportAttempt(runtime, system, decision, known.resource);
  if (decision.outcome === "deny") refusals.push(named(refusalOf(decision), system, model, view.model));
  const first = firstRefusal(refusals);
  if (first !== undefined) return refuseKnown(runtime, known, first);
  // Whatever the rules say of it: without a register entry there is no upstream to call.
  if (model === undefined)
    return refuseKnown(
      runtime,
      known,
      named(
        refuse(
          "not_granted",
          `${system.title} was not granted this model, which no one registered.`,
          "Call a model that GET /v1/models lists.",
          known.resource,
        ),
        system,
        model,
        view.model,
      ),
    );

  const requestHash = hash("sha256", surface.target === undefined ? body : Buffer.concat([Buffer.from(`${surface.target}\n`, "utf8"), body]), "hex");
  const approvalId = one(exchange.req.headers["x-mandate-approval"]);
  const call = (): Call => ({
    exchange,
    compiled,
    surface,
    system,
    credential,
    model,
    view,
    body,
    requestHash,
    messages,
    ...context,
    request,
    decision,
    approvalId,
    found: detected.types,
  });
  if (context.session !== null) {
    exchange.sessionToken = runtime.sessions.close(context.session, context.labels, system.name);
    await runtime.sessions.shared(context.session.id);
  }

  if (approvalId !== null) {
    const stored = runtime.answers.find(approvalId, runtime.now());
    if (
      stored !== undefined &&
      stored.system === system.name &&
      stored.requestHash === requestHash &&
      stored.surface === surface.name
    )
      return releaseStored(runtime, known, call(), approvalId, stored);
  }

  const approvals: string[] = [];
  if (decision.outcome === "hold") {
    const callHash = callHashOf({
      system: system.name,
      action: "model.call",
      resource: known.resource,
      request: requestHash,
    });
    const held = [{ decision, request, input: null, resource: known.resource }];
    const result = approvalId === null ? null : await spend(runtime, approvalId, callHash, system.name, decision);
    if (result === null || ("refusal" in result && result.again)) {
      const opened = await openHold(
        runtime,
        {
          decisionId: exchange.decisionId,
          system: system.name,
          requester: credential.accountable,
          credentialId: credential.id,
          callHash,
        },
        held,
      );
      return refuseKnown(runtime, known, opened.refusal);
    }
    if ("refusal" in result) return refuseKnown(runtime, known, result.refusal);
    request = { ...request, approval: result.spent };
    decision = ask(runtime, compiled, request);
    if (decision.outcome !== "allow") return refuseKnown(runtime, known, refusalOf(decision));
    approvals.push(result.spent.id);
  }

  const decided = call();
  const others = standIns(runtime, decided, approvals);
  let attempt: Attempt = { call: decided, approvals, json, replaceable: others.length > 0, insteadOf: null };
  if ((await carry(runtime, known, attempt)) === "answered") return;
  for (const [index, other] of others.entries()) {
    const standIn = askFor(runtime, attempt.call, other);
    const again = exchange.again(runtime.now(), runtime.options.random);
    const asked: Known = {
      ...known,
      exchange: again,
      resource: `model:${other.name}`,
      record: { ...known.record, ...standIn },
    };
    const last = index === others.length - 1;
    // The deadline is the whole call's: who waited for one model doesn't wait as long for each that stands in.
    if (runtime.now() - exchange.callStartedMs >= runtime.limits.callMs) return refuseKnown(runtime, asked, tooSlow);
    if (standIn.decision.outcome !== "allow") {
      if (last) return refuseKnown(runtime, asked, refusalOf(standIn.decision));
      continue;
    }
    const insteadOf = { model: model.name, decision: exchange.decisionId };
    attempt = { ...attempt, call: { ...attempt.call, ...standIn, exchange: again }, replaceable: !last, insteadOf };
    if ((await carry(runtime, asked, attempt)) === "answered") return;
  }
}

interface Attempt {
  readonly call: Call;
  readonly approvals: readonly string[];
  readonly json: StrictJson;
  /** Another model may be tried where this one can't answer: then the caller hears nothing of it yet. */
  readonly replaceable: boolean;
  readonly insteadOf: { readonly model: string; readonly decision: string } | null;
}

/** One decided call, from its obligations to its outcome. */
async function carry(runtime: Runtime, known: Known, attempt: Attempt): Promise<"answered" | "unanswered"> {
  const { call, approvals, json } = attempt;
  const { exchange, system, model, body, view, decision } = call;
  const scope = { key: runtime.tokenKey, system: system.name, session: call.session?.id ?? call.credential.id };
  const met = meetObligations(decision.obligations, json.value, body, scope, view.opaque || view.references.length > 0);
  const reserved =
    "refusal" in met
      ? met.refusal
      : await runtime.meter.reserve(
          system,
          { credential: call.credential.id, person: call.user?.subject ?? null },
          estimate(runtime, model, body, view),
          runtime.now(),
        );
  if ("refusal" in met || "code" in reserved) {
    await refuseKnown(runtime, known, "refusal" in met ? met.refusal : (reserved as Refusal));
    return "answered";
  }
  const governed = { ...call, tokens: met.tokens };
  try {
    const intent = intentDraft(governed, approvals, streamModeOf(governed), met.record);
    const { insteadOf } = attempt;
    await runtime.options.evidence.intent(
      insteadOf === null ? intent : { ...intent, payload: { ...intent.payload, insteadOf } },
    );
  } catch (error) {
    reserved.settle({ tokens: 0, microEuros: 0 });
    runtime.options.log.error("evidence.intent_failed", { decision: exchange.decisionId, error: String(error) });
    exchange.refuse(evidenceRefusal);
    return "answered";
  }
  const delivery = new Delivery(runtime, governed, approvals, reserved, attempt.replaceable);
  if (exchange.res.destroyed) delivery.callerGone();
  else delivery.start(upstreamBody(met, json, body, model));
  return delivery.done;
}

/**
 * The rules don't echo names that nobody registered. A caller who mistyped one needs to read it; what doesn't look like
 * a model's name is left out, since it may be anything.
 */
function named(refusal: Refusal, system: SystemFacts, model: ModelFacts | undefined, asked: string): Refusal {
  if (model !== undefined || refusal.code !== "not_granted" || !/^[\w.:/@-]{1,100}$/.test(asked)) return refusal;
  return {
    ...refusal,
    reason: `${system.title} would have called \`${asked}\`, a model that is not in the register.`,
    param: refusal.param ?? `model:${asked}`,
    remedies: [
      { text: "Call a model that GET /v1/models lists, or have this one registered and added to the system's uses." },
      ...refusal.remedies,
    ],
  };
}

/** The caller's bytes, with the provider's own name of the model in place of ours where they differ. */
function upstreamBody(
  met: { body: Buffer; changed: boolean },
  json: StrictJson,
  body: Buffer,
  model: ModelFacts,
): Buffer {
  if (met.changed) {
    const value = { ...(JSON.parse(met.body.toString("utf8")) as Record<string, unknown>), model: model.upstream };
    return Buffer.from(JSON.stringify(value), "utf8");
  }
  const span = json.spans.get("model");
  return model.upstream === model.name || span === undefined
    ? body
    : spliceValue(body, span, JSON.stringify(model.upstream));
}

async function releaseStored(
  runtime: Runtime,
  known: Known,
  call: Call,
  approvalId: string,
  stored: NonNullable<ReturnType<Runtime["answers"]["find"]>>,
): Promise<void> {
  const checker = new AnswerChecker(runtime, call);
  const waiting = stored.calls.map((one) => checker.decide(one)).find((verdict) => verdict.outcome === "hold");
  const result = await spend(
    runtime,
    approvalId,
    stored.callHash,
    call.system.name,
    waiting?.outcome === "hold" ? waiting.held.decision : call.decision,
  );
  if (!("spent" in result)) {
    // Refused, lapsed or spent: no approval can release it any more.
    if (result.again || result.refusal.code === "policy") runtime.answers.drop(approvalId);
    return refuseKnown(runtime, known, result.refusal);
  }
  const bytes = runtime.answers.take(approvalId);
  const spent: Spent = result.spent;
  const refusal = decideAgain(checker, stored.calls, spent);
  if (refusal !== null || bytes === undefined)
    return refuseKnown(
      runtime,
      known,
      refusal ?? refuse("control_unavailable", "The kept answer is gone.", "Repeat the call without the approval."),
    );
  try {
    await runtime.options.evidence.intent(intentDraft(call, [approvalId], "stored"));
    await runtime.options.evidence.outcome(
      outcomeDraft(call, {
        terminal: "done",
        refusal: null,
        approvals: [approvalId],
        nowMs: runtime.now(),
        answer: {
          mode: "stored",
          status: stored.status,
          served: stored.served,
          usage: stored.usage,
          releasedBytes: bytes.length,
          tools: checker.tools,
          check: stored.check,
          body: bytes,
        },
      }),
    );
  } catch (error) {
    runtime.options.log.error("evidence.stored_failed", { decision: call.exchange.decisionId, error: String(error) });
    return call.exchange.refuse(evidenceRefusal);
  }
  call.exchange.bytes(stored.status, bytes, { "content-type": stored.contentType });
}

function messageBytes(json: StrictJson, body: Buffer, surface: Surface): readonly Uint8Array[] {
  const elements = json.elements.get(surface.messagesMember);
  if (elements !== undefined) return elements.map((span) => body.subarray(span.start, span.end));
  const whole = json.spans.get(surface.messagesMember);
  return whole === undefined ? [] : [body.subarray(whole.start, whole.end)];
}

/** Four bytes a token is usual for text; three overstates, as a worst case should. */
function estimate(runtime: Runtime, model: ModelFacts, body: Buffer, view: RequestView): Estimate {
  const input = Math.ceil(body.length / 3);
  const output = view.maxOutputTokens ?? runtime.limits.reservedOutputTokens;
  const price = priceOf(model, Math.floor(runtime.now() / 1000), runtime.assumedPrice);
  return { tokens: input + output, microEuros: costOf({ input, output }, price) };
}

function unreadable(error: unknown): Refusal {
  if (error instanceof UnreadableJson)
    return refuse("unreadable_body", error.message, "Send one well-formed JSON object in UTF-8.");
  if (error instanceof FieldProblem)
    return refuse("unreadable_body", error.message, "Correct the field and send it again.", error.param);
  throw error;
}

function one(value: string | string[] | undefined): string | null {
  const text = Array.isArray(value) ? value.join(",") : value;
  return text === undefined || text === "" || text.length > 200 ? null : text;
}
