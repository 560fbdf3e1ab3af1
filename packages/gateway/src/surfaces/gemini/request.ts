import type { Turn } from "@mandate/policy";
import {
  echo,
  FieldProblem,
  type FieldTable,
  isMembers,
  type Members,
  optionalArray,
  optionalBoolean,
  optionalCount,
  requiredArray,
  stringsIn,
  text,
  unlistedFields,
} from "../fields.ts";
import type { HostedEffect, RequestView } from "../surface.ts";
import { camelMembers, camelOr, snakeName } from "./spelling.ts";

export const fields: FieldTable = {
  version: "gemini-generate/1",
  fields: {
    model: "inert",
    contents: "content",
    systemInstruction: "content",
    tools: "effect",
    toolConfig: "inert",
    safetySettings: "inert",
    generationConfig: "content",
    cachedContent: "reference",
    continuationToken: "reference",
    store: "effect",
    labels: "inert",
    serviceTier: "inert",
  },
};

/** Members of `generationConfig`: but for two, none calls a tool or leaves the model, and only these are known not to. */
export const generationFields: FieldTable = {
  version: fields.version,
  fields: {
    audioTimestamp: "inert",
    audioTranscriptionConfig: "inert",
    candidateCount: "inert",
    enableAffectiveDialog: "inert",
    enableEnhancedCivicAnswers: "inert",
    frequencyPenalty: "inert",
    imageConfig: "inert",
    logprobs: "inert",
    maxOutputTokens: "inert",
    mediaResolution: "inert",
    modelSelectionConfig: "effect",
    presencePenalty: "inert",
    responseFormat: "content",
    responseJsonSchema: "content",
    responseLogprobs: "inert",
    responseMimeType: "inert",
    responseModalities: "inert",
    responseSchema: "content",
    routingConfig: "effect",
    seed: "inert",
    speechConfig: "inert",
    stopSequences: "inert",
    temperature: "inert",
    thinkingConfig: "inert",
    topK: "inert",
    topP: "inert",
    translationConfig: "inert",
  },
};

/** Members of one part of a message. */
export const partFields: FieldTable = {
  version: fields.version,
  fields: {
    text: "content",
    inlineData: "content",
    fileData: "reference",
    functionCall: "content",
    functionResponse: "content",
    executableCode: "content",
    codeExecutionResult: "content",
    toolCall: "content",
    toolResponse: "content",
    audioTranscription: "content",
    thought: "inert",
    thoughtSignature: "inert",
    videoMetadata: "inert",
    mediaResolution: "inert",
    mediaProcessing: "inert",
    partMetadata: "content",
    speechMetadata: "inert",
  },
};

interface Found {
  effects: HostedEffect[];
  references: { id: string; param: string }[];
  unlisted: string[];
  opaque: boolean;
  beside: string[];
}

/** @param model from the path: the body's own must not name another one */
export function readRequest(raw: Members, model: string, stream: boolean): RequestView {
  const body = camelMembers(raw, "");
  if (body.model !== undefined && text(body.model).replace(/^models\//, "") !== model)
    throw new FieldProblem("model", "the model that the path names");
  const found: Found = {
    effects: [],
    references: [],
    unlisted: unlistedFields(body, fields),
    opaque: false,
    beside: [],
  };
  const turns: Turn[] = [];
  if (typeof body.systemInstruction === "string")
    turns.push({ role: "system", text: body.systemInstruction, toolName: null });
  else if (isMembers(body.systemInstruction))
    readContent(camelMembers(body.systemInstruction, "systemInstruction"), "systemInstruction", "system", turns, found);
  requiredArray(body, "contents").forEach((content, index) => {
    const at = `contents[${index}]`;
    if (!isMembers(content)) throw new FieldProblem(at, "an object");
    const read = camelMembers(content, at);
    const role = read.role ?? "user";
    // `function` is the older name of a turn that brings results.
    if (role !== "user" && role !== "model" && role !== "function")
      throw new FieldProblem(`${at}.role`, "user or model");
    readContent(read, at, role === "model" ? "assistant" : "user", turns, found);
  });
  optionalArray(body, "tools").forEach((tool, index) => {
    const at = `tools[${index}]`;
    if (!isMembers(tool)) throw new FieldProblem(at, "an object");
    // Everything but a declaration of the caller's own functions runs at the provider, known to us or not.
    for (const [name, value] of Object.entries(camelMembers(tool, at)))
      if (name !== "functionDeclarations" && value !== null)
        found.effects.push({ name: echo(snakeName(name)), param: `${at}.${echo(name)}` });
  });
  if (optionalBoolean(body, "store")) found.effects.push({ name: "store", param: "store" });
  for (const name of ["cachedContent", "continuationToken"])
    if (body[name] !== undefined && body[name] !== null) found.references.push({ id: text(body[name]), param: name });
  const config = camelOr(body.generationConfig, "generationConfig");
  for (const name of unlistedFields(config, generationFields)) found.unlisted.push(`generationConfig.${name}`);
  // The provider would pick another model than the one that was decided.
  for (const name of ["routingConfig", "modelSelectionConfig"])
    if (config[name] !== undefined && config[name] !== null) found.effects.push({ name: "model_routing", param: `generationConfig.${name}` });
  const max = optionalCount(config, "maxOutputTokens");
  const candidates = optionalCount(config, "candidateCount") ?? 1;
  return {
    model,
    stream,
    turns,
    ...found,
    implied: [],
    maxOutputTokens: max === null ? null : max * Math.max(1, candidates),
  };
}

function readContent(content: Members, at: string, role: Turn["role"], turns: Turn[], found: Found): void {
  // The provider's own examples send `parts` as one object; it reads that as a list of one.
  const parts = isMembers(content.parts) ? [content.parts] : optionalArray(content, "parts");
  for (const name of unlistedFields(content, { version: "", fields: { role: "inert", parts: "content" } }))
    found.unlisted.push(`${at}.${name}`);
  let own = "";
  parts.forEach((raw, position) => {
    const param = `${at}.parts[${position}]`;
    if (!isMembers(raw)) throw new FieldProblem(param, "an object");
    const part = camelMembers(raw, param);
    for (const name of unlistedFields(part, partFields)) found.unlisted.push(`${param}.${name}`);
    if (part.text !== undefined) own += `${own === "" ? "" : "\n"}${text(part.text)}`;
    if (part.partMetadata !== undefined) own += `\n${JSON.stringify(part.partMetadata)}`;
    if (part.audioTranscription !== undefined) own += `\n${JSON.stringify(part.audioTranscription)}`;
    if (part.functionCall !== undefined) found.beside.push(stringsIn(part.functionCall));
    if (isMembers(part.inlineData)) found.opaque = true;
    if (part.fileData !== undefined) readFile(part.fileData, `${param}.fileData`, found);
    if (isMembers(part.functionResponse))
      readResult(camelMembers(part.functionResponse, param), `${param}.functionResponse`, turns, found);
    // What the provider ran and found: outside content, whoever sends it back.
    for (const [member, tool] of [
      ["codeExecutionResult", "hosted.code_execution"],
      ["executableCode", "hosted.code_execution"],
      ["toolResponse", "hosted.tool"],
      ["toolCall", "hosted.tool"],
    ] as const)
      if (part[member] !== undefined)
        turns.push({ role: "tool", text: JSON.stringify(part[member]), toolName: tool });
  });
  turns.push({ role, text: own, toolName: null });
}

function readResult(result: Members, at: string, turns: Turn[], found: Found): void {
  turns.push({ role: "tool", text: JSON.stringify(result.response ?? ""), toolName: text(result.name) || null });
  optionalArray(result, "parts").forEach((raw, position) => {
    const part = camelOr(raw, `${at}.parts[${position}]`);
    found.opaque = true;
    if (part.fileData !== undefined) readFile(part.fileData, `${at}.parts[${position}].fileData`, found);
  });
}

/** A file kept at the provider is a reference; any other address is one that the provider fetches. */
function readFile(value: unknown, param: string, found: Found): void {
  found.opaque = true;
  const uri = text(camelOr(value, param).fileUri);
  const kept = /^(?:https:\/\/generativelanguage\.googleapis\.com\/[^/]+\/)?(files\/[^/?#]+)$/.exec(uri.trim());
  if (kept !== null) found.references.push({ id: kept[1]!, param: `${param}.fileUri` });
  else found.effects.push({ name: "fetch", param: `${param}.fileUri` });
}
