import type { Surface } from "../surface.ts";
import { ChatStreamReader, readAnswer } from "./answer.ts";
import { fields, readRequest } from "./request.ts";

export const openaiChat: Surface = {
  name: "openai-chat",
  path: "/v1/chat/completions",
  errorShape: "openai",
  protocols: ["openai", "azure-openai", "bedrock"],
  upstreamPath: () => "/chat/completions",
  fields,
  messagesMember: "messages",
  conversation: ["messages"],
  namesModel: true,
  readRequest,
  readAnswer,
  streamReader: () => new ChatStreamReader(),
};
