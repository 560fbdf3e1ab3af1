import type { SseEvent } from "../../sse/sse-reader.ts";
import { count, isMembers, type Members, text } from "../fields.ts";
import {
  type AnswerView,
  emptyEvent,
  type EventView,
  fileOutput,
  type StreamReader,
  type TokenUsage,
  type ToolCall,
} from "../surface.ts";

export function readAnswer(body: Members): AnswerView {
  const calls: ToolCall[] = [];
  let content = "";
  choicesOf(body).forEach((choice, index) => {
    const message = isMembers(choice.message) ? choice.message : {};
    content += text(message.content);
    const open = new Map<string, OpenCall>();
    collect(open, index, message);
    for (const [key, call] of open) calls.push(whole(key, call));
    if (holdsFile(message)) calls.push(fileOutput(`${index}:file`));
  });
  return {
    served: text(body.model) === "" ? [] : [text(body.model)],
    calls,
    usage: usageOf(body),
    text: content,
    issued: null,
  };
}

interface OpenCall {
  name: string;
  argumentsText: string;
  /** Free text instead of JSON: rules see it as `input`. */
  custom: boolean;
}

/** Deltas carry a call in pieces; it is whole when its choice finishes or the stream says it is done. */
export class ChatStreamReader implements StreamReader {
  readonly #open = new Map<string, OpenCall>();
  /** Decided once a stream: speech comes in hundreds of pieces. */
  #file = false;

  get pending(): boolean {
    return this.#open.size > 0;
  }

  accept(event: SseEvent): EventView {
    if (event.data === "") return emptyEvent;
    if (event.data === "[DONE]") return { ...emptyEvent, calls: this.unfinished(), terminal: true };
    const body = bodyOf(event);
    if (body === undefined) return emptyEvent;
    let content = "";
    const calls: ToolCall[] = [];
    choicesOf(body).forEach((choice, position) => {
      const index = typeof choice.index === "number" ? choice.index : position;
      // `message` in a chunk isn't the standard's, but some clients would act on it.
      for (const part of [choice.delta, choice.message]) {
        if (!isMembers(part)) continue;
        content += text(part.content);
        collect(this.#open, index, part);
        if (!this.#file && holdsFile(part)) calls.push(fileOutput(`${index}:file`));
        this.#file ||= holdsFile(part);
      }
      content += text(choice.text);
      if (choice.finish_reason !== undefined && choice.finish_reason !== null) {
        for (const [key, call] of this.#open) {
          if (!key.startsWith(`${index}:`)) continue;
          calls.push(whole(key, call));
          this.#open.delete(key);
        }
      }
    });
    return {
      served: text(body.model) || null,
      calls,
      usage: usageOf(body),
      text: content,
      issued: null,
      terminal: false,
    };
  }

  unfinished(): readonly ToolCall[] {
    const calls = [...this.#open].map(([key, call]) => whole(key, call));
    this.#open.clear();
    return calls;
  }
}

/** Names are joined as well: a second name in a later delta must not hide behind the first. */
function collect(open: Map<string, OpenCall>, choice: number, part: Members): void {
  (Array.isArray(part.tool_calls) ? part.tool_calls : []).forEach((call: unknown, position: number) => {
    if (!isMembers(call)) return;
    const target = isMembers(call.function) ? call.function : isMembers(call.custom) ? call.custom : {};
    append(
      open,
      `${choice}:${typeof call.index === "number" ? call.index : position}`,
      text(target.name),
      argumentsOf(target),
      isMembers(call.custom),
    );
  });
  if (isMembers(part.function_call))
    append(open, `${choice}:function_call`, text(part.function_call.name), argumentsOf(part.function_call), false);
}

const readable = new Set(["text", "output_text", "refusal", "thinking", "reasoning"]);

/** Speech, images, and whatever else a message holds that isn't text. */
function holdsFile(part: Members): boolean {
  if (isMembers(part.audio)) return true;
  if (Array.isArray(part.images) && part.images.length > 0) return true;
  return Array.isArray(part.content) && part.content.some((one) => isMembers(one) && !readable.has(text(one.type)));
}

function argumentsOf(target: Members): string {
  const value = target.arguments ?? target.input;
  return typeof value === "string" || value === undefined ? text(value) : JSON.stringify(value);
}

function append(open: Map<string, OpenCall>, key: string, name: string, argumentsText: string, custom: boolean): void {
  const call = open.get(key);
  if (call === undefined) open.set(key, { name, argumentsText, custom });
  else {
    if (name !== call.name) call.name += name;
    call.argumentsText += argumentsText;
  }
}

function whole(key: string, call: OpenCall): ToolCall {
  return {
    key,
    name: call.name,
    hosted: false,
    argumentsText: call.custom ? JSON.stringify({ input: call.argumentsText }) : call.argumentsText,
  };
}

function choicesOf(body: Members): readonly Members[] {
  return (Array.isArray(body.choices) ? body.choices : []).filter(isMembers);
}

function usageOf(body: Members): TokenUsage | null {
  if (!isMembers(body.usage)) return null;
  return { input: count(body.usage.prompt_tokens), output: count(body.usage.completion_tokens) };
}

/** An event that isn't JSON carries nothing a client of this surface could act on. */
export function bodyOf(event: SseEvent): Members | undefined {
  return event.body ?? parse(event.data);
}

function parse(data: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
