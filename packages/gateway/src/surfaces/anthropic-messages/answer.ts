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
import { hostedServerTool } from "./request.ts";

export function readAnswer(body: Members): AnswerView {
  const calls: ToolCall[] = [];
  let content = "";
  for (const block of Array.isArray(body.content) ? body.content : []) {
    if (!isMembers(block)) continue;
    const call = callOf(block);
    if (call !== undefined) calls.push(call);
    if (block.type === "text") content += text(block.text);
  }
  return {
    served: text(body.model) === "" ? [] : [text(body.model)],
    calls,
    usage: usageOf(body),
    text: content,
    issued: null,
  };
}

interface OpenCall {
  call: ToolCall;
  deltas: string;
}

export class MessagesStreamReader implements StreamReader {
  readonly #open = new Map<number, OpenCall>();
  #input = 0;

  get pending(): boolean {
    return this.#open.size > 0;
  }

  accept(event: SseEvent): EventView {
    if (event.data === "") return emptyEvent;
    const body = bodyOf(event);
    if (body === undefined) return emptyEvent;
    const index = typeof body.index === "number" ? body.index : -1;
    switch (text(body.type) || event.name) {
      case "message_start": {
        // A second one starts the message anew: whatever was open is judged first.
        const calls = [...this.unfinished()];
        const message = isMembers(body.message) ? body.message : {};
        for (const block of Array.isArray(message.content) ? message.content : []) {
          const call = isMembers(block) ? callOf(block) : undefined;
          if (call !== undefined) calls.push(call);
        }
        const usage = usageOf(message);
        this.#input = usage?.input ?? this.#input;
        return { ...emptyEvent, calls, served: text(message.model) || null, usage };
      }
      case "content_block_start":
        return this.#started(index, isMembers(body.content_block) ? body.content_block : {});
      case "content_block_delta": {
        const delta = isMembers(body.delta) ? body.delta : {};
        const open = this.#open.get(index);
        if (open !== undefined && delta.type === "input_json_delta") open.deltas += text(delta.partial_json);
        return { ...emptyEvent, text: delta.type === "text_delta" ? text(delta.text) : "" };
      }
      case "content_block_stop": {
        const open = this.#open.get(index);
        this.#open.delete(index);
        return { ...emptyEvent, calls: open === undefined ? [] : wholes(open) };
      }
      case "message_delta": {
        const usage = usageOf(body);
        return {
          ...emptyEvent,
          usage: usage === null ? null : { input: Math.max(usage.input, this.#input), output: usage.output },
        };
      }
      case "message_stop":
      case "error":
        return { ...emptyEvent, calls: this.unfinished(), terminal: true };
      default:
        return emptyEvent;
    }
  }

  unfinished(): readonly ToolCall[] {
    const calls = [...this.#open.values()].flatMap(wholes);
    this.#open.clear();
    return calls;
  }

  #started(index: number, block: Members): EventView {
    const before = this.#open.get(index);
    this.#open.delete(index);
    const calls = before === undefined ? [] : wholes(before);
    const call = callOf(block);
    if (call?.hosted === true) calls.push(call);
    else if (call !== undefined) this.#open.set(index, { call, deltas: "" });
    return { ...emptyEvent, calls, text: block.type === "text" ? text(block.text) : "" };
  }
}

/** Arguments stand in the block's start or in its deltas; where both do, clients differ, so both are judged. */
function wholes(open: OpenCall): ToolCall[] {
  const streamed = { ...open.call, argumentsText: open.deltas };
  if (open.deltas === "") return [open.call];
  return open.call.argumentsText === "{}" || open.call.argumentsText === "" ? [streamed] : [streamed, open.call];
}

const files = new Set(["image", "document", "container_upload", "audio", "video", "file"]);

function callOf(block: Members): ToolCall | undefined {
  const type = text(block.type);
  if (files.has(type)) return fileOutput(type);
  if (type === "tool_use")
    return {
      key: text(block.id),
      name: text(block.name),
      hosted: false,
      argumentsText: isMembers(block.input) ? JSON.stringify(block.input) : text(block.input),
    };
  if (type === "mcp_tool_use") return { key: text(block.id), name: "mcp", hosted: true, argumentsText: "" };
  if (type.endsWith("tool_use"))
    return {
      key: text(block.id),
      name: hostedServerTool(text(block.name)) || "unknown",
      hosted: true,
      argumentsText: "",
    };
  return undefined;
}

function usageOf(body: Members): TokenUsage | null {
  if (!isMembers(body.usage)) return null;
  const { usage } = body;
  return {
    input: count(usage.input_tokens) + count(usage.cache_creation_input_tokens) + count(usage.cache_read_input_tokens),
    output: count(usage.output_tokens),
  };
}
