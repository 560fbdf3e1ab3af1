import type { Turn } from "@mandate/policy";
import {
  echo,
  type FieldTable,
  FieldProblem,
  hostedName,
  isFetched,
  isMembers,
  type Members,
  optionalArray,
  optionalBoolean,
  optionalCount,
  requiredText,
  stringsIn,
  text,
  unlistedFields,
} from "../fields.ts";
import type { HostedEffect, RequestView } from "../surface.ts";

export const fields: FieldTable = {
  version: "openai-responses/1",
  fields: {
    model: "inert",
    input: "content",
    instructions: "content",
    tools: "effect",
    stream: "inert",
    stream_options: "inert",
    store: "effect",
    background: "effect",
    previous_response_id: "reference",
    conversation: "reference",
    prompt: "reference",
    include: "inert",
    max_output_tokens: "inert",
    max_tool_calls: "inert",
    metadata: "inert",
    parallel_tool_calls: "inert",
    reasoning: "inert",
    service_tier: "inert",
    temperature: "inert",
    text: "content",
    tool_choice: "inert",
    top_logprobs: "inert",
    top_p: "inert",
    truncation: "inert",
    user: "inert",
    safety_identifier: "inert",
    prompt_cache_key: "inert",
    prompt_cache_options: "inert",
    image: "inert",
    moderation: "effect",
    access_programs: "effect",
    prompt_cache_retention: "inert",
    context_management: "inert",
  },
};

interface Found {
  effects: HostedEffect[];
  references: { id: string; param: string }[];
  unlisted: string[];
  opaque: boolean;
  beside: string[];
}

export function readRequest(body: Members): RequestView {
  // The prompt's model may stand in for it, but then we couldn't say which model is called.
  const model = requiredText(body, "model");
  const found: Found = {
    effects: [],
    references: [],
    unlisted: unlistedFields(body, fields),
    opaque: false,
    beside: [],
  };
  const turns: Turn[] = [];
  if (typeof body.instructions === "string") turns.push({ role: "system", text: body.instructions, toolName: null });
  if (typeof body.input === "string") turns.push({ role: "user", text: body.input, toolName: null });
  else readItems(optionalArray(body, "input"), turns, found);
  optionalArray(body, "tools").forEach((tool, index) => readTool(tool, `tools[${index}]`, found));
  if (optionalBoolean(body, "store")) found.effects.push({ name: "store", param: "store" });
  if (optionalBoolean(body, "background")) found.effects.push({ name: "background", param: "background" });
  // The first hands the conversation to another model, the second unlocks what the model otherwise refuses.
  for (const name of ["moderation", "access_programs"])
    if (body[name] !== undefined && body[name] !== null) found.effects.push({ name, param: name });
  for (const name of ["previous_response_id", "conversation", "prompt"]) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    found.references.push({
      id: typeof value === "string" ? value : isMembers(value) ? text(value.id) : "",
      param: name,
    });
  }
  return {
    model,
    stream: optionalBoolean(body, "stream"),
    turns,
    ...found,
    // Absent means true at OpenAI: the answer would be kept there.
    implied: body.store === undefined || body.store === null ? [{ name: "store", param: "store" }] : [],
    maxOutputTokens: optionalCount(body, "max_output_tokens"),
  };
}

function readTool(tool: unknown, param: string, found: Found): void {
  const type = isMembers(tool) ? text(tool.type) : "";
  if (type === "function" || type === "custom") return;
  if (type === "namespace" && isMembers(tool)) {
    for (const inner of Array.isArray(tool.tools) ? tool.tools : []) readTool(inner, param, found);
    return;
  }
  found.effects.push({ name: hostedName(type === "" ? "unknown" : type), param });
}

const messageRoles: Readonly<Record<string, Turn["role"]>> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
};

function readItems(items: readonly unknown[], turns: Turn[], found: Found): void {
  const names = new Map<string, string>();
  items.forEach((item, index) => {
    const at = `input[${index}]`;
    if (!isMembers(item)) throw new FieldProblem(at, "an object");
    const type = text(item.type) || "message";
    if (type === "message") {
      const role = Object.hasOwn(messageRoles, text(item.role)) ? messageRoles[text(item.role)]! : undefined;
      if (role === undefined) throw new FieldProblem(`${at}.role`, "system, developer, user or assistant");
      turns.push({ role, text: readContent(item.content, at, found), toolName: null });
    } else if (type === "additional_tools") {
      // Tools offered in the middle of a conversation are tools.
      optionalArray(item, "tools").forEach((tool, position) => readTool(tool, `${at}.tools[${position}]`, found));
      found.beside.push(stringsIn(item.tools));
    } else if (type === "item_reference") {
      found.references.push({ id: text(item.id), param: `${at}.id` });
    } else if (type === "mcp_approval_response") {
      // The yes on which the provider calls a remote server: as good as offering that server's tools.
      if (item.approve !== false) found.effects.push({ name: "mcp", param: at });
    } else if (type.endsWith("_output")) {
      const output = item.output;
      const content =
        typeof output === "string"
          ? output
          : Array.isArray(output)
            ? readContent(output, at, found)
            : output === undefined
              ? ""
              : JSON.stringify(output);
      turns.push({ role: "tool", text: content, toolName: names.get(text(item.call_id)) ?? null });
    } else if (type === "function_call" || type === "custom_tool_call") {
      names.set(text(item.call_id), text(item.name));
      found.beside.push(stringsIn(item.arguments ?? item.input));
      turns.push({ role: "assistant", text: "", toolName: null });
    } else if (type === "configuration_update" || type === "compaction_trigger") {
      found.beside.push(stringsIn(item));
    } else if (type === "reasoning" || type === "compaction") {
      found.beside.push(stringsIn([item.summary, item.content]));
      turns.push({
        role: "assistant",
        text: "",
        toolName: null,
        ...(type === "compaction" ? { summarized: true } : {}),
      });
    } else if (
      type.endsWith("_call") ||
      type === "mcp_list_tools" ||
      type === "mcp_approval_request" ||
      type === "program"
    ) {
      // What the provider did and found: outside content, whoever sends it back.
      turns.push({
        role: "tool",
        text: JSON.stringify(item),
        toolName: `hosted.${hostedName(type.replace(/_call$/, ""))}`,
      });
    } else found.unlisted.push(`${at}.type=${echo(type)}`);
  });
}

function readContent(content: unknown, at: string, found: Found): string {
  if (typeof content === "string") return content;
  if (content === undefined || content === null) return "";
  if (!Array.isArray(content)) throw new FieldProblem(`${at}.content`, "a string or an array");
  let joined = "";
  content.forEach((part: unknown, index) => {
    const param = `${at}.content[${index}]`;
    if (!isMembers(part)) throw new FieldProblem(param, "an object");
    const type = text(part.type);
    if (type === "input_text" || type === "output_text" || type === "text")
      joined += `${joined === "" ? "" : "\n"}${text(part.text)}`;
    else if (type === "refusal") joined += text(part.refusal);
    else {
      found.opaque = true;
      if (isFetched(part.image_url)) found.effects.push({ name: "fetch", param: `${param}.image_url` });
      if (isFetched(part.file_url)) found.effects.push({ name: "fetch", param: `${param}.file_url` });
      if (part.file_id !== undefined && part.file_id !== null)
        found.references.push({ id: text(part.file_id), param: `${param}.file_id` });
      if (!["input_image", "input_file", "input_audio"].includes(type))
        found.unlisted.push(`${param}.type=${echo(type)}`);
    }
  });
  return joined;
}
