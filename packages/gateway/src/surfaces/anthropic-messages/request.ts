import type { Turn } from "@mandate/policy";
import {
  echo,
  FieldProblem,
  type FieldTable,
  hostedName,
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
  version: "anthropic-messages/1",
  fields: {
    model: "inert",
    messages: "content",
    system: "content",
    max_tokens: "inert",
    stream: "inert",
    metadata: "inert",
    stop_sequences: "inert",
    temperature: "inert",
    top_k: "inert",
    top_p: "inert",
    thinking: "inert",
    tools: "effect",
    tool_choice: "inert",
    service_tier: "inert",
    mcp_servers: "effect",
    container: "effect",
    context_management: "inert",
    output_config: "content",
    output_format: "content",
    cache_control: "inert",
    speed: "inert",
    inference_geo: "inert",
    billing_policy: "inert",
    compaction: "inert",
    diagnostics: "reference",
    fallback_credit_token: "inert",
    fallbacks: "effect",
    thread: "effect",
  },
};

interface Found {
  effects: HostedEffect[];
  references: { id: string; param: string }[];
  unlisted: string[];
  opaque: boolean;
  beside: string[];
}

/** Tools whose definition the provider fixes but which the caller runs: they come back as ordinary `tool_use`. */
const runByClient = /^(bash|text_editor|computer|memory)_\d{8}$/;

export function readRequest(body: Members): RequestView {
  const model = requiredText(body, "model");
  const found: Found = {
    effects: [],
    references: [],
    unlisted: unlistedFields(body, fields),
    opaque: false,
    beside: [],
  };
  const turns: Turn[] = [];
  if (typeof body.system === "string") turns.push({ role: "system", text: body.system, toolName: null });
  else
    for (const part of optionalArray(body, "system"))
      turns.push({ role: "system", text: isMembers(part) ? text(part.text) : "", toolName: null });
  readMessages(requiredArray(body, "messages"), turns, found);
  optionalArray(body, "tools").forEach((tool, index) => readTool(tool, `tools[${index}]`, found));
  optionalArray(body, "mcp_servers").forEach((_, index) =>
    found.effects.push({ name: "mcp", param: `mcp_servers[${index}]` }),
  );
  if (body.container !== undefined && body.container !== null)
    found.effects.push({ name: "container", param: "container" });
  // Another model than the one that was decided would answer.
  if (body.fallbacks !== undefined && body.fallbacks !== null)
    found.effects.push({ name: "fallbacks", param: "fallbacks" });
  for (const name of ["thread", "diagnostics"]) {
    const value = body[name];
    if (!isMembers(value)) continue;
    if (text(value.previous_message_id) !== "")
      found.references.push({ id: text(value.previous_message_id), param: `${name}.previous_message_id` });
    // The provider keeps the conversation.
    if (name === "thread") found.effects.push({ name: "store", param: "thread" });
  }
  return {
    model,
    stream: optionalBoolean(body, "stream"),
    turns,
    ...found,
    implied: [],
    maxOutputTokens: optionalCount(body, "max_tokens"),
  };
}

function readTool(tool: unknown, param: string, found: Found): void {
  const type = isMembers(tool) ? text(tool.type) : "";
  if (type === "" || type === "custom" || runByClient.test(type)) return;
  found.effects.push({ name: type.startsWith("mcp_") ? "mcp" : hostedName(type), param });
}

function readMessages(messages: readonly unknown[], turns: Turn[], found: Found): void {
  const names = new Map<string, string>();
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isMembers(message)) throw new FieldProblem(at, "an object");
    const role = message.role;
    if (role !== "user" && role !== "assistant" && role !== "system")
      throw new FieldProblem(`${at}.role`, "user or assistant");
    if (typeof message.content === "string") {
      turns.push({ role, text: message.content, toolName: null });
      return;
    }
    if (!Array.isArray(message.content)) throw new FieldProblem(`${at}.content`, "a string or an array");
    let own = "";
    message.content.forEach((block: unknown, position) => {
      const param = `${at}.content[${position}]`;
      if (!isMembers(block)) throw new FieldProblem(param, "an object");
      const type = text(block.type);
      if (type === "text") own += `${own === "" ? "" : "\n"}${text(block.text)}`;
      else if (type === "tool_use") {
        names.set(text(block.id), text(block.name));
        found.beside.push(stringsIn(block.input));
      }
      else if (type === "tool_addition") {
        // Tools offered in the middle of a conversation are tools; a reference to one was read where it was offered.
        if (!isMembers(block.tool) || block.tool.type !== "tool_reference") readTool(block.tool, `${param}.tool`, found);
        found.beside.push(stringsIn(block.tool));
      } else if (type === "mcp_tool_listing")
        turns.push({ role: "tool", text: JSON.stringify(block), toolName: "hosted.mcp" });
      else if (type === "thinking") found.beside.push(text(block.thinking));
      else if (type === "tool_result")
        turns.push({
          role: "tool",
          text: readNested(block.content, param, found),
          toolName: names.get(text(block.tool_use_id)) ?? null,
        });
      else if (type === "server_tool_use" || type === "mcp_tool_use" || type.endsWith("_tool_result")) {
        const name =
          type === "server_tool_use"
            ? text(block.name)
            : type.startsWith("mcp_")
              ? "mcp"
              : type.replace(/_tool_result$/, "");
        turns.push({ role: "tool", text: JSON.stringify(block), toolName: `hosted.${hostedServerTool(name)}` });
      } else if (type === "image" || type === "document") readSource(block, param, turns, found);
      else if (type === "search_result")
        turns.push({ role: "tool", text: JSON.stringify(block.content ?? ""), toolName: null });
      else if (type === "container_upload")
        found.references.push({ id: text(block.file_id), param: `${param}.file_id` });
      else if (!["redacted_thinking", "compaction", "fallback", "tool_removal"].includes(type))
        found.unlisted.push(`${param}.type=${echo(type)}`);
    });
    turns.push({ role, text: own, toolName: null });
  });
}

function readNested(content: unknown, at: string, found: Found): string {
  if (typeof content === "string") return content;
  if (content === undefined || content === null) return "";
  if (!Array.isArray(content)) throw new FieldProblem(`${at}.content`, "a string or an array");
  const ignored: Turn[] = [];
  let joined = "";
  content.forEach((block: unknown, position) => {
    if (!isMembers(block)) return;
    if (block.type === "text") joined += text(block.text);
    else readSource(block, `${at}.content[${position}]`, ignored, found);
  });
  return joined + ignored.map((turn) => turn.text).join("");
}

function readSource(block: Members, param: string, turns: Turn[], found: Found): void {
  const source = isMembers(block.source) ? block.source : {};
  found.beside.push(text(block.title), text(block.context));
  const type = text(source.type);
  if (type === "text") turns.push({ role: "tool", text: text(source.data), toolName: null });
  else {
    found.opaque = true;
    if (type === "content") {
      const inner = readNested(source.content, `${param}.source`, found);
      turns.push({ role: "tool", text: inner, toolName: null });
    } else if (type === "url") found.effects.push({ name: "fetch", param: `${param}.source.url` });
    else if (type === "file") found.references.push({ id: text(source.file_id), param: `${param}.source.file_id` });
    else if (type !== "base64") found.unlisted.push(`${param}.source.type=${echo(type)}`);
  }
}

/** `bash_code_execution` and `text_editor_code_execution` are faces of one hosted tool. */
export function hostedServerTool(name: string): string {
  return name.endsWith("code_execution") ? "code_execution" : hostedName(name);
}
