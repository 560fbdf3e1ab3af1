import { detect, detectorVersions, type Finding, isAmong } from "@mandate/detectors";
import type { StreamMode } from "@mandate/model";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import type { SseEvent, StreamFramer } from "../sse/sse-reader.ts";
import type { Members } from "../surfaces/fields.ts";
import { bodyOf } from "../surfaces/openai-chat/answer.ts";
import { argumentPieces, type TextPiece, textPieces, withTexts } from "./answer-text.ts";
import type { Call, ContentCheck } from "./call.ts";
import { summarized } from "./question.ts";
import { undetectableRefusal } from "./obligations.ts";
import { escaped, type TokenBook } from "./token-book.ts";
import { ask } from "./ask.ts";
import type { Runtime } from "./runtime.ts";

/** An answer made of endless different texts would hold memory for each. */
const maxChannels = 16_384;

export type Detect = (text: string) => readonly Finding[];

interface Mask {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Channel {
  /** In *window* what the next check reads; in *full* all. */
  text: string;
  dirty: boolean;
  readonly parts: { readonly event: number; readonly piece: TextPiece; readonly start: number }[];
  masks: readonly Mask[];
}

/**
 * The response detectors: reads an answer's texts before they leave and asks the rules about what it found, as is done
 * for requests. INVARIANT: `passed` is written here and nowhere else, after the whole answer was read.
 */
export class AnswerContent {
  readonly #runtime: Runtime;
  readonly #call: Call;
  readonly #mode: StreamMode;
  readonly #detect: Detect;
  readonly #channels = new Map<string, Channel>();
  /** Arguments of the calls it asks for: decided as calls, and read here for their tokens alone. */
  readonly #arguments = new Map<string, Channel & { readonly json: boolean }>();
  readonly #tokens: TokenBook | null;
  #restored = 0;
  /** What can be masked: the one JSON body, or all events of a stream in *full*. */
  readonly #whole: { readonly event: SseEvent | undefined; readonly body: Members | undefined }[] = [];
  readonly #types = new Set<string>();
  readonly #classes = new Set<string>();
  #chars = 0;
  #result: ContentCheck["result"];

  constructor(runtime: Runtime, call: Call, mode: StreamMode, detector: Detect = (text) => detect(text, { channel: "output" })) {
    this.#runtime = runtime;
    this.#call = call;
    this.#mode = mode;
    this.#detect = detector;
    this.#tokens = call.tokens ?? null;
    this.#result = mode === "pass" ? "not_run" : "incomplete";
  }

  get record(): ContentCheck {
    return {
      result: this.#result,
      detectors: this.#mode === "pass" ? {} : detectorVersions,
      types: [...this.#types],
      chars: this.#chars,
      ...(this.#restored === 0 ? {} : { restored: this.#restored }),
    };
  }

  /** @returns how much text the event carries, UTF-16 units */
  readEvent(event: SseEvent): number {
    if (this.#mode === "pass") return 0;
    const body = event.data === "" || event.data === "[DONE]" ? undefined : bodyOf(event);
    // What isn't JSON carries nothing a client of the surface shows as it is; it is read as text all the same.
    const pieces =
      body !== undefined ? textPieces(body) : event.data === "[DONE]" ? [] : textPieces({ unread: event.data });
    if (this.#mode === "full") this.#whole.push({ event, body });
    if (body !== undefined) this.#addArguments(body);
    return this.#add(pieces);
  }

  /** Reads a whole JSON answer; its text where it can't be parsed. */
  readJson(body: Members): void {
    if (this.#mode === "pass") return;
    this.#whole.push({ event: undefined, body });
    this.#addArguments(body);
    this.#add(textPieces(body));
  }

  #addArguments(body: Members): void {
    if (this.#tokens === null || this.#tokens.size === 0) return;
    for (const piece of argumentPieces(body)) {
      let channel = this.#arguments.get(piece.channel);
      if (channel === undefined) {
        channel = { text: "", dirty: false, parts: [], masks: [], json: piece.json };
        this.#arguments.set(piece.channel, channel);
      }
      channel.parts.push({ event: this.#whole.length - 1, piece, start: channel.text.length });
      channel.text += piece.text;
    }
  }

  #add(pieces: readonly TextPiece[]): number {
    let chars = 0;
    for (const piece of pieces) {
      let channel = this.#channels.get(piece.channel);
      if (channel === undefined) {
        channel = { text: "", dirty: true, parts: [], masks: [] };
        this.#channels.set(piece.channel, channel);
      }
      if (this.#whole.length > 0)
        channel.parts.push({ event: this.#whole.length - 1, piece, start: channel.text.length });
      channel.text += piece.text;
      channel.dirty = true;
      chars += piece.text.length;
    }
    this.#chars += chars;
    return chars;
  }

  /**
   * Checks what was read since the last time, together with the text around it.
   * @param whole nothing follows: masks may be set, and without a refusal the answer has passed
   */
  check(whole: boolean): Refusal | null {
    if (this.#mode === "pass" || this.#result === "found" || this.#result === "failed") return null;
    try {
      const refusal = this.#check(whole);
      if (refusal === null && whole) this.#restore();
      if (refusal !== null) this.#result = "found";
      else if (whole) this.#result = this.masked ? "found" : "passed";
      return refusal;
    } catch (error) {
      this.#result = "failed";
      this.#runtime.options.log.error("detectors.failed", {
        decision: this.#call.exchange.decisionId,
        error: error instanceof Error ? error.name : "unknown",
      });
      return refuse(
        "control_unavailable",
        "The model's answer could not be checked, so it was withheld.",
        "Repeat the call; if it stays so, tell the person who runs Mandate.",
      );
    }
  }

  #check(whole: boolean): Refusal | null {
    if (this.#channels.size + this.#arguments.size > maxChannels) throw new RangeError("an answer of more texts than can be kept apart");
    const found: [Channel, readonly Finding[]][] = [];
    for (const channel of this.#channels.values()) {
      if (!channel.dirty) continue;
      channel.dirty = false;
      const findings = channel.text.length < 4 ? [] : this.#detect(channel.text);
      if (findings.length > 0) found.push([channel, findings]);
      if (channel.parts.length === 0) channel.text = channel.text.slice(-this.#runtime.limits.windowChars);
    }
    if (found.length === 0) return null;
    const { types, classes } = summarized(found.flatMap(([, findings]) => findings));
    for (const type of types) this.#types.add(type);
    for (const name of classes) this.#classes.add(name);
    const { request, decision } = this.#call;
    const again = ask(this.#runtime, this.#call.compiled, {
      ...request,
      now: Math.floor(this.#runtime.now() / 1000),
      data: { ...request.data, classes: [...new Set([...request.data.classes, ...this.#classes])] },
    });
    if (again.outcome !== "allow") {
      const refusal = refusalOf(again);
      // Nobody is asked about words that came back: a hold is bound to a request.
      const code = again.outcome === "hold" ? ("policy" as const) : refusal.code;
      return { ...refusal, code, reason: `The model's answer was withheld. ${refusal.reason}` };
    }
    const obligations = [...decision.obligations, ...again.obligations];
    const wanted = new Set(obligations.flatMap((one) => (one.kind === "redact" ? one.types : [])));
    const tokenized = new Set(obligations.flatMap((one) => (one.kind === "tokenize" ? one.types : [])));
    const unseen = undetectableRefusal([...wanted, ...tokenized]);
    if (unseen !== null) return unseen;
    let masks = 0;
    for (const [channel, findings] of found) {
      channel.masks = findings.flatMap(({ type, start, end }) => {
        if (isAmong(type, [...wanted])) return [{ start, end, text: `[${type.toUpperCase()}]` }];
        if (!isAmong(type, [...tokenized])) return [];
        // What the model itself brought in leaves as a token without a way back.
        const token = this.#tokens?.nameOf(type, channel.text.slice(start, end));
        return [{ start, end, text: token ?? `[${type.toUpperCase()}]` }];
      });
      masks += channel.masks.length;
    }
    if (masks === 0 || (whole && this.#whole.length > 0)) return null;
    return refuse(
      "policy",
      "A rule masks what the model's answer holds, and a stream that has begun to leave can't be masked.",
      "Send the call without `stream`.",
      "stream",
    );
  }

  /**
   * Puts the values back that this call's request held, if the rules allow the caller their classes now. Arguments leave
   * restored because each call that asks for a tool was decided on them so.
   */
  #restore(): void {
    const tokens = this.#tokens;
    if (tokens === null || tokens.size === 0) return;
    const channels = [...this.#channels.values(), ...this.#arguments.values()];
    const found = channels.map((channel) => ({ channel, spans: tokens.spans(channel.text) })).filter(({ spans }) => spans.length > 0);
    if (found.length === 0) return;
    const findings = found.flatMap(({ spans }) => spans.map(({ type, start, end }) => ({ type, class: "pii" as const, start, end, confidence: 1 })));
    const { classes } = summarized(findings);
    const { request } = this.#call;
    const now = Math.floor(this.#runtime.now() / 1000);
    const again = ask(this.#runtime, this.#call.compiled, { ...request, now, data: { ...request.data, classes: [...new Set([...request.data.classes, ...classes])] } });
    if (again.outcome !== "allow") return;
    for (const { channel, spans } of found) {
      const json = "json" in channel && channel.json === true;
      const values = spans.map(({ start, end, value }) => ({ start, end, text: json ? escaped(value) : value }));
      this.#restored += values.length;
      channel.masks = [...channel.masks, ...values].sort((a, b) => a.start - b.start);
    }
  }

  /** True once the answer must leave as `maskedEvents` or `maskedJson` give it. */
  get masked(): boolean {
    for (const channel of [...this.#channels.values(), ...this.#arguments.values()]) if (channel.masks.length > 0) return true;
    return false;
  }

  /** The stream's events with their masks, framed anew where one was set. @param raw all events, in order */
  maskedEvents(raw: readonly Buffer[], framer: Pick<StreamFramer, "frame">): Buffer[] {
    const texts = this.#maskedTexts();
    return raw.map((bytes, index) => {
      const { event, body } = this.#whole[index]!;
      const changed = texts.get(index);
      if (event === undefined || body === undefined || changed === undefined) return bytes;
      return framer.frame(event, withTexts(body, changed));
    });
  }

  maskedJson(): Buffer {
    return Buffer.from(JSON.stringify(withTexts(this.#whole[0]!.body!, this.#maskedTexts().get(0) ?? [])), "utf8");
  }

  #maskedTexts(): Map<number, { path: TextPiece["path"]; text: string }[]> {
    const texts = new Map<number, { path: TextPiece["path"]; text: string }[]>();
    for (const channel of [...this.#channels.values(), ...this.#arguments.values()]) {
      if (channel.masks.length === 0) continue;
      for (const { event, piece, start } of channel.parts) {
        const text = maskPart(piece.text, start, channel.masks);
        if (text === piece.text) continue;
        const changed = texts.get(event) ?? [];
        changed.push({ path: piece.path, text });
        texts.set(event, changed);
      }
    }
    return texts;
  }
}

/** A text that several events share is masked where it starts, and removed from the events it goes on in. */
function maskPart(text: string, start: number, masks: readonly Mask[]): string {
  let masked = "";
  let at = 0;
  for (const mask of masks) {
    const from = Math.max(mask.start - start, 0);
    const to = Math.min(mask.end - start, text.length);
    if (from >= to) continue;
    masked += text.slice(at, from) + (mask.start >= start ? mask.text : "");
    at = to;
  }
  return masked + text.slice(at);
}
