import type { Surface } from "../surfaces/surface.ts";
import { anthropicCountTokens } from "../surfaces/anthropic-count-tokens/index.ts";
import { anthropicMessages } from "../surfaces/anthropic-messages/index.ts";
import { converseSurface } from "../surfaces/bedrock-converse/index.ts";
import { geminiSurface } from "../surfaces/gemini/index.ts";
import { openaiChat } from "../surfaces/openai-chat/index.ts";
import { openaiEmbeddings } from "../surfaces/openai-embeddings/index.ts";
import { openaiResponses } from "../surfaces/openai-responses/index.ts";

import { awsException, converseStream } from "./fake-bedrock.ts";

export const kinds = ["text", "tool call", "reasoning", "file", "error"] as const;
export type Kind = (typeof kinds)[number];

/** An answer as a provider sends it. */
export interface Wire {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
}

/** One surface, and how each kind of content stands in its wire. Null: this wire has no such thing. */
export interface SurfaceCells {
  readonly title: string;
  readonly surface: Surface;
  readonly path: (stream: boolean) => string;
  readonly ask: (stream: boolean) => Readonly<Record<string, unknown>>;
  /** A request with the value planted. */
  readonly request: (kind: Kind, value: string) => Readonly<Record<string, unknown>> | null;
  /** An answer with the value planted. */
  readonly answer: (kind: Kind, value: string, stream: boolean) => Wire | null;
}

const json = (body: unknown, status = 200): Wire => ({ status, contentType: "application/json", body: JSON.stringify(body) });
const sse = (events: readonly unknown[], named: boolean, end = ""): Wire => ({
  status: 200,
  contentType: "text/event-stream",
  body:
    events
      .map((event) => `${named ? `event: ${(event as { type: string }).type}\n` : ""}data: ${JSON.stringify(event)}\n\n`)
      .join("") + end,
});
const args = (value: string) => JSON.stringify({ order: value });
const encoded = (value: string) => Buffer.from(value).toString("base64");

const chat: SurfaceCells = {
  title: "/v1/chat/completions",
  surface: openaiChat,
  path: () => openaiChat.path,
  ask: (stream) => ({ model: "m", stream, messages: [{ role: "user", content: "x" }] }),
  request(kind, value) {
    const message: Readonly<Record<Kind, unknown>> = {
      text: { role: "user", content: value },
      "tool call": {
        role: "assistant",
        tool_calls: [{ id: "c", type: "function", function: { name: "orders_lookup", arguments: args(value) } }],
      },
      reasoning: { role: "assistant", content: "x", reasoning_content: value },
      file: { role: "user", content: [{ type: "image_url", image_url: { url: `https://files.example/${value}` } }] },
      error: { role: "tool", tool_call_id: "c", content: `Error: ${value}` },
    };
    return { model: "m", messages: [{ role: "user", content: "x" }, message[kind]] };
  },
  answer(kind, value, stream) {
    if (kind === "error")
      return stream
        ? sse([{ error: { message: value } }], false, "data: [DONE]\n\n")
        : json({ error: { message: value } }, 400);
    const message: Readonly<Record<Exclude<Kind, "error">, object>> = {
      text: { content: value },
      "tool call": {
        tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "orders_lookup", arguments: args(value) } }],
      },
      reasoning: { reasoning_content: value },
      file: { audio: { id: "a", data: encoded(value), transcript: "" } },
    };
    const more = { role: "assistant", ...message[kind] };
    if (!stream) return json({ model: "m", choices: [{ index: 0, finish_reason: "stop", message: more }] });
    const chunk = (delta: object, finish: string | null) => ({
      model: "m",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    return sse([chunk(more, null), chunk({}, "stop")], false, "data: [DONE]\n\n");
  },
};

const responses: SurfaceCells = {
  title: "/v1/responses",
  surface: openaiResponses,
  path: () => openaiResponses.path,
  ask: (stream) => ({ model: "m", stream, store: false, input: "x" }),
  request(kind, value) {
    const item: Readonly<Record<Kind, unknown>> = {
      text: { role: "user", content: value },
      "tool call": { type: "function_call", call_id: "c", name: "orders_lookup", arguments: args(value) },
      reasoning: { type: "reasoning", id: "r", summary: [{ type: "summary_text", text: value }] },
      file: { role: "user", content: [{ type: "input_file", file_url: `https://files.example/${value}` }] },
      error: { type: "function_call_output", call_id: "c", output: `Error: ${value}` },
    };
    return { model: "m", store: false, input: [item[kind]] };
  },
  answer(kind, value, stream) {
    if (kind === "error")
      return stream
        ? sse([{ type: "error", code: "x", message: value, param: null, sequence_number: 0 }], true)
        : json({ error: { message: value } }, 400);
    const items: Readonly<Record<Exclude<Kind, "error">, object>> = {
      text: { type: "message", id: "i", role: "assistant", content: [{ type: "output_text", text: value }] },
      "tool call": { type: "function_call", id: "i", call_id: "c", name: "orders_lookup", arguments: args(value) },
      reasoning: { type: "reasoning", id: "i", summary: [{ type: "summary_text", text: value }] },
      file: { type: "image_generation_call", id: "i", status: "completed", result: encoded(value) },
    };
    const whole = { id: "resp_1", object: "response", model: "m", output: [items[kind]] };
    if (!stream) return json(whole);
    const deltas: Readonly<Record<Exclude<Kind, "error">, readonly object[]>> = {
      text: [{ type: "response.output_text.delta", output_index: 0, content_index: 0, delta: value }],
      "tool call": [{ type: "response.function_call_arguments.delta", output_index: 0, delta: args(value) }],
      reasoning: [{ type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: value }],
      file: [{ type: "response.image_generation_call.partial_image", output_index: 0, partial_image_b64: encoded(value) }],
    };
    return sse(
      [
        { type: "response.created", response: { ...whole, output: [] } },
        { type: "response.output_item.added", output_index: 0, item: { ...items[kind], arguments: "", content: [], summary: [] } },
        ...deltas[kind],
        { type: "response.output_item.done", output_index: 0, item: items[kind] },
        { type: "response.completed", response: whole },
      ],
      true,
    );
  },
};

const messages: SurfaceCells = {
  title: "/v1/messages",
  surface: anthropicMessages,
  path: () => anthropicMessages.path,
  ask: (stream) => ({ model: "m", max_tokens: 9, stream, messages: [{ role: "user", content: "x" }] }),
  request(kind, value) {
    const message: Readonly<Record<Kind, unknown>> = {
      text: { role: "user", content: value },
      "tool call": { role: "assistant", content: [{ type: "tool_use", id: "t", name: "orders_lookup", input: { order: value } }] },
      reasoning: { role: "assistant", content: [{ type: "thinking", thinking: value, signature: "s" }] },
      file: { role: "user", content: [{ type: "document", source: { type: "url", url: `https://files.example/${value}` } }] },
      error: { role: "user", content: [{ type: "tool_result", tool_use_id: "t", is_error: true, content: value }] },
    };
    return { model: "m", max_tokens: 9, messages: [message[kind]] };
  },
  answer(kind, value, stream) {
    if (kind === "error") {
      const error = { type: "error", error: { type: "invalid_request_error", message: value } };
      return stream ? sse([error], true) : json(error, 400);
    }
    const blocks: Readonly<Record<Exclude<Kind, "error">, { type: string }>> = {
      text: { type: "text", text: value } as { type: string },
      "tool call": { type: "tool_use", id: "t", name: "orders_lookup", input: { order: value } } as { type: string },
      reasoning: { type: "thinking", thinking: value, signature: "s" } as { type: string },
      file: { type: "image", source: { type: "base64", data: encoded(value) } } as { type: string },
    };
    const message = { id: "msg_1", type: "message", role: "assistant", model: "m", stop_reason: "end_turn" };
    if (!stream) return json({ ...message, content: [blocks[kind]] });
    const starts: Readonly<Record<string, object>> = {
      text: { type: "text", text: "" },
      "tool call": { type: "tool_use", id: "t", name: "orders_lookup", input: {} },
      reasoning: { type: "thinking", thinking: "" },
      file: blocks.file,
    };
    const deltas: Readonly<Record<string, object>> = {
      text: { type: "text_delta", text: value },
      "tool call": { type: "input_json_delta", partial_json: args(value) },
      reasoning: { type: "thinking_delta", thinking: value },
    };
    return sse(
      [
        { type: "message_start", message: { ...message, content: [], stop_reason: null } },
        { type: "content_block_start", index: 0, content_block: starts[kind] },
        ...(deltas[kind] === undefined ? [] : [{ type: "content_block_delta", index: 0, delta: deltas[kind] }]),
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
        { type: "message_stop" },
      ],
      true,
    );
  },
};

function gemini(title: string, array: boolean): SurfaceCells {
  const base = "/v1beta/models/m:";
  return {
    title,
    surface: geminiSurface(`${base}streamGenerateContent`, array ? "" : "alt=sse")!,
    path: (stream) => (stream ? `${base}streamGenerateContent${array ? "" : "?alt=sse"}` : `${base}generateContent`),
    ask: () => ({ contents: [{ role: "user", parts: [{ text: "x" }] }] }),
    request(kind, value) {
      const parts: Readonly<Record<Kind, object>> = {
        text: { text: value },
        "tool call": { functionCall: { name: "orders_lookup", args: { order: value } } },
        reasoning: { text: value, thought: true },
        file: { fileData: { fileUri: `https://files.example/${value}` } },
        error: { functionResponse: { name: "orders_lookup", response: { error: value } } },
      };
      return { contents: [{ role: kind === "tool call" || kind === "reasoning" ? "model" : "user", parts: [parts[kind]] }] };
    },
    answer(kind, value, stream) {
      const parts: Readonly<Record<Exclude<Kind, "error">, object>> = {
        text: { text: value },
        "tool call": { functionCall: { name: "orders_lookup", args: { order: value } } },
        reasoning: { text: value, thought: true },
        file: { inlineData: { mimeType: "image/png", data: encoded(value) } },
      };
      const error = { error: { code: 400, message: value, status: "INVALID_ARGUMENT" } };
      if (kind === "error" && !stream) return json(error, 400);
      const chunk = (inner: readonly object[], finishReason?: string) => ({
        candidates: [{ content: { role: "model", parts: inner }, finishReason, index: 0 }],
        modelVersion: "m",
      });
      const chunks = kind === "error" ? [chunk([{ text: "x" }]), error] : [chunk([parts[kind]]), chunk([], "STOP")];
      if (!stream) return kind === "error" ? json(error, 400) : json(chunk([parts[kind]], "STOP"));
      return array ? { ...json(chunks), body: JSON.stringify(chunks) } : sse(chunks, false);
    },
  };
}

const converse: SurfaceCells = {
  title: "/model/MODEL/converse(-stream)",
  surface: converseSurface("/model/m/converse-stream")!,
  path: (stream) => (stream ? "/model/m/converse-stream" : "/model/m/converse"),
  ask: () => ({ messages: [{ role: "user", content: [{ text: "x" }] }] }),
  request(kind, value) {
    const block: Readonly<Record<Kind, object>> = {
      text: { text: value },
      "tool call": { toolUse: { toolUseId: "t", name: "orders_lookup", input: { order: value } } },
      reasoning: { reasoningContent: { reasoningText: { text: value } } },
      file: { document: { name: "d", format: "pdf", source: { s3Location: { uri: `s3://bucket/${value}` } } } },
      error: { toolResult: { toolUseId: "t", status: "error", content: [{ text: value }] } },
    };
    const role = kind === "tool call" || kind === "reasoning" ? "assistant" : "user";
    return { messages: [{ role, content: [block[kind]] }] };
  },
  answer(kind, value, stream) {
    if (kind === "error" && !stream) return json({ message: value }, 400);
    const blocks: Readonly<Record<Exclude<Kind, "error">, object>> = {
      text: { text: value },
      "tool call": { toolUse: { toolUseId: "t", name: "orders_lookup", input: { order: value } } },
      reasoning: { reasoningContent: { reasoningText: { text: value } } },
      file: { image: { format: "png", source: { bytes: encoded(value) } } },
    };
    if (!stream)
      return json({ output: { message: { role: "assistant", content: [blocks[kind as "text"]] } }, stopReason: "end_turn" });
    const at = { contentBlockIndex: 0 };
    const deltas: Readonly<Record<Kind, readonly Readonly<Record<string, object>>[]>> = {
      text: [{ contentBlockDelta: { ...at, delta: { text: value } } }],
      "tool call": [
        { contentBlockStart: { ...at, start: { toolUse: { toolUseId: "t", name: "orders_lookup" } } } },
        { contentBlockDelta: { ...at, delta: { toolUse: { input: args(value) } } } },
      ],
      reasoning: [{ contentBlockDelta: { ...at, delta: { reasoningContent: { text: value } } } }],
      file: [{ contentBlockDelta: { ...at, delta: { image: { source: { bytes: encoded(value) } } } } }],
      error: [{ contentBlockDelta: { ...at, delta: { text: "x" } } }],
    };
    const begun = [{ messageStart: { role: "assistant" } }, ...deltas[kind]];
    const ended = [{ contentBlockStop: at }, { messageStop: { stopReason: "end_turn" } }];
    return {
      status: 200,
      contentType: "application/vnd.amazon.eventstream",
      body:
        kind === "error"
          ? Buffer.concat([converseStream(begun), awsException("modelStreamErrorException", value)])
          : converseStream([...begun, ...ended]),
    };
  },
};

/** Surfaces whose answers are numbers: of the kinds, only an error can carry words. */
function numbers(title: string, surface: Surface, path: string, ask: object, plant: SurfaceCells["request"]): SurfaceCells {
  return {
    title,
    surface,
    path: () => path,
    ask: () => ask as Readonly<Record<string, unknown>>,
    request: plant,
    answer: (kind, value, stream) => (kind === "error" && !stream ? json({ error: { message: value } }, 400) : null),
  };
}

export const surfaceCells: readonly SurfaceCells[] = [
  chat,
  responses,
  numbers("/v1/embeddings", openaiEmbeddings, openaiEmbeddings.path, { model: "m", input: "x" }, (kind, value) =>
    kind === "text" ? { model: "m", input: [value] } : null,
  ),
  messages,
  numbers("/v1/messages/count_tokens", anthropicCountTokens, anthropicCountTokens.path, { model: "m", messages: [{ role: "user", content: "x" }] }, (kind, value) =>
    messages.request(kind, value),
  ),
  converse,
  gemini("/v1beta/models/MODEL:(stream)GenerateContent, events", false),
  gemini("/v1beta/models/MODEL:(stream)GenerateContent, array", true),
  numbers("/v1beta/models/MODEL:countTokens", geminiSurface("/v1beta/models/m:countTokens", "")!, "/v1beta/models/m:countTokens", { contents: [{ parts: [{ text: "x" }] }] }, (kind, value) =>
    gemini("", false).request(kind, value),
  ),
];
