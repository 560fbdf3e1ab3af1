import type { Surface } from "../surface.ts";
import { ResponsesStreamReader, readAnswer } from "./answer.ts";
import { fields, readRequest } from "./request.ts";

export const openaiResponses: Surface = {
  name: "openai-responses",
  path: "/v1/responses",
  errorShape: "openai",
  protocols: ["openai", "azure-openai"],
  upstreamPath: () => "/responses",
  fields,
  messagesMember: "input",
  conversation: ["input", "instructions"],
  namesModel: true,
  readRequest,
  readAnswer,
  streamReader: () => new ResponsesStreamReader(),
};
