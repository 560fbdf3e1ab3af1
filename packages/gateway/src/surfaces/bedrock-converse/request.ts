import type { Turn } from "@mandate/policy";
import {
  echo,
  FieldProblem,
  type FieldTable,
  isMembers,
  type Members,
  optionalArray,
  optionalCount,
  requiredArray,
  stringsIn,
  text,
  unlistedFields,
} from "../fields.ts";
import type { HostedEffect, RequestView } from "../surface.ts";

export const fields: FieldTable = {
  version: "bedrock-converse/1",
  fields: {
    messages: "content",
    system: "content",
    inferenceConfig: "inert",
    toolConfig: "effect",
    guardrailConfig: "inert",
    additionalModelRequestFields: "effect",
    additionalModelResponseFieldPaths: "inert",
    promptVariables: "reference",
    requestMetadata: "inert",
    performanceConfig: "inert",
    serviceTier: "inert",
    outputConfig: "content",
  },
};

interface Found {
  effects: HostedEffect[];
  references: { id: string; param: string }[];
  unlisted: string[];
  opaque: boolean;
  beside: string[];
}

/** Members of the model's own that only steer how it writes; any other could be a tool or a place to fetch from. */
const steering = new Set(["thinking", "reasoning_config", "reasoning_effort", "top_k", "topK", "inferenceConfig", "anthropic_beta"]);

/** @param model from the path */
export function readRequest(body: Members, model: string, stream: boolean): RequestView {
  const found: Found = { effects: [], references: [], unlisted: unlistedFields(body, fields), opaque: false, beside: [] };
  const turns: Turn[] = [];
  for (const part of optionalArray(body, "system"))
    turns.push({ role: "system", text: isMembers(part) ? text(part.text) : "", toolName: null });
  readMessages(requiredArray(body, "messages"), turns, found);
  const toolConfig = isMembers(body.toolConfig) ? body.toolConfig : {};
  optionalArray(toolConfig, "tools").forEach((tool, index) => {
    // `systemTool` runs at the provider; a cache point is no tool.
    for (const name of Object.keys(isMembers(tool) ? tool : {}))
      if (name !== "toolSpec" && name !== "cachePoint")
        found.effects.push({ name: name === "systemTool" ? "system_tool" : echo(name), param: `toolConfig.tools[${index}]` });
  });
  const additional = isMembers(body.additionalModelRequestFields) ? body.additionalModelRequestFields : {};
  for (const name of Object.keys(additional))
    if (!steering.has(name))
      found.effects.push({ name: "additional_fields", param: `additionalModelRequestFields.${echo(name)}` });
  if (body.promptVariables !== undefined && body.promptVariables !== null)
    found.references.push({ id: model, param: "promptVariables" });
  const config = isMembers(body.inferenceConfig) ? body.inferenceConfig : {};
  return { model, stream, turns, ...found, implied: [], maxOutputTokens: optionalCount(config, "maxTokens") };
}

/** Blocks of a message that only the model and the provider understand. */
const silent = new Set(["cachePoint", "guardContent"]);
const files = new Set(["image", "document", "video", "audio"]);

function readMessages(messages: readonly unknown[], turns: Turn[], found: Found): void {
  const names = new Map<string, string>();
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isMembers(message)) throw new FieldProblem(at, "an object");
    const { role } = message;
    if (role !== "user" && role !== "assistant") throw new FieldProblem(`${at}.role`, "user or assistant");
    let own = "";
    optionalArray(message, "content").forEach((block, position) => {
      const param = `${at}.content[${position}]`;
      if (!isMembers(block)) throw new FieldProblem(param, "an object");
      for (const [kind, value] of Object.entries(block)) {
        const inner = isMembers(value) ? value : {};
        if (kind === "text") own += `${own === "" ? "" : "\n"}${text(value)}`;
        else if (kind === "toolUse") {
          names.set(text(inner.toolUseId), text(inner.name));
          found.beside.push(stringsIn(inner.input));
        } else if (kind === "toolResult")
          turns.push({ role: "tool", text: readResult(inner, param, found), toolName: names.get(text(inner.toolUseId)) ?? null });
        else if (kind === "reasoningContent" || kind === "citationsContent" || silent.has(kind)) found.beside.push(stringsIn(value));
        else if (kind === "searchResult") turns.push({ role: "tool", text: stringsIn(value), toolName: null });
        else if (files.has(kind)) readFile(inner, `${param}.${kind}`, found);
        else found.unlisted.push(`${param}.${echo(kind)}`);
      }
    });
    turns.push({ role, text: own, toolName: null });
  });
}

function readResult(result: Members, at: string, found: Found): string {
  let joined = "";
  optionalArray(result, "content").forEach((block, position) => {
    for (const [kind, value] of Object.entries(isMembers(block) ? block : {})) {
      if (kind === "text") joined += text(value);
      else if (files.has(kind)) readFile(isMembers(value) ? value : {}, `${at}.toolResult.content[${position}].${kind}`, found);
      else joined += JSON.stringify(value);
    }
  });
  return joined;
}

function readFile(file: Members, param: string, found: Found): void {
  found.opaque = true;
  found.beside.push(text(file.name), text(file.context));
  const source = isMembers(file.source) ? file.source : {};
  if (source.s3Location !== undefined) found.effects.push({ name: "fetch", param: `${param}.source.s3Location` });
  if (typeof source.text === "string") found.beside.push(source.text);
}
