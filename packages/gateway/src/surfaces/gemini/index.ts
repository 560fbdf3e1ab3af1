import { count, FieldProblem, type Members } from "../fields.ts";
import type { Surface } from "../surface.ts";
import { GenerateStreamReader, readAnswer } from "./answer.ts";
import { fields, readRequest } from "./request.ts";
import { camelMembers } from "./spelling.ts";

/**
 * No `%`, no slash: a name that the provider would decode into another path names no route here. Clients of 2026 write
 * `v1`, older ones `v1beta`; which of them the provider gets is the model's endpoint's to say.
 */
const path = /^\/v1(?:beta)?\/models\/([A-Za-z0-9][\w.@-]{0,199}):(generateContent|streamGenerateContent|countTokens)$/;

/**
 * The surface of one Gemini call: here the path, not the body, says which model is called and how the answer comes.
 * @returns undefined where the path or its query is none that this gateway knows
 */
export function geminiSurface(requestPath: string, query: string): Surface | undefined {
  const found = path.exec(requestPath);
  if (found === null) return undefined;
  const [, model = "", method = ""] = found;
  const stream = method === "streamGenerateContent";
  // `$fields` would have the provider leave parts of its answer out, `key` would put a key into logs.
  if (query !== "" && !(stream && query === "alt=sse") && !(query === "alt=json")) return undefined;
  const sse = query === "alt=sse";
  if (method === "countTokens") return countTokens(model, requestPath);
  return {
    name: "gemini-generate",
    path: requestPath,
    target: `${requestPath}?${query}`,
    errorShape: "gemini",
    protocols: ["gemini"],
    upstreamPath: (upstream) => `/models/${encodeURIComponent(upstream)}:${method}${sse ? "?alt=sse" : ""}`,
    framing: stream && !sse ? "json-array" : "sse",
    fields,
    messagesMember: "contents",
    conversation: ["contents", "systemInstruction", "system_instruction"],
    namesModel: true,
    readRequest: (body) => readRequest(body, model, stream),
    readAnswer,
    streamReader: () => new GenerateStreamReader(),
  };
}

/** Counting sends the whole conversation to the provider: it is decided as any call of the model. */
function countTokens(model: string, requestPath: string): Surface {
  return {
    name: "gemini-count-tokens",
    path: requestPath,
    target: requestPath,
    errorShape: "gemini",
    protocols: ["gemini"],
    upstreamPath: (upstream) => `/models/${encodeURIComponent(upstream)}:countTokens`,
    fields: { ...fields, version: "gemini-count-tokens/1" },
    messagesMember: "contents",
    conversation: ["contents", "systemInstruction", "system_instruction"],
    namesModel: false,
    readRequest: (body) => ({ ...readRequest(refuseNested(body), model, false), maxOutputTokens: 0 }),
    readAnswer: (body) => ({
      served: [],
      calls: [],
      usage: { input: count(body.totalTokens), output: 0 },
      text: "",
      issued: null,
    }),
    streamReader: () => new GenerateStreamReader(),
  };
}

/** Two conversations in one body, of which the provider counts one: only the plain form is taken. */
function refuseNested(body: Members): Members {
  const read = camelMembers(body, "");
  if (read.generateContentRequest !== undefined)
    throw new FieldProblem("generateContentRequest", "left out: send `contents` instead");
  return body;
}
