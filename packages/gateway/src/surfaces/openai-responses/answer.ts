import type { SseEvent } from "../../sse/sse-reader.ts";
import { count, hostedName, isMembers, type Members, text } from "../fields.ts";
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
  const calls: ToolCall[] = [];
  let content = "";
  for (const item of itemsOf(body)) {
    const call = callOf(item);
    if (call !== undefined) calls.push(call);
    if (holdsFile(item)) calls.push(fileOutput(text(item.id)));
    content += textOf(item);
  }
  return {
    served: text(body.model) === "" ? [] : [text(body.model)],
    calls,
    usage: usageOf(body),
    text: content,
    issued: text(body.id) || null,
  };
}

/** Every text the stream gave as a call's arguments: deltas and summaries can disagree, and clients read either. */
interface OpenCall {
  base: ToolCall;
  deltas: string;
  variants: Set<string>;
}

const ends = new Set(["response.completed", "response.failed", "response.incomplete", "error"]);

export class ResponsesStreamReader implements StreamReader {
  readonly #open = new Map<number, OpenCall>();
  /** How often each call was decided while streaming: the final event repeats all of them. */
  readonly #decided = new Map<string, number>();

  #file = false;

  get pending(): boolean {
    return this.#open.size > 0;
  }

  accept(event: SseEvent): EventView {
    if (event.data === "" || event.data === "[DONE]") return { ...emptyEvent, terminal: event.data !== "" };
    const body = bodyOf(event);
    if (body === undefined) return emptyEvent;
    const type = text(body.type) || event.name;
    const index = typeof body.output_index === "number" ? body.output_index : -1;
    const view = this.#read(type, index, body);
    return this.#filed(type, body) ? { ...view, calls: [fileOutput(text(body.item_id)), ...view.calls] } : view;
  }

  #read(type: string, index: number, body: Members): EventView {
    if (isMembers(body.response)) return this.#envelope(body.response, ends.has(type));
    if (type === "response.output_item.added" && isMembers(body.item)) return this.#added(index, body.item);
    if (type === "response.output_item.done" && isMembers(body.item)) return this.#done(index, body.item);
    if (/^response\.(function_call_arguments|custom_tool_call_input|mcp_call_arguments)\./.test(type))
      this.#piece(index, type, body);
    return {
      ...emptyEvent,
      text: type === "response.output_text.delta" ? text(body.delta) : "",
      terminal: ends.has(type),
    };
  }

  unfinished(): readonly ToolCall[] {
    const calls = [...this.#open.values()].flatMap((open) => this.#wholes(open));
    this.#open.clear();
    return calls;
  }

  /** The first event that brings a file: speech, or a message's part that isn't text. */
  #filed(type: string, body: Members): boolean {
    if (this.#file) return false;
    const part = isMembers(body.part) ? [body.part] : [];
    const items = isMembers(body.item) ? [body.item] : isMembers(body.response) ? itemsOf(body.response) : [];
    this.#file =
      /^response\.(output_)?(audio|image)\.delta$/.test(type) || [...items, { content: part }].some(holdsFile);
    return this.#file;
  }

  #envelope(response: Members, terminal: boolean): EventView {
    const calls = terminal ? [...this.unfinished()] : [];
    const seen = new Map<string, number>();
    for (const item of itemsOf(response)) {
      const call = callOf(item);
      if (call === undefined) continue;
      const key = identity(call);
      const nth = (seen.get(key) ?? 0) + 1;
      seen.set(key, nth);
      // A call that stands only in the summary was never decided: clients that read the summary would run it.
      if (nth > (this.#decided.get(key) ?? 0)) calls.push(this.#count(call));
    }
    return {
      served: text(response.model) || null,
      calls,
      usage: usageOf(response),
      text: "",
      issued: text(response.id) || null,
      terminal,
    };
  }

  #added(index: number, item: Members): EventView {
    const before = this.#open.get(index);
    const calls = before === undefined ? [] : this.#wholes(before);
    this.#open.delete(index);
    const call = callOf(item);
    if (call !== undefined) {
      if (call.hosted && !runByClient.has(call.name)) calls.push(this.#count(call));
      else this.#open.set(index, { base: call, deltas: "", variants: new Set() });
    }
    return { ...emptyEvent, calls };
  }

  #piece(index: number, type: string, body: Members): void {
    let open = this.#open.get(index);
    if (open === undefined) {
      if (type.includes("mcp_call")) return;
      open = {
        base: { key: text(body.item_id), name: text(body.name), hosted: false, argumentsText: "" },
        deltas: "",
        variants: new Set(),
      };
      this.#open.set(index, open);
    }
    if (type.endsWith(".delta")) open.deltas += text(body.delta);
    else
      open.variants.add(
        wrap(
          type.includes("custom_tool") ? "custom_tool_call" : "function_call",
          text(body.arguments) || text(body.input),
        ),
      );
  }

  #done(index: number, item: Members): EventView {
    const call = callOf(item);
    const open = this.#open.get(index);
    this.#open.delete(index);
    if (open === undefined) {
      if (call === undefined || (call.hosted && (this.#decided.get(identity(call)) ?? 0) > 0)) return emptyEvent;
      return { ...emptyEvent, calls: [this.#count(call)] };
    }
    const calls: ToolCall[] = [];
    if (call !== undefined) {
      calls.push(this.#count(call));
      if (open.deltas !== "") open.variants.add(wrap(text(item.type), open.deltas));
      for (const variant of open.variants)
        if (variant !== call.argumentsText) calls.push({ ...call, argumentsText: variant });
      if (open.base.name !== "" && open.base.name !== call.name) calls.push(open.base);
    } else calls.push(...this.#wholes(open));
    return { ...emptyEvent, calls };
  }

  #wholes(open: OpenCall): ToolCall[] {
    if (open.deltas !== "") open.variants.add(open.deltas);
    if (open.variants.size === 0) open.variants.add(open.base.argumentsText);
    return [...open.variants].map((variant) => this.#count({ ...open.base, argumentsText: variant }));
  }

  #count(call: ToolCall): ToolCall {
    const key = identity(call);
    this.#decided.set(key, (this.#decided.get(key) ?? 0) + 1);
    return call;
  }
}

function identity(call: ToolCall): string {
  return call.hosted && !runByClient.has(call.name) ? call.name : `${call.name}\n${call.argumentsText}`;
}

/** Provider-defined tools that the caller itself runs: what they are asked to do is decided, so it must be whole. */
const runByClient = new Set(["local_shell", "shell", "apply_patch", "computer"]);

const inert = new Set(["message", "reasoning", "compaction", "mcp_approval_response"]);

/** Any item that isn't known to be inert is taken for a tool at work (G11). */
function callOf(item: Members): ToolCall | undefined {
  const type = text(item.type);
  if (inert.has(type) || type.endsWith("_output")) return undefined;
  const key = text(item.call_id) || text(item.id);
  if (type === "function_call" || type === "custom_tool_call")
    return {
      key,
      name: text(item.name),
      hosted: false,
      argumentsText: wrap(type, text(type === "function_call" ? item.arguments : item.input)),
    };
  const name = hostedTool(type);
  const asked = item.action ?? item.operation;
  return {
    key,
    name,
    hosted: true,
    argumentsText: runByClient.has(name) && asked !== undefined ? JSON.stringify(asked) : "",
  };
}

function hostedTool(type: string): string {
  if (type.startsWith("mcp_")) return "mcp";
  if (type === "program") return "programmatic_tool_calling";
  return hostedName(type.replace(/_call$/, "")) || "unknown";
}

function wrap(type: string, value: string): string {
  return type === "custom_tool_call" ? JSON.stringify({ input: value }) : value;
}

function itemsOf(body: Members): readonly Members[] {
  return (Array.isArray(body.output) ? body.output : []).filter(isMembers);
}

const readable = new Set(["output_text", "text", "refusal", "reasoning_text", "summary_text"]);

/** A message or its reasoning with a part that isn't text. What hosted tools bring is decided as theirs. */
function holdsFile(item: Members): boolean {
  return Array.isArray(item.content) && item.content.some((part) => isMembers(part) && !readable.has(text(part.type)));
}

function textOf(item: Members): string {
  let joined = "";
  for (const part of Array.isArray(item.content) ? item.content : []) if (isMembers(part)) joined += text(part.text);
  return joined;
}

function usageOf(body: Members): TokenUsage | null {
  if (!isMembers(body.usage)) return null;
  return { input: count(body.usage.input_tokens), output: count(body.usage.output_tokens) };
}
