import { createHash } from "node:crypto";
import type { StreamMode, Terminal } from "@mandate/model";
import { type Refusal, refusalEvent } from "../http/refusal.ts";
import { crowded } from "../http/read-body.ts";
import { endInSlices } from "../http/slices.ts";
import { parseStrictEvent, parseStrictObject } from "../json/strict-json.ts";
import { PendingBytes } from "../pending-bytes.ts";
import { framerOf } from "../sse/framer.ts";
import { isWhole, type SseEvent, SseTooLarge, type StreamFramer } from "../sse/sse-reader.ts";
import type { AnswerView, StreamReader, TokenUsage, ToolCall } from "../surfaces/surface.ts";
import { type UpstreamCall, type UpstreamEvents, UpstreamFailure } from "../upstream/client.ts";
import { AnswerContent } from "./answer-content.ts";
import { AnswerChecker } from "./answer-checker.ts";
import { answerHeaders } from "./answer-headers.ts";
import { type Call, streamModeOf } from "./call.ts";
import { settleHeldAnswer } from "./held-answer.ts";
import type { Held } from "./holds.ts";
import type { Reservation } from "./meter.ts";
import { costOf, priceOf } from "./prices.ts";
import { outcomeDraft } from "./record.ts";
import type { RunningCall, Runtime } from "./runtime.ts";
import { EventQueue } from "./event-queue.ts";
import { isUnanswered } from "./stand-in.ts";
import {
  brokenOff,
  compressed,
  failureRefusal,
  statusRefusal,
  tooLarge,
  tooSlow,
  unanswered,
  unreadable,
  unrecorded,
} from "./upstream-refusals.ts";

/** A longer answer comes back unrecognised, and taints. */
const maxRemembered = 1_000_000;

type Phase = "waiting" | "json" | "stream" | "closing" | "closed";

/**
 * Carries one call upstream and its answer back. INVARIANT (G3): the intent is durable before this starts; each way out
 * goes through `#finish`, which writes exactly one outcome and lets the last byte go only after it.
 */
export class Delivery implements UpstreamEvents, RunningCall {
  readonly system: string;
  readonly credentials: readonly string[];
  readonly model: string;
  readonly tools: readonly string[];
  /**
   * Resolves once the reply is complete or given up, and recorded. `unanswered`: recorded, but the caller has had nothing,
   * since another model may answer.
   */
  readonly done: Promise<"answered" | "unanswered">;
  readonly #runtime: Runtime;
  readonly #call: Call;
  readonly #approvals: string[];
  readonly #reservation: Reservation;
  readonly #replaceable: boolean;
  readonly #checker: AnswerChecker;
  readonly #content: AnswerContent;
  #framer: StreamFramer | undefined;
  readonly #stream: StreamReader;
  readonly #queue: EventQueue;
  readonly #mode: StreamMode;
  readonly #timer: NodeJS.Timeout;
  #settled!: (how: "answered" | "unanswered") => void;
  #upstream: UpstreamCall | undefined;
  #phase: Phase = "waiting";
  #status: number | null = null;
  #headers: Record<string, string> = {};
  #usage: TokenUsage | null = null;
  #issued: string | null = null;
  #said: string[] = [];
  #saidChars = 0;
  readonly #captured = new PendingBytes();
  #capturedBytes = 0;
  #complete = true;
  #releasedBytes = 0;
  /** Hash of the answer as it leaves, where it isn't as it came. */
  #left: string | null = null;
  #sawEnd = false;
  readonly #outgoing: Buffer[] = [];
  #callerTimer: NodeJS.Timeout | undefined;
  readonly #heldCalls: { readonly call: ToolCall; readonly held: Held }[] = [];
  readonly #calls: ToolCall[] = [];
  /** Among the calls that run. */
  readonly #place: number;

  /** @param replaceable another model may be tried where this one can't answer */
  constructor(runtime: Runtime, call: Call, approvals: readonly string[], reservation: Reservation, replaceable = false) {
    this.#replaceable = replaceable;
    this.#runtime = runtime;
    this.#call = call;
    this.#approvals = [...approvals];
    this.#reservation = reservation;
    this.system = call.system.name;
    this.credentials = call.credential.token?.chain ?? [call.credential.id];
    this.model = call.model.name;
    this.tools = call.view.effects.map((effect) => `hosted.${effect.name}`);
    this.#checker = new AnswerChecker(runtime, call);
    this.#stream = call.surface.streamReader();
    this.#mode = streamModeOf(call);
    this.#content = new AnswerContent(runtime, call, this.#mode);
    this.#queue = new EventQueue(this.#mode, runtime.limits.windowChars);
    this.done = new Promise((resolve) => (this.#settled = resolve));
    this.#timer = setTimeout(() => void this.#finish("upstream_cut", tooSlow), Math.max(0, call.exchange.callStartedMs + runtime.limits.callMs - runtime.now()));
    this.#place = runtime.running.add(this);
    call.exchange.res.on("close", this.#onCallerGone);
  }

  start(body: Buffer): void {
    const { compiled, model, surface, view, exchange } = this.#call;
    exchange.time.kind = "model";
    const stopped = this.#runtime.stopOf(this);
    if (stopped !== null) return this.cut(stopped);
    try {
      this.#upstream = this.#runtime.upstream.send(
        compiled,
        { model, surface, stream: view.stream, body, callerHeaders: exchange.req.headers, headers: this.#runtime.tracer.upstream(exchange.trace, exchange.decisionId) },
        this,
      );
      // What broke at once has ended the call by now.
      if (this.#phase === "waiting") exchange.time.pause();
    } catch (error) {
      this.fail(
        error instanceof UpstreamFailure
          ? error
          : new UpstreamFailure("unreachable", "The model could not be reached.", String(error)),
      );
    }
  }

  /** The caller left while the intent was written. */
  callerGone(): void {
    this.#onCallerGone();
  }

  cut(refusal: Refusal): void {
    void this.#finish("blocked", refusal);
  }

  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (this.#phase !== "waiting") return;
    this.#status = status;
    this.#headers = answerHeaders(headers);
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      void this.#finish("upstream_cut", compressed);
      return;
    }
    const { exchange, surface } = this.#call;
    if (status < 300)
      this.#framer = framerOf(this.#headers["content-type"] ?? "", surface, this.#runtime.limits.maxHeldBytes);
    if (this.#framer !== undefined) {
      this.#phase = "stream";
      if (this.#framer.contentType !== undefined) this.#headers["content-type"] = this.#framer.contentType;
      exchange.res.writeHead(status, exchange.headers(this.#headers));
      exchange.res.flushHeaders();
    } else this.#phase = "json";
  }

  data(chunk: Buffer): void {
    if (this.#phase !== "json" && this.#phase !== "stream") return;
    const { time } = this.#call.exchange;
    time.run();
    this.#read(chunk);
    if (this.#phase === "json" || this.#phase === "stream") time.pause();
  }

  #read(chunk: Buffer): void {
    // What is kept and released later must be what the caller can read.
    if (this.#framer?.contentType === undefined && !this.#capture(chunk)) return;
    if (this.#phase === "json") return;
    try {
      for (const event of this.#framer?.push(chunk) ?? []) if (!this.#accept(event)) return;
    } catch (error) {
      return error instanceof SseTooLarge ? this.#tooLarge() : void this.#finish("upstream_cut", unreadable);
    }
    this.#flush();
  }

  end(): void {
    this.#call.exchange.time.run();
    if (this.#phase === "json") void this.#endJson();
    else if (this.#phase === "stream")
      this.#endStream().catch(() => void this.#finish("upstream_cut", unreadable));
    else if (this.#phase === "waiting")
      this.fail(new UpstreamFailure("cut", "The model's answer broke off.", "ended without a head"));
  }

  fail(failure: UpstreamFailure): void {
    if (this.#phase === "closing" || this.#phase === "closed") return;
    this.#runtime.options.log.warn("upstream.failed", {
      kind: failure.kind,
      detail: failure.internal,
      model: this.#call.model.name,
    });
    const refusal = failureRefusal(failure, this.#call.model.name);
    if (failure.kind === "refused") void this.#finish("refused", refusal);
    else void this.#finish("upstream_cut", refusal, undefined, this.#phase === "waiting" || this.#phase === "json");
  }

  /** False once the answer was given up. */
  #capture(bytes: Buffer): boolean {
    this.#capturedBytes += bytes.length;
    const fits = this.#capturedBytes <= this.#runtime.limits.maxAnswerBytes;
    if (fits && this.#call.exchange.held?.grow(bytes.length) === false) {
      void this.#finish("upstream_cut", crowded);
      return false;
    }
    if (fits) this.#captured.append(bytes);
    else if (this.#phase === "json") {
      this.#tooLarge();
      return false;
    } else this.#complete = false;
    return true;
  }

  /** False once the stream was ended. */
  #accept(read: SseEvent): boolean {
    if (this.#framer?.contentType !== undefined && !this.#capture(read.raw)) return false;
    // A member that stands twice is one thing to us and may be another to the caller.
    const event = { ...read, body: parseStrictEvent(read.data, this.#runtime.limits.maxJsonDepth) };
    const view = this.#stream.accept(event);
    if (view.usage !== null) this.#usage = view.usage;
    if (view.issued !== null) this.#issued = view.issued;
    this.#say(view.text);
    if (view.served !== null) {
      const refusal = this.#checker.checkServed(view.served);
      if (refusal !== null) {
        void this.#finish("blocked", refusal);
        return false;
      }
    }
    if (!this.#judge(view.calls)) return false;
    if (view.terminal) this.#sawEnd = true;
    this.#queue.push(event.raw, this.#content.readEvent(event));
    if (
      this.#queue.bytes >
      (this.#mode === "full" || this.#heldCalls.length > 0
        ? this.#runtime.limits.maxAnswerBytes
        : this.#runtime.limits.maxHeldBytes)
    ) {
      this.#tooLarge();
      return false;
    }
    return this.#release();
  }

  #judge(calls: readonly ToolCall[]): boolean {
    for (const asked of calls) {
      // What is decided, shown to an approver and run is one thing: the arguments with their values back.
      const { tokens } = this.#call;
      const call = tokens ? { ...asked, argumentsText: tokens.restore(asked.argumentsText, true) } : asked;
      this.#calls.push(call);
      const verdict = this.#checker.decide(call);
      if (verdict.outcome === "deny") {
        void this.#finish("blocked", verdict.refusal);
        return false;
      }
      if (verdict.outcome === "hold") this.#heldCalls.push({ call, held: verdict.held });
    }
    return true;
  }

  /**
   * Lets go what may go: nothing unchecked, nothing behind an undecided tool call or the surface's end mark.
   * @returns false once the stream was ended
   */
  #release(): boolean {
    if (this.#stream.pending || this.#heldCalls.length > 0 || this.#sawEnd || !this.#queue.ready) return true;
    if (this.#mustName && this.#checker.served.length === 0) return true;
    const refusal = this.#content.check(false);
    if (refusal !== null) {
      void this.#finish("blocked", refusal);
      return false;
    }
    this.#outgoing.push(...this.#queue.take());
    return true;
  }

  /** One write for all that a chunk let go. */
  #flush(): void {
    this.#write(this.#outgoing.splice(0));
  }

  #write(events: readonly Buffer[]): void {
    if (events.length === 0) return;
    const bytes = events.length === 1 ? events[0]! : Buffer.concat(events);
    const { res } = this.#call.exchange;
    if (res.destroyed) return;
    this.#releasedBytes += bytes.length;
    if (res.write(bytes) || this.#phase !== "stream") return;
    // Back-pressure: the caller reads slower than the model writes.
    this.#upstream?.pause();
    this.#callerTimer = setTimeout(() => res.destroy(), this.#runtime.limits.callerIdleMs);
    res.once("drain", () => {
      clearTimeout(this.#callerTimer);
      this.#upstream?.resume();
    });
  }

  async #endStream(): Promise<void> {
    const rest = this.#framer?.rest();
    // Half an event can't be decided, and a lenient client might still act on it.
    if (rest !== undefined && !isWhole(rest.data)) return this.#finish("upstream_cut", brokenOff);
    if (rest !== undefined && !this.#accept(rest)) return;
    if (!this.#judge(this.#stream.unfinished())) return;
    const unnamed = this.#mustName && this.#checker.served.length === 0 ? this.#checker.checkServed(null) : null;
    if (unnamed !== null) return this.#finish("blocked", unnamed);
    const withheld = this.#content.check(true);
    if (withheld !== null) return this.#finish("blocked", withheld);
    // Masks are set in *full* alone, where nothing has left.
    const waiting = this.#queue.takeAll();
    const leaving = this.#content.masked ? this.#content.maskedEvents(waiting, this.#framer!) : waiting;
    if (this.#content.masked) this.#left = hashOf(leaving);
    if (this.#heldCalls.length > 0) {
      const refusal = await this.#settleHold(this.#content.masked ? Buffer.concat(leaving) : this.#whole());
      if (refusal !== null) return this.#finish("blocked", refusal);
    }
    await this.#finish(this.#sawEnd ? "done" : "upstream_cut", null, () => {
      const rest = Buffer.concat(leaving);
      this.#releasedBytes += rest.length;
      endInSlices(this.#call.exchange.res, rest);
    });
  }

  async #endJson(): Promise<void> {
    const status = this.#status ?? 502;
    const body = this.#captured.bytes;
    const { surface, exchange } = this.#call;
    const refused = statusRefusal(status);
    if (this.#replaceable && isUnanswered(status))
      return this.#finish("upstream_cut", refused ?? unanswered(status), undefined, true);
    if (refused !== null) return this.#finish("upstream_cut", refused);
    let view: AnswerView | undefined;
    try {
      const { value } = parseStrictObject(body, this.#runtime.limits.maxJsonDepth);
      this.#content.readJson(value);
      if (status < 400) view = surface.readAnswer(value);
    } catch {
      if (status < 400) return this.#finish("upstream_cut", unreadable);
      this.#content.readJson({ unread: body.toString("utf8") });
    }
    if (view !== undefined) {
      this.#usage = view.usage;
      this.#issued = view.issued;
      this.#say(view.text);
      for (const id of view.served.length === 0 && this.#mustName ? [null] : view.served) {
        const refusal = this.#checker.checkServed(id);
        if (refusal !== null) return this.#finish("blocked", refusal);
      }
      if (!this.#judge(view.calls)) return;
    }
    const withheld = this.#content.check(true);
    if (withheld !== null) return this.#finish("blocked", withheld);
    const leaving = this.#content.masked ? this.#content.maskedJson() : body;
    if (this.#content.masked) this.#left = hashOf([leaving]);
    if (this.#heldCalls.length > 0) {
      const refusal = await this.#settleHold(leaving);
      if (refusal !== null) return this.#finish("blocked", refusal);
    }
    await this.#finish("done", null, () => exchange.bytes(status, leaving, this.#headers));
  }

  /** Where no other model may serve, an answer that doesn't say who did is refused. */
  get #mustName(): boolean {
    const { surface, system } = this.#call;
    return surface.namesModel && system.parameters.unlistedServedModelGraceDays === 0;
  }

  /** All bytes of the answer, or null when they are more than is kept. */
  #whole(): Buffer | null {
    return this.#complete ? this.#captured.bytes : null;
  }

  /** @param body what leaves once a person agrees */
  async #settleHold(body: Buffer | null): Promise<Refusal | null> {
    const settled = await settleHeldAnswer(this.#runtime, this.#call, {
      held: this.#heldCalls,
      calls: this.#calls,
      checker: this.#checker,
      status: this.#status,
      contentType: this.#headers["content-type"],
      usage: this.#usage,
      check: this.#content.record,
      body,
    });
    if ("refusal" in settled) return settled.refusal;
    this.#approvals.push(settled.spent);
    return null;
  }

  #say(text: string): void {
    this.#saidChars += text.length;
    if (text !== "" && this.#saidChars <= maxRemembered) this.#said.push(text);
  }

  /** A masked answer is not what the model said, and what a provider's own tool read is nobody's word. */
  #remember(): void {
    const { system, labels, view } = this.#call;
    const mixed = view.effects.length > 0 || view.implied.length > 0 || this.#calls.some((call) => call.hosted);
    const whole = this.#saidChars <= maxRemembered && !this.#content.masked;
    this.#runtime.emitted.add(system.name, {
      text: whole ? this.#said.join("") : "",
      id: this.#issued,
      labels: mixed ? { ...labels, untrusted: true } : labels,
    });
  }

  readonly #onCallerGone = (): void => {
    if (!this.#call.exchange.res.writableFinished) void this.#finish("aborted", null, () => undefined);
  };

  #tooLarge(): void {
    void this.#finish("upstream_cut", tooLarge);
  }

  /**
   * The one way out. `last` sends what was kept back; without it the refusal is sent in the shape the reply has by then.
   * @param untouched nothing of an answer has come
   */
  async #finish(terminal: Terminal, refusal: Refusal | null, last?: () => void, untouched = false): Promise<void> {
    if (this.#phase === "closing" || this.#phase === "closed") return;
    this.#call.exchange.time.run();
    const streaming = this.#phase === "stream";
    // What was decided before the end came may still leave, ahead of whatever ends the stream.
    if (streaming) this.#flush();
    this.#phase = "closing";
    clearTimeout(this.#timer);
    this.#upstream?.abort();
    const { exchange, view } = this.#call;
    const usage = this.#usage;
    // Without a figure of the provider the worst case stays booked, unless nothing was generated.
    if (usage !== null)
      this.#reservation.settle({
        tokens: usage.input + usage.output,
        microEuros: costOf(usage, priceOf(this.#call.model, Math.floor(exchange.startedMs / 1000), this.#runtime.assumedPrice)),
      });
    else if (this.#status === null || this.#status >= 300) this.#reservation.settle({ tokens: 0, microEuros: 0 });
    if (terminal === "done") this.#remember();
    // Where another model may answer, this one's failure is for the record alone.
    let replaced = this.#replaceable && untouched && !exchange.res.destroyed;
    let answer = replaced ? () => undefined : last;
    let told = refusal;
    try {
      await this.#runtime.options.evidence.outcome(
        outcomeDraft(this.#call, {
          terminal,
          refusal,
          approvals: this.#approvals,
          nowMs: this.#runtime.now(),
          answer: {
            mode: view.stream ? this.#mode : "full",
            status: this.#status,
            served: this.#checker.served,
            usage,
            releasedBytes: this.#releasedBytes,
            tools: this.#checker.tools,
            check: this.#content.record,
            hashes: this.#left === null ? null : { received: hashOf([this.#captured.bytes]), left: this.#left },
            body: this.#captured.length === 0 ? null : this.#captured.bytes,
          },
        }),
      );
    } catch (error) {
      this.#runtime.options.log.error("evidence.outcome_failed", {
        decision: exchange.decisionId,
        error: String(error),
      });
      told = unrecorded;
      answer = undefined;
      replaced = false;
    }
    this.#phase = "closed";
    clearTimeout(this.#callerTimer);
    this.#runtime.running.remove(this.#place);
    exchange.res.off("close", this.#onCallerGone);
    if (answer !== undefined) answer();
    else if (told !== null) {
      if (streaming) {
        if (!exchange.res.destroyed)
          exchange.res.end(refusalEvent(this.#call.surface, told, exchange.links, this.#releasedBytes > 0));
      } else exchange.refuse(told);
    }
    this.#settled(replaced ? "unanswered" : "answered");
  }
}

function hashOf(parts: readonly Buffer[]): string {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest("hex");
}
