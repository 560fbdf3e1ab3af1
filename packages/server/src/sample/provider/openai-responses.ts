import { openaiError } from "./openai-chat.ts";
import { pieces, sceneFor, tokens, type Scene } from "./script.ts";
import { idTail, isRecord, records, servedAs, textOf, type Reply, type Stamp, type StreamEvent } from "./wire.ts";

/** OpenAI responses: https://platform.openai.com/docs/api-reference/responses */
export function response(body: Record<string, unknown>, stamp: Stamp): Reply {
  if (typeof body.model !== "string") return openaiError(400, "Missing required parameter: 'model'.", "model");
  const items = records(body.input);
  const user = items.findLast((item) => item.role === "user");
  const prompt = typeof body.input === "string" ? body.input : textOf(user?.content);
  const format = isRecord(body.text) && isRecord(body.text.format) ? body.text.format.type : undefined;
  const scene = sceneFor({
    model: body.model,
    prompt,
    afterTool: items.at(-1)?.type === "function_call_output",
    tools: records(body.tools).flatMap((tool) =>
      tool.type === "function" && typeof tool.name === "string" ? [tool.name] : [],
    ),
    json: format !== undefined && format !== "text",
  });
  if (scene.kind === "error") return openaiError(scene.status);
  const output = outputOf(scene, stamp);
  const input = tokens(
    typeof body.input === "string" ? body.input : items.map((item) => textOf(item.content)).join(" "),
  );
  const spent = tokens(output.map((item) => JSON.stringify(item)).join(""));
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: spent,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + spent,
  };
  const envelope = (status: string, done: boolean) => ({
    id: `resp_${stamp.hex.slice(0, 50)}`,
    object: "response",
    created_at: stamp.created,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: null,
    model: servedAs(String(body.model)),
    output: done ? output : [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: null,
    prompt_cache_retention: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: done ? "default" : "auto",
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: isRecord(body.text) ? body.text : { format: { type: "text" }, verbosity: "medium" },
    tool_choice: body.tool_choice ?? "auto",
    tools: Array.isArray(body.tools) ? body.tools : [],
    top_logprobs: 0,
    top_p: body.top_p ?? 1,
    truncation: "disabled",
    usage: done ? usage : null,
    user: null,
    metadata: isRecord(body.metadata) ? body.metadata : {},
  });
  if (body.stream !== true) return { kind: "json", status: 200, body: envelope("completed", true) };
  return { kind: "stream", events: events(scene, output, envelope), pacing: scene.pacing };
}

type Spoken = Exclude<Scene, { kind: "error" }>;
type Item = Readonly<Record<string, unknown>> & { readonly id: string };

function outputOf(scene: Spoken, stamp: Stamp): readonly Item[] {
  const message: Item = {
    id: `msg_${stamp.hex.slice(4, 54)}`,
    type: "message",
    status: "completed",
    content: [{ type: "output_text", annotations: [], logprobs: [], text: scene.text }],
    role: "assistant",
  };
  if (scene.kind === "answer") return [message];
  const call: Item = {
    id: `fc_${stamp.hex.slice(8, 58)}`,
    type: "function_call",
    status: "completed",
    arguments: JSON.stringify(scene.input),
    call_id: `call_${idTail(stamp, "call", 24)}`,
    name: scene.name,
  };
  return [message, call];
}

function events(
  scene: Spoken,
  output: readonly Item[],
  envelope: (status: string, done: boolean) => unknown,
): readonly StreamEvent[] {
  const list: StreamEvent[] = [];
  const push = (type: string, members: Record<string, unknown>, piece = false) => {
    list.push({
      text: `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: list.length, ...members })}\n\n`,
      piece,
    });
  };
  push("response.created", { response: envelope("in_progress", false) });
  push("response.in_progress", { response: envelope("in_progress", false) });
  output.forEach((item, index) => {
    const at = { item_id: item.id, output_index: index };
    if (item.type === "message") {
      const part = { type: "output_text", annotations: [], logprobs: [] };
      push("response.output_item.added", {
        output_index: index,
        item: { ...item, status: "in_progress", content: [] },
      });
      push("response.content_part.added", { ...at, content_index: 0, part: { ...part, text: "" } });
      for (const delta of pieces(scene.text))
        push("response.output_text.delta", { ...at, content_index: 0, delta, logprobs: [] }, true);
      push("response.output_text.done", { ...at, content_index: 0, text: scene.text, logprobs: [] });
      push("response.content_part.done", { ...at, content_index: 0, part: { ...part, text: scene.text } });
    } else {
      const whole = String(item.arguments);
      push("response.output_item.added", {
        output_index: index,
        item: { ...item, status: "in_progress", arguments: "" },
      });
      for (const delta of whole.match(/.{1,7}/gs) ?? [])
        push("response.function_call_arguments.delta", { ...at, delta }, true);
      push("response.function_call_arguments.done", { ...at, arguments: whole });
    }
    push("response.output_item.done", { output_index: index, item });
  });
  push("response.completed", { response: envelope("completed", true) });
  return list;
}
