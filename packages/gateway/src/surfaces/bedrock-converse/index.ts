import type { Surface } from "../surface.ts";
import { ConverseStreamReader, readAnswer } from "./answer.ts";
import { fields, readRequest } from "./request.ts";

/** Clients of AWS encode the model's name; what they would encode has no place in a register's name. */
const path = /^\/model\/([A-Za-z0-9][\w.-]{0,199})\/(converse|converse-stream)$/;

/** Bedrock's own wire, for clients that hold a gateway key as Bedrock's bearer token. Undefined: another path. */
export function converseSurface(requestPath: string): Surface | undefined {
  const found = path.exec(requestPath);
  if (found === null) return undefined;
  const [, model = "", method = ""] = found;
  const stream = method === "converse-stream";
  return {
    name: "bedrock-converse",
    path: requestPath,
    target: requestPath,
    errorShape: "bedrock",
    protocols: ["bedrock"],
    upstreamPath: (upstream) => `/model/${encodeURIComponent(upstream)}/${method}`,
    framing: "aws-events",
    fields,
    messagesMember: "messages",
    conversation: ["messages", "system"],
    namesModel: false,
    readRequest: (body) => readRequest(body, model, stream),
    readAnswer,
    streamReader: () => new ConverseStreamReader(),
  };
}
