import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { anthropicCountTokens } from "./anthropic-count-tokens/index.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import type { FieldTable, Members } from "./fields.ts";
import { fields as geminiFields, generationFields, partFields } from "./gemini/request.ts";
import { geminiSurface } from "./gemini/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiEmbeddings } from "./openai-embeddings/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";
import type { Surface } from "./surface.ts";

// The installed clients' own type declarations say what a request may hold. A client's new version that adds a member, a
// kind of block or a kind of tool fails here, until somebody has said what it is.

const require = createRequire(import.meta.url);

function declarations(name: string, file: string): string {
  let folder = dirname(require.resolve(name));
  while (!folder.endsWith(name)) folder = dirname(folder);
  return readFileSync(join(folder, file), "utf8");
}

const openai = {
  chat: declarations("openai", "resources/chat/completions/completions.d.ts"),
  responses: declarations("openai", "resources/responses/responses.d.ts"),
  embeddings: declarations("openai", "resources/embeddings.d.ts"),
};
const anthropic = {
  messages: declarations("@anthropic-ai/sdk", "resources/messages/messages.d.ts"),
  beta: declarations("@anthropic-ai/sdk", "resources/beta/messages/messages.d.ts"),
};
const genai = declarations("@google/genai", "dist/genai.d.ts");

/** The text between a declaration's braces. */
function bodyOf(source: string, name: string): string {
  const [space, own] = name.includes(".") ? name.split(".") : [undefined, name];
  const from = space === undefined ? 0 : source.search(new RegExp(`^export declare namespace ${space} \\{`, "m"));
  const declared = new RegExp(`(?:interface|class) ${own}(?: extends [^{]+)? \\{`, "g");
  declared.lastIndex = Math.max(0, from);
  const start = declared.exec(source);
  if (start === null) throw new Error(`${name} is not declared`);
  let depth = 1;
  let at = declared.lastIndex;
  for (; depth > 0; at++) depth += source[at] === "{" ? 1 : source[at] === "}" ? -1 : 0;
  return source.slice(declared.lastIndex, at - 1);
}

/** Members of an interface and the comment above each. */
function membersOf(source: string, name: string): Map<string, string> {
  const members = new Map<string, string>();
  let comment = "";
  let depth = 0;
  let commented = false;
  for (const line of bodyOf(source, name).split("\n")) {
    const text = line.trim();
    if (commented || text.startsWith("/*")) {
      comment = commented ? comment + text : text;
      commented = !text.endsWith("*/");
      continue;
    }
    if (depth === 0) {
      const found = /^'?([A-Za-z_$][\w$]*)'?\??:/.exec(text);
      if (found !== null) {
        members.set(found[1]!, comment);
        comment = "";
      }
    }
    depth += (text.match(/[{(]/g) ?? []).length - (text.match(/[})]/g) ?? []).length;
  }
  if (members.size === 0) throw new Error(`${name} declares nothing`);
  return members;
}

/** The names that a union lists. */
function unionOf(source: string, name: string): string[] {
  const found = new RegExp(`^export type ${name} = ([^;]+);`, "m").exec(source);
  if (found === null) throw new Error(`${name} is no union`);
  return found[1]!.split("|").map((one) => one.trim());
}

/** Every `type` a declaration may have. */
function typesOf(source: string, name: string): string[] {
  const found = /^\s*type\??: ([^;]+);/m.exec(bodyOf(source, name));
  return [...(found?.[1] ?? "").matchAll(/'([^']+)'/g)].map((match) => match[1]!);
}

function unclassified(table: FieldTable, members: Iterable<string>): string[] {
  return [...members].filter((name) => !Object.hasOwn(table.fields, name));
}

describe("each request field of the installed clients is classified", () => {
  const bodies: [string, Surface, string, string, number][] = [
    ["OpenAI chat", openaiChat, openai.chat, "ChatCompletionCreateParamsBase", 35],
    ["OpenAI responses", openaiResponses, openai.responses, "ResponseCreateParamsBase", 28],
    ["OpenAI embeddings", openaiEmbeddings, openai.embeddings, "EmbeddingCreateParams", 5],
    ["Anthropic messages", anthropicMessages, anthropic.messages, "MessageCreateParamsBase", 15],
    ["Anthropic messages, beta", anthropicMessages, anthropic.beta, "MessageCreateParamsBase", 20],
    ["Anthropic count_tokens", anthropicCountTokens, anthropic.messages, "MessageCountTokensParams", 8],
    ["Anthropic count_tokens, beta", anthropicCountTokens, anthropic.beta, "MessageCountTokensParams", 8],
  ];
  for (const [what, surface, source, name, atLeast] of bodies)
    test(what, () => {
      const members = [...membersOf(source, name)]
        .filter(([, comment]) => !comment.includes("Header param:"))
        .map(([member]) => member);
      expect(members.length).toBeGreaterThanOrEqual(atLeast);
      expect(unclassified(surface.fields, members)).toEqual([]);
    });

  test("Gemini", () => {
    // What the client keeps for itself, and what it sends to Google's other platform alone.
    const notSent = [
      "httpOptions",
      "abortSignal",
      "automaticFunctionCalling",
      "automaticContinuation",
      "generationOutputConfig",
      "modelArmorConfig",
    ];
    const config = [...membersOf(genai, "GenerateContentConfig").keys()].filter((name) => !notSent.includes(name));
    expect(config.length).toBeGreaterThan(30);
    const known = { version: "", fields: { ...geminiFields.fields, ...generationFields.fields } };
    expect(unclassified(known, config)).toEqual([]);
    expect(unclassified(generationFields, membersOf(genai, "GenerationConfig").keys())).toEqual([]);
    expect(unclassified(partFields, membersOf(genai, "Part").keys())).toEqual([]);
    expect([...membersOf(genai, "Content").keys()]).toEqual(["parts", "role"]);
  });

  test("a field nobody classified would be noticed", () => {
    const source = "export interface Params {\n    /**\n     * New.\n     */\n    brand_new?: { a: string };\n    model: string;\n}\n";
    expect(unclassified(openaiChat.fields, membersOf(source, "Params").keys())).toEqual(["brand_new"]);
  });
});

const unlistedIn = (surface: Surface, body: Members) => surface.readRequest(body).unlisted;

describe("each kind of content of the installed clients is classified", () => {
  const parts = (source: string, union: string) =>
    unionOf(source, union).flatMap((name) => typesOf(source, name.includes(".") ? name.split(".")[1]! : name));

  test("OpenAI chat: parts of a message", () => {
    const types = parts(openai.chat, "ChatCompletionContentPart");
    expect(types).toContain("input_audio");
    for (const type of types)
      expect(unlistedIn(openaiChat, { model: "m", messages: [{ role: "user", content: [{ type }] }] }), type).toEqual([]);
  });

  test("OpenAI responses: items and their parts", () => {
    const items = unionOf(openai.responses, "ResponseInputItem").flatMap((name) => typesOf(openai.responses, name));
    expect(items.length).toBeGreaterThan(25);
    for (const type of items)
      expect(unlistedIn(openaiResponses, { model: "m", input: [{ type, role: "user" }] }), type).toEqual([]);
    for (const type of parts(openai.responses, "ResponseInputContent")) {
      const input = [{ type: "message", role: "user", content: [{ type }] }];
      expect(unlistedIn(openaiResponses, { model: "m", input }), type).toEqual([]);
    }
  });

  test("Anthropic: blocks of a message", () => {
    const types = [...parts(anthropic.messages, "ContentBlockParam"), ...parts(anthropic.beta, "BetaContentBlockParam")];
    expect(types.length).toBeGreaterThan(35);
    for (const type of new Set(types)) {
      const source = { type: "base64" };
      const messages = [{ role: "user", content: [{ type, source }] }];
      expect(unlistedIn(anthropicMessages, { model: "m", messages }), type).toEqual([]);
    }
  });
});

describe("each kind of tool of the installed clients is either the caller's own to run or an effect", () => {
  /** Tools whose definition comes back as an ordinary call for the caller to carry out. */
  const callersOwn = /^(function|custom|namespace|bash_\d+|text_editor_\d+|computer_\d+|memory_\d+)$/;

  const check = (surface: Surface, body: Members, types: readonly string[], atLeast: number) => {
    expect(types.length).toBeGreaterThanOrEqual(atLeast);
    for (const type of types) {
      const { effects } = surface.readRequest({ ...body, tools: [{ type, name: "n", tools: [] }] });
      expect(effects.length, type).toBe(callersOwn.test(type) ? 0 : 1);
    }
  };

  test("OpenAI", () => {
    const chat = unionOf(openai.chat, "ChatCompletionTool").flatMap((name) => typesOf(openai.chat, name));
    check(openaiChat, { model: "m", messages: [{ role: "user", content: "x" }] }, chat, 2);
    const tools = unionOf(openai.responses, "Tool").flatMap((name) => typesOf(openai.responses, name));
    check(openaiResponses, { model: "m", input: "x" }, tools, 15);
  });

  test("Anthropic", () => {
    const types = [
      ...unionOf(anthropic.messages, "ToolUnion").flatMap((name) => typesOf(anthropic.messages, name)),
      ...unionOf(anthropic.beta, "BetaToolUnion").flatMap((name) => typesOf(anthropic.beta, name)),
    ];
    check(anthropicMessages, { model: "m", messages: [{ role: "user", content: "x" }] }, types, 40);
  });

  test("Gemini", () => {
    const surface = geminiSurface("/v1beta/models/m:generateContent", "")!;
    for (const name of membersOf(genai, "Tool").keys()) {
      const { effects } = surface.readRequest({ contents: [{ parts: [] }], tools: [{ [name]: {} }] });
      expect(effects.length, name).toBe(name === "functionDeclarations" ? 0 : 1);
    }
  });
});
