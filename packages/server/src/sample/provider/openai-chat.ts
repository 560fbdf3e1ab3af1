import { fingerprint, pieces, sceneFor, tokens, type Scene, type ScriptedStatus } from "./script.ts";
import {
  idTail,
  isRecord,
  records,
  retryAfter,
  servedAs,
  textOf,
  type Reply,
  type Stamp,
  type StreamEvent,
} from "./wire.ts";

/** OpenAI chat completions: https://platform.openai.com/docs/api-reference/chat */
export function chatCompletion(body: Record<string, unknown>, stamp: Stamp): Reply {
  const messages = records(body.messages);
  if (typeof body.model !== "string") return openaiError(400, "you must provide a model parameter");
  if (messages.length === 0) return openaiError(400, "[] is too short - 'messages'", "messages");
  const last = messages.at(-1);
  const user = messages.findLast((message) => message.role === "user");
  const scene = sceneFor({
    model: body.model,
    prompt: textOf(user?.content),
    afterTool: last?.role === "tool",
    tools: records(body.tools).flatMap((tool) =>
      isRecord(tool.function) && typeof tool.function.name === "string" ? [tool.function.name] : [],
    ),
    json: isRecord(body.response_format) && body.response_format.type !== "text",
  });
  if (scene.kind === "error") return openaiError(scene.status);
  const head = {
    id: `chatcmpl-${idTail(stamp, "chat", 29)}`,
    created: stamp.created,
    model: servedAs(body.model),
    service_tier: "default",
    system_fingerprint: fingerprint,
  };
  const usage = usageOf(messages.map((message) => textOf(message.content)).join(" "), scene);
  if (body.stream === true) {
    const options = isRecord(body.stream_options) ? body.stream_options : {};
    const counted = options.include_usage === true ? usage : undefined;
    const padded = options.include_obfuscation !== false;
    return { kind: "stream", events: chunks(scene, head, counted, stamp, padded), pacing: scene.pacing };
  }
  const message =
    scene.kind === "tool"
      ? { role: "assistant", content: scene.text, tool_calls: [toolCall(scene, stamp)], refusal: null, annotations: [] }
      : { role: "assistant", content: scene.text, refusal: null, annotations: [] };
  return {
    kind: "json",
    status: 200,
    body: {
      id: head.id,
      object: "chat.completion",
      created: head.created,
      model: head.model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: scene.kind === "tool" ? "tool_calls" : "stop" }],
      usage,
      service_tier: head.service_tier,
      system_fingerprint: head.system_fingerprint,
    },
  };
}

type Spoken = Exclude<Scene, { kind: "error" }>;

function toolCall(scene: Extract<Scene, { kind: "tool" }>, stamp: Stamp) {
  return {
    id: `call_${idTail(stamp, "call", 24)}`,
    type: "function",
    function: { name: scene.name, arguments: JSON.stringify(scene.input) },
  };
}

function chunks(
  scene: Spoken,
  head: Record<string, unknown>,
  usage: unknown,
  stamp: Stamp,
  padded: boolean,
): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  const chunk = (delta: Record<string, unknown> | null, finish: string | null, piece: boolean): StreamEvent => {
    const choices = delta === null ? [] : [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    const counted = usage === undefined ? {} : { usage: delta === null ? usage : null };
    const { id, ...rest } = head;
    // Providers pad chunks so that their sizes don't give the words away; clients must ignore the member.
    const obfuscation = padded ? { obfuscation: idTail(stamp, `pad${events.length}`, 4 + (events.length % 9)) } : {};
    return {
      text: `data: ${JSON.stringify({ id, object: "chat.completion.chunk", ...rest, choices, ...counted, ...obfuscation })}\n\n`,
      piece,
    };
  };
  events.push(chunk({ role: "assistant", content: "", refusal: null }, null, false));
  for (const content of pieces(scene.text)) events.push(chunk({ content }, null, true));
  if (scene.kind === "tool") {
    const call = toolCall(scene, stamp);
    events.push(
      chunk({ tool_calls: [{ index: 0, ...call, function: { name: call.function.name, arguments: "" } }] }, null, true),
    );
    for (const part of call.function.arguments.match(/.{1,7}/gs) ?? []) {
      events.push(chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }, null, true));
    }
  }
  events.push(chunk({}, scene.kind === "tool" ? "tool_calls" : "stop", false));
  if (usage !== undefined) events.push(chunk(null, null, false));
  events.push({ text: "data: [DONE]\n\n", piece: false });
  return events;
}

function usageOf(prompt: string, scene: Spoken) {
  const input = tokens(prompt);
  const output = tokens(scene.kind === "tool" ? scene.text + JSON.stringify(scene.input) : scene.text);
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const openaiErrors: Readonly<Record<ScriptedStatus, { type: string; code: string | null; message: string }>> = {
  400: { type: "invalid_request_error", code: null, message: "The request could not be read." },
  401: { type: "invalid_request_error", code: "invalid_api_key", message: "Incorrect API key provided." },
  403: {
    type: "invalid_request_error",
    code: "unsupported_country_region_territory",
    message: "Country, region, or territory not supported.",
  },
  404: {
    type: "invalid_request_error",
    code: "model_not_found",
    message: "The model does not exist or you do not have access to it.",
  },
  413: { type: "invalid_request_error", code: "request_too_large", message: "Request too large." },
  429: {
    type: "requests",
    code: "rate_limit_exceeded",
    message: "Rate limit reached for requests. Please try again in 2s.",
  },
  500: { type: "server_error", code: null, message: "The server had an error while processing your request." },
  503: { type: "server_error", code: null, message: "The engine is currently overloaded, please try again later." },
  529: { type: "server_error", code: null, message: "The engine is currently overloaded, please try again later." },
};

/** OpenAI's error body; says that it is scripted. */
export function openaiError(status: ScriptedStatus, message?: string, param: string | null = null): Reply {
  const known = openaiErrors[status];
  const wait = retryAfter[status];
  return {
    kind: "json",
    status: status === 529 ? 503 : status,
    body: { error: { message: `${message ?? known.message} [scripted]`, type: known.type, param, code: known.code } },
    headers: wait === undefined ? {} : { "retry-after": wait },
  };
}
