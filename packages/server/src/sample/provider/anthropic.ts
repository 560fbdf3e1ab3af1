import { label, pieces, sceneFor, tokens, type Scene, type ScriptedStatus } from "./script.ts";
import {
  idTail,
  isRecord,
  listed,
  records,
  retryAfter,
  servedAs,
  textOf,
  type Reply,
  type Stamp,
  type StreamEvent,
} from "./wire.ts";

/** Anthropic messages: https://docs.anthropic.com/en/api/messages */
export function message(body: Record<string, unknown>, stamp: Stamp): Reply {
  const messages = records(body.messages);
  if (typeof body.model !== "string") return anthropicError(400, "model: Field required", stamp);
  if (typeof body.max_tokens !== "number") return anthropicError(400, "max_tokens: Field required", stamp);
  if (messages.length === 0) return anthropicError(400, "messages: at least one message is required", stamp);
  const lastBlocks = records(messages.at(-1)?.content);
  const user = messages.findLast((turn) => turn.role === "user" && textOf(turn.content) !== "");
  const scene = sceneFor({
    model: body.model,
    prompt: textOf(user?.content),
    afterTool: lastBlocks.some((block) => block.type === "tool_result"),
    tools: records(body.tools).flatMap((tool) =>
      typeof tool.name === "string" && isRecord(tool.input_schema) ? [tool.name] : [],
    ),
    json: false,
  });
  if (scene.kind === "error") return anthropicError(scene.status, undefined, stamp);
  const content = blocks(scene, stamp);
  const usage = {
    input_tokens: inputTokens(body),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: tokens(JSON.stringify(content)),
    service_tier: "standard",
    inference_geo: "not_available",
  };
  const head = {
    model: servedAs(body.model),
    id: `msg_01${idTail(stamp, "msg", 22)}`,
    type: "message",
    role: "assistant",
  };
  const stop = { stop_reason: scene.kind === "tool" ? "tool_use" : "end_turn", stop_sequence: null };
  if (body.stream !== true) return { kind: "json", status: 200, body: { ...head, content, ...stop, usage } };
  return { kind: "stream", events: events(head, content, stop, usage), pacing: scene.pacing };
}

/** @returns `{input_tokens}`, for the same text that `messages` would bill */
export function countTokens(body: Record<string, unknown>, stamp: Stamp): Reply {
  if (typeof body.model !== "string") return anthropicError(400, "model: Field required", stamp);
  return { kind: "json", status: 200, body: { input_tokens: inputTokens(body) } };
}

export function anthropicModels(id: string | null, stamp: Stamp): Reply {
  const entry = (model: string) => ({
    type: "model",
    id: model,
    display_name: `${model} ${label}`,
    created_at: "2025-09-29T00:00:00Z",
  });
  if (id === null) {
    return {
      kind: "json",
      status: 200,
      body: { data: listed.map(entry), has_more: false, first_id: listed[0], last_id: listed.at(-1) },
    };
  }
  if (!listed.some((model) => model === id)) return anthropicError(404, `model: ${id}`, stamp);
  return { kind: "json", status: 200, body: entry(id) };
}

type Block =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "tool_use";
      readonly id: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
    };

function blocks(scene: Exclude<Scene, { kind: "error" }>, stamp: Stamp): readonly Block[] {
  const text: Block = { type: "text", text: scene.text };
  if (scene.kind === "answer") return [text];
  return [text, { type: "tool_use", id: `toolu_01${idTail(stamp, "tool", 22)}`, name: scene.name, input: scene.input }];
}

function inputTokens(body: Record<string, unknown>): number {
  const turns = records(body.messages).map((turn) => textOf(turn.content));
  return tokens([textOf(body.system), ...turns, ...records(body.tools).map((tool) => JSON.stringify(tool))].join(" "));
}

function events(
  head: Record<string, unknown>,
  content: readonly Block[],
  stop: Record<string, unknown>,
  usage: Record<string, unknown>,
): readonly StreamEvent[] {
  const list: StreamEvent[] = [];
  const push = (type: string, members: Record<string, unknown> = {}, piece = false) => {
    list.push({ text: `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`, piece });
  };
  push("message_start", {
    message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
  });
  content.forEach((block, index) => {
    push("content_block_start", {
      index,
      content_block: block.type === "text" ? { type: "text", text: "" } : { ...block, input: {} },
    });
    if (index === 0) push("ping");
    if (block.type === "text") {
      for (const text of pieces(block.text))
        push("content_block_delta", { index, delta: { type: "text_delta", text } }, true);
    } else {
      for (const part of ["", ...(JSON.stringify(block.input).match(/.{1,9}/gs) ?? [])]) {
        push("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: part } }, true);
      }
    }
    push("content_block_stop", { index });
  });
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  push("message_delta", {
    delta: stop,
    usage: { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens },
  });
  push("message_stop");
  return list;
}

const anthropicErrors: Readonly<Record<ScriptedStatus, { type: string; message: string }>> = {
  400: { type: "invalid_request_error", message: "The request could not be read." },
  401: { type: "authentication_error", message: "invalid x-api-key" },
  403: { type: "permission_error", message: "Your API key does not have permission to use the specified resource." },
  404: { type: "not_found_error", message: "The requested resource could not be found." },
  413: { type: "request_too_large", message: "Request exceeds the maximum size" },
  429: { type: "rate_limit_error", message: "This request would exceed your organization's rate limit." },
  500: { type: "api_error", message: "Internal server error" },
  503: { type: "overloaded_error", message: "Overloaded" },
  529: { type: "overloaded_error", message: "Overloaded" },
};

/** Anthropic's error body; says that it is scripted. */
export function anthropicError(status: ScriptedStatus, text: string | undefined, stamp: Stamp): Reply {
  const known = anthropicErrors[status];
  const wait = retryAfter[status];
  return {
    kind: "json",
    status,
    body: {
      type: "error",
      error: { type: known.type, message: `${text ?? known.message} [scripted]` },
      request_id: `req_01${idTail(stamp, "request", 22)}`,
    },
    headers: wait === undefined ? {} : { "retry-after": wait },
  };
}
