import type { Turn } from "@mandate/policy";
import {
  type FieldTable,
  FieldProblem,
  echo,
  hostedName,
  isFetched,
  isMembers,
  type Members,
  optionalArray,
  optionalBoolean,
  optionalCount,
  requiredArray,
  requiredText,
  stringsIn,
  text,
  unlistedFields,
} from "../fields.ts";
import type { HostedEffect, RequestView } from "../surface.ts";

export const fields: FieldTable = {
  version: "openai-chat/1",
  fields: {
    model: "inert",
    messages: "content",
    tools: "effect",
    functions: "content",
    stream: "inert",
    stream_options: "inert",
    store: "effect",
    web_search_options: "effect",
    data_sources: "effect",
    moderation: "effect",
    audio: "inert",
    modalities: "inert",
    prediction: "content",
    frequency_penalty: "inert",
    presence_penalty: "inert",
    logit_bias: "inert",
    logprobs: "inert",
    top_logprobs: "inert",
    max_tokens: "inert",
    max_completion_tokens: "inert",
    n: "inert",
    response_format: "content",
    seed: "inert",
    service_tier: "inert",
    stop: "inert",
    temperature: "inert",
    top_p: "inert",
    tool_choice: "inert",
    function_call: "inert",
    parallel_tool_calls: "inert",
    user: "inert",
    metadata: "inert",
    reasoning_effort: "inert",
    verbosity: "inert",
    prompt_cache_key: "inert",
    prompt_cache_options: "inert",
    prompt_cache_retention: "inert",
    safety_identifier: "inert",
  },
};

export function readRequest(body: Members): RequestView {
  const model = requiredText(body, "model");
  const found: Found = {
    effects: [],
    references: [],
    unlisted: unlistedFields(body, fields),
    opaque: false,
    beside: [],
  };
  const turns = readMessages(requiredArray(body, "messages"), found);
  optionalArray(body, "tools").forEach((tool, index) => {
    const type = isMembers(tool) ? text(tool.type) : "";
    if (type === "function" || type === "custom") return;
    found.effects.push({ name: hostedName(type === "" ? "unknown" : type), param: `tools[${index}]` });
  });
  // Search runs at the provider whatever the options say.
  if (body.web_search_options !== undefined && body.web_search_options !== null)
    found.effects.push({ name: "web_search", param: "web_search_options" });
  // Azure searches in what the first names; the second hands the conversation to another model.
  for (const name of ["data_sources", "moderation"])
    if (body[name] !== undefined && body[name] !== null) found.effects.push({ name, param: name });
  if (optionalBoolean(body, "store")) found.effects.push({ name: "store", param: "store" });
  const max = optionalCount(body, "max_completion_tokens") ?? optionalCount(body, "max_tokens");
  const choices = optionalCount(body, "n") ?? 1;
  return {
    model,
    stream: optionalBoolean(body, "stream"),
    turns,
    ...found,
    implied: [],
    maxOutputTokens: max === null ? null : max * Math.max(1, choices),
  };
}

interface Found {
  effects: HostedEffect[];
  references: { id: string; param: string }[];
  unlisted: string[];
  opaque: boolean;
  beside?: string[];
}

const roles: Readonly<Record<string, Turn["role"]>> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
};

/** The conversation in chat-completions shape; the decision API takes the same one. */
export function readMessages(messages: readonly unknown[], found: Found): Turn[] {
  const names = new Map<string, string>();
  return messages.map((message, index) => {
    const at = `messages[${index}]`;
    if (!isMembers(message)) throw new FieldProblem(at, "an object");
    const role = Object.hasOwn(roles, text(message.role)) ? roles[text(message.role)]! : undefined;
    if (role === undefined)
      throw new FieldProblem(`${at}.role`, "system, developer, user, assistant, tool or function");
    for (const call of Array.isArray(message.tool_calls) ? message.tool_calls : []) {
      if (!isMembers(call)) throw new FieldProblem(`${at}.tool_calls`, "an array of objects");
      const target = isMembers(call.function) ? call.function : isMembers(call.custom) ? call.custom : {};
      names.set(text(call.id), text(target.name));
      found.beside?.push(stringsIn(target));
    }
    if (isMembers(message.function_call)) found.beside?.push(stringsIn(message.function_call));
    for (const name of ["reasoning", "reasoning_content", "refusal"]) found.beside?.push(text(message[name]));
    // What the model said aloud earlier is kept at the provider.
    if (isMembers(message.audio)) {
      found.opaque = true;
      found.references.push({ id: text(message.audio.id), param: `${at}.audio.id` });
    }
    const toolName = role === "tool" ? (names.get(text(message.tool_call_id)) ?? (text(message.name) || null)) : null;
    return { role, text: readContent(message.content, at, found), toolName };
  });
}

function readContent(content: unknown, at: string, found: Found): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new FieldProblem(`${at}.content`, "a string or an array");
  let joined = "";
  content.forEach((part: unknown, index) => {
    const param = `${at}.content[${index}]`;
    if (!isMembers(part)) throw new FieldProblem(param, "an object");
    const type = text(part.type);
    if (type === "text") joined += `${joined === "" ? "" : "\n"}${text(part.text)}`;
    else if (type === "refusal") joined += text(part.refusal);
    else {
      found.opaque = true;
      if (type === "image_url") {
        const url = isMembers(part.image_url) ? part.image_url.url : part.image_url;
        if (isFetched(url)) found.effects.push({ name: "fetch", param: `${param}.image_url.url` });
      } else if (type === "file") {
        const id = isMembers(part.file) ? part.file.file_id : undefined;
        if (id !== undefined && id !== null) found.references.push({ id: text(id), param: `${param}.file.file_id` });
      } else if (type !== "input_audio") found.unlisted.push(`${param}.type=${echo(type)}`);
    }
  });
  return joined;
}
