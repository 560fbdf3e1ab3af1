import { anthropicMessages } from "../anthropic-messages/index.ts";
import { count } from "../fields.ts";
import type { Surface } from "../surface.ts";

/** Counting sends the whole conversation to the provider: it is decided as any call of the model. */
export const anthropicCountTokens: Surface = {
  ...anthropicMessages,
  name: "anthropic-count-tokens",
  path: "/v1/messages/count_tokens",
  protocols: ["anthropic"],
  upstreamPath: () => "/messages/count_tokens",
  fields: { ...anthropicMessages.fields, version: "anthropic-count-tokens/1" },
  namesModel: false,
  readRequest: (body) => ({ ...anthropicMessages.readRequest(body), stream: false, maxOutputTokens: 0 }),
  readAnswer: (body) => ({
    served: [],
    calls: [],
    usage: { input: count(body.input_tokens), output: 0 },
    text: "",
    issued: null,
  }),
};
