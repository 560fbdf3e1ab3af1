import type { Turn } from "@mandate/policy";
import {
  count,
  FieldProblem,
  type FieldTable,
  isMembers,
  type Members,
  requiredText,
  text,
  unlistedFields,
} from "../fields.ts";
import { emptyEvent, type RequestView, type Surface } from "../surface.ts";

const fields: FieldTable = {
  version: "openai-embeddings/1",
  fields: { model: "inert", input: "content", encoding_format: "inert", dimensions: "inert", user: "inert" },
};

function readRequest(body: Members): RequestView {
  const model = requiredText(body, "model");
  const inputs: readonly unknown[] = Array.isArray(body.input) ? body.input : [body.input];
  const turns: Turn[] = [];
  let opaque = false;
  for (const input of inputs) {
    if (typeof input === "string") turns.push({ role: "user", text: input, toolName: null });
    // Token ids: text that only the model's tokenizer can read.
    else if (typeof input === "number" || Array.isArray(input)) opaque = true;
    else throw new FieldProblem("input", "a string, or an array of strings or tokens");
  }
  return {
    model,
    stream: false,
    turns,
    effects: [],
    implied: [],
    references: [],
    unlisted: unlistedFields(body, fields),
    opaque,
    maxOutputTokens: 0,
  };
}

export const openaiEmbeddings: Surface = {
  name: "openai-embeddings",
  path: "/v1/embeddings",
  errorShape: "openai",
  protocols: ["openai", "azure-openai"],
  upstreamPath: () => "/embeddings",
  fields,
  messagesMember: "input",
  conversation: ["input"],
  namesModel: true,
  readRequest,
  readAnswer: (body) => ({
    served: text(body.model) === "" ? [] : [text(body.model)],
    calls: [],
    usage: isMembers(body.usage) ? { input: count(body.usage.prompt_tokens), output: 0 } : null,
    text: "",
    issued: null,
  }),
  streamReader: () => ({ accept: () => emptyEvent, pending: false, unfinished: () => [] }),
};
