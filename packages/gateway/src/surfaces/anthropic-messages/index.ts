import type { Surface } from "../surface.ts";
import { MessagesStreamReader, readAnswer } from "./answer.ts";
import { fields, readRequest } from "./request.ts";

export const anthropicMessages: Surface = {
  name: "anthropic-messages",
  path: "/v1/messages",
  errorShape: "anthropic",
  protocols: ["anthropic", "bedrock"],
  upstreamPath: () => "/messages",
  fields,
  messagesMember: "messages",
  conversation: ["messages", "system"],
  namesModel: true,
  readRequest,
  readAnswer,
  streamReader: () => new MessagesStreamReader(),
};
