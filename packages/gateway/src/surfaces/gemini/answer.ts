import type { SseEvent } from "../../sse/sse-reader.ts";
import { count, isMembers, type Members, text } from "../fields.ts";
import { bodyOf } from "../openai-chat/answer.ts";
import {
  type AnswerView,
  emptyEvent,
  type EventView,
  type StreamReader,
  type TokenUsage,
  type ToolCall,
} from "../surface.ts";
import { PartialArguments } from "./partial-arguments.ts";
import { snakeName } from "./spelling.ts";

export function readAnswer(body: Members): AnswerView {
  const reader = new GenerateStreamReader();
  const view = reader.read(body);
  return {
    served: view.served === null ? [] : [view.served],
    calls: [...view.calls, ...reader.unfinished()],
    usage: view.usage,
    text: view.text,
    issued: null,
  };
}

interface OpenCall {
  name: string;
  key: string;
  readonly arguments: PartialArguments;
}

/** Calls come whole in one part, or their arguments path by path until a part says that nothing follows. */
export class GenerateStreamReader implements StreamReader {
  readonly #open = new Map<number, OpenCall>();
  /** Hosted tools already decided: each chunk repeats what it is grounded on. */
  readonly #hosted = new Set<string>();

  get pending(): boolean {
    return this.#open.size > 0;
  }

  accept(event: SseEvent): EventView {
    const body = event.data === "" ? undefined : bodyOf(event);
    return body === undefined ? emptyEvent : this.read(body);
  }

  read(body: Members): EventView {
    const calls: ToolCall[] = [];
    let content = "";
    let terminal = isMembers(body.error) || (isMembers(body.promptFeedback) && text(body.promptFeedback.blockReason) !== "");
    const candidates = Array.isArray(body.candidates) ? body.candidates.filter(isMembers) : [];
    candidates.forEach((candidate, position) => {
      const index = typeof candidate.index === "number" ? candidate.index : position;
      const parts = isMembers(candidate.content) && Array.isArray(candidate.content.parts) ? candidate.content.parts : [];
      for (const part of parts) {
        if (!isMembers(part)) continue;
        content += text(part.text);
        for (const [name, value] of Object.entries(part)) this.#part(index, name, value, calls);
      }
      for (const name of ["groundingMetadata", "urlContextMetadata"] as const)
        if (isMembers(candidate[name]) && ran(candidate[name])) this.#ranHosted(groundedBy(name, candidate[name]), calls);
      if (text(candidate.finishReason) === "") return;
      terminal = true;
      const open = this.#open.get(index);
      this.#open.delete(index);
      if (open !== undefined) calls.push(whole(open));
    });
    return {
      served: text(body.modelVersion) || null,
      calls,
      usage: usageOf(body),
      text: content,
      issued: null,
      terminal,
    };
  }

  unfinished(): readonly ToolCall[] {
    const calls = [...this.#open.values()].map(whole);
    this.#open.clear();
    return calls;
  }

  #part(index: number, name: string, value: unknown, calls: ToolCall[]): void {
    if (name === "functionCall") return this.#call(index, isMembers(value) ? value : {}, calls);
    if (name === "inlineData" || name === "fileData") return this.#ranHosted("file_output", calls);
    if (name === "executableCode" || name === "codeExecutionResult") return this.#ranHosted("code_execution", calls);
    if (name === "toolCall" || name === "toolResponse")
      return this.#ranHosted(isMembers(value) ? snakeName(text(value.toolType)).toLowerCase() || "tool" : "tool", calls);
    // A result that the model writes for itself is a call that someone ran.
    if (name === "functionResponse") calls.push({ key: name, name: "tool", hosted: true, argumentsText: "" });
  }

  #call(index: number, call: Members, calls: ToolCall[]): void {
    const open = this.#open.get(index);
    const named = text(call.name);
    // Named parts begin a call; what was open before them is as whole as it gets.
    if (open !== undefined && named !== "") {
      calls.push(whole(open));
      this.#open.delete(index);
    }
    const continues = call.willContinue === true || call.partialArgs !== undefined;
    if (named !== "" && !continues) {
      calls.push({
        key: text(call.id) || `${index}:${calls.length}`,
        name: named,
        hosted: false,
        argumentsText: isMembers(call.args) ? JSON.stringify(call.args) : call.args === undefined ? "{}" : "unreadable",
      });
      return;
    }
    let current = this.#open.get(index);
    if (current === undefined) {
      current = { name: named, key: text(call.id), arguments: new PartialArguments() };
      this.#open.set(index, current);
    }
    if (call.partialArgs !== undefined) current.arguments.add(call.partialArgs);
    // Whole arguments and pieces of them in one call: clients differ in which they take.
    if (call.args !== undefined) current.arguments.add(undefined);
    if (call.willContinue === true) return;
    this.#open.delete(index);
    calls.push(whole(current));
  }

  #ranHosted(name: string, calls: ToolCall[]): void {
    if (this.#hosted.has(name)) return;
    this.#hosted.add(name);
    calls.push({ key: `hosted:${name}`, name, hosted: true, argumentsText: "" });
  }
}

function whole(open: OpenCall): ToolCall {
  return { key: open.key || open.name, name: open.name, hosted: false, argumentsText: open.arguments.text };
}

/** An empty object says that nothing was looked up. */
function ran(metadata: Members): boolean {
  return Object.keys(metadata).length > 0;
}

function groundedBy(name: "groundingMetadata" | "urlContextMetadata", metadata: Members): string {
  if (name === "urlContextMetadata") return "url_context";
  const chunks = Array.isArray(metadata.groundingChunks) ? metadata.groundingChunks.filter(isMembers) : [];
  if (chunks.some((chunk) => chunk.maps !== undefined)) return "google_maps";
  if (chunks.some((chunk) => chunk.retrievedContext !== undefined)) return "file_search";
  return "google_search";
}

function usageOf(body: Members): TokenUsage | null {
  const { usageMetadata: usage } = body;
  if (!isMembers(usage) || usage.promptTokenCount === undefined) return null;
  return {
    input: count(usage.promptTokenCount) + count(usage.toolUsePromptTokenCount),
    output: count(usage.candidatesTokenCount) + count(usage.thoughtsTokenCount),
  };
}
