import type { SseEvent } from "../../sse/sse-reader.ts";
import { count, isMembers, type Members, text } from "../fields.ts";
import { bodyOf } from "../openai-chat/answer.ts";
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
  const message = isMembers(body.output) && isMembers(body.output.message) ? body.output.message : {};
  const blocks = Array.isArray(message.content) ? message.content.filter(isMembers) : [];
  return {
    served: servedBy(body),
    calls: blocks.flatMap((block) => callsOf(block)),
    usage: usageOf(body),
    text: blocks.map((block) => text(block.text)).join(""),
    issued: null,
  };
}

/** What a block asks for: text, reasoning and citations are words, anything else is a call or a file. */
function callsOf(block: Members): ToolCall[] {
  const calls: ToolCall[] = [];
  for (const [kind, value] of Object.entries(block)) {
    const inner = isMembers(value) ? value : {};
    if (kind === "toolUse")
      calls.push({
        key: text(inner.toolUseId),
        name: inner.type === "server_tool_use" ? "system_tool" : text(inner.name),
        hosted: inner.type === "server_tool_use",
        argumentsText: isMembers(inner.input) ? JSON.stringify(inner.input) : text(inner.input),
      });
    else if (kind === "toolResult") calls.push({ key: kind, name: "system_tool", hosted: true, argumentsText: "" });
    else if (!words.has(kind)) calls.push(fileOutput(kind));
  }
  return calls;
}

const words = new Set(["text", "reasoningContent", "citationsContent", "citation", "guardContent", "cachePoint"]);

interface OpenCall {
  readonly call: ToolCall;
  input: string;
}

/** A call begins with its name, goes on in pieces of its arguments and is whole when its block stops. */
export class ConverseStreamReader implements StreamReader {
  readonly #open = new Map<number, OpenCall>();

  get pending(): boolean {
    return this.#open.size > 0;
  }

  accept(event: SseEvent): EventView {
    const body = event.data === "" ? undefined : bodyOf(event);
    if (body === undefined) return emptyEvent;
    const index = typeof body.contentBlockIndex === "number" ? body.contentBlockIndex : -1;
    switch (event.name) {
      case "contentBlockStart": {
        const calls = this.#close(index);
        for (const call of callsOf(isMembers(body.start) ? body.start : {}))
          if (call.hosted) calls.push(call);
          else this.#open.set(index, { call, input: "" });
        return { ...emptyEvent, calls };
      }
      case "contentBlockDelta": {
        const delta = isMembers(body.delta) ? body.delta : {};
        const open = this.#open.get(index);
        if (isMembers(delta.toolUse)) {
          // Arguments without a call that they belong to: some client may still act on them.
          if (open === undefined) this.#open.set(index, { call: nameless, input: text(delta.toolUse.input) });
          else open.input += text(delta.toolUse.input);
          return emptyEvent;
        }
        return { ...emptyEvent, text: text(delta.text), calls: callsOf(delta) };
      }
      case "contentBlockStop":
        return { ...emptyEvent, calls: this.#close(index) };
      case "metadata":
        return { ...emptyEvent, usage: usageOf(body), served: servedBy(body)[0] ?? null };
      case "messageStop":
        return { ...emptyEvent, calls: this.unfinished(), terminal: true };
      default:
        return event.name.endsWith("Exception") ? { ...emptyEvent, calls: this.unfinished(), terminal: true } : emptyEvent;
    }
  }

  unfinished(): readonly ToolCall[] {
    return [...this.#open.keys()].flatMap((index) => this.#close(index));
  }

  #close(index: number): ToolCall[] {
    const open = this.#open.get(index);
    this.#open.delete(index);
    if (open === undefined) return [];
    const whole = open.call.argumentsText;
    const streamed = open.input === "" ? [] : [{ ...open.call, argumentsText: open.input }];
    return streamed.length === 0 ? [open.call] : whole === "" ? streamed : [...streamed, open.call];
  }
}

const nameless: ToolCall = { key: "", name: "", hosted: false, argumentsText: "" };

/** Only a prompt router says which model it chose. */
function servedBy(body: Members): readonly string[] {
  const router = isMembers(body.trace) && isMembers(body.trace.promptRouter) ? body.trace.promptRouter : {};
  return text(router.invokedModelId) === "" ? [] : [text(router.invokedModelId)];
}

function usageOf(body: Members): TokenUsage | null {
  if (!isMembers(body.usage)) return null;
  const { usage } = body;
  return {
    input: count(usage.inputTokens) + count(usage.cacheReadInputTokens) + count(usage.cacheWriteInputTokens),
    output: count(usage.outputTokens),
  };
}
