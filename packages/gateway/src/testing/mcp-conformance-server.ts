import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  type JSONRPCMessage,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAA";
const empty = { type: "object" as const, properties: {} };
const text = (value: string) => ({ type: "text" as const, text: value });
const image = { type: "image" as const, data: png, mimeType: "image/png" };

const toolNames = [
  "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource", "test_multiple_content_types", "test_tool_with_logging",
  "test_error_handling", "test_tool_with_progress", "test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums", "test_reconnection",
];
const withArgument = (name: string, argument: string) => ({ name, description: `Test tool ${name}`, inputSchema: { type: "object" as const, properties: { [argument]: { type: "string" } }, required: [argument] } });
const tools = [
  ...toolNames.map((name) => ({ name, description: `Test tool ${name}`, inputSchema: empty })),
  withArgument("test_sampling", "prompt"),
  withArgument("test_elicitation", "message"),
  {
    name: "json_schema_2020_12_tool",
    description: "Tool with JSON Schema 2020-12 features",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object" as const,
      $defs: { address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
      properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
      additionalProperties: false,
    },
  },
];

const enums = {
  untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
  titledSingle: { type: "string", oneOf: [{ const: "value1", title: "First Option" }, { const: "value2", title: "Second Option" }, { const: "value3", title: "Third Option" }] },
  legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
  untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
  titledMulti: { type: "array", items: { anyOf: [{ const: "value1", title: "First Choice" }, { const: "value2", title: "Second Choice" }, { const: "value3", title: "Third Choice" }] } },
};
const defaults = {
  name: { type: "string", default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};

function serverWithEverything(): Server {
  const server = new Server({ name: "conformance", version: "1" }, { capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const input = params.arguments ?? {};
    const elicit = async (message: string, properties: object, required?: string[]) =>
      extra.sendRequest({ method: "elicitation/create", params: { message, requestedSchema: { type: "object", properties, ...(required === undefined ? {} : { required }) } } }, ElicitResultSchema);
    switch (params.name) {
      case "test_simple_text":
        return { content: [text("This is a simple text response for testing.")] };
      case "test_image_content":
        return { content: [image] };
      case "test_audio_content":
        return { content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] };
      case "test_embedded_resource":
        return { content: [{ type: "resource", resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." } }] };
      case "test_multiple_content_types":
        return { content: [text("Multiple content types test:"), image, { type: "resource", resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' } }] };
      case "test_tool_with_logging":
        for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
          await extra.sendNotification({ method: "notifications/message", params: { level: "info", data } });
          await wait(20);
        }
        return { content: [text("done")] };
      case "test_error_handling":
        return { isError: true, content: [text("This tool intentionally returns an error for testing")] };
      case "test_tool_with_progress":
        for (const progress of [0, 50, 100]) {
          const progressToken = extra._meta?.progressToken;
          if (progressToken !== undefined) await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
          await wait(20);
        }
        return { content: [text("done")] };
      case "test_sampling": {
        const answer = await extra.sendRequest({ method: "sampling/createMessage", params: { messages: [{ role: "user", content: text(String(input.prompt)) }], maxTokens: 100 } }, CreateMessageResultSchema);
        return { content: [text(`LLM response: ${JSON.stringify(answer.content)}`)] };
      }
      case "test_elicitation": {
        const answer = await elicit(String(input.message), { username: { type: "string", description: "User's response" }, email: { type: "string", description: "User's email address" } }, ["username", "email"]);
        return { content: [text(`User response: ${JSON.stringify(answer)}`)] };
      }
      case "test_elicitation_sep1034_defaults":
      case "test_elicitation_sep1330_enums": {
        const answer = await elicit("Please choose", params.name.endsWith("enums") ? enums : defaults, []);
        return { content: [text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content)}`)] };
      }
      case "test_reconnection":
        extra.closeSSEStream?.();
        await wait(100);
        return { content: [text("Reconnection test completed successfully")] };
      default:
        return { content: [text("a"), text("b")] };
    }
  });
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: ["test://static-text", "test://static-binary", "test://watched-resource"].map((uri) => ({ uri, name: uri, mimeType: "text/plain" })) }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template" }] }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    if (uri === "test://static-binary") return { contents: [{ uri, mimeType: "image/png", blob: png }] };
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    return { contents: [id === undefined ? { uri, mimeType: "text/plain", text: "This is the content of the static text resource." } : { uri, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }] };
  });
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: [
      { name: "test_simple_prompt", description: "simple" },
      { name: "test_prompt_with_arguments", description: "arguments", arguments: [{ name: "arg1", required: true }, { name: "arg2", required: true }] },
      { name: "test_prompt_with_embedded_resource", description: "resource", arguments: [{ name: "resourceUri", required: true }] },
      { name: "test_prompt_with_image", description: "image" },
    ],
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params: { name, arguments: given = {} } }) => {
    const user = (content: object) => ({ role: "user" as const, content: content as ReturnType<typeof text> });
    if (name === "test_prompt_with_arguments") return { messages: [user(text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`))] };
    if (name === "test_prompt_with_embedded_resource")
      return { messages: [user({ type: "resource", resource: { uri: given.resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." } }), user(text("Please process the embedded resource above."))] };
    if (name === "test_prompt_with_image") return { messages: [user(image), user(text("Please analyze the image above."))] };
    return { messages: [user(text("This is a simple prompt for testing."))] };
  });
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
  server.setRequestHandler(CompleteRequestSchema, () => ({ completion: { values: ["paris", "park", "party"], total: 3, hasMore: false } }));
  return server;
}

/** Events by id, so that a client may come back for what it missed. */
class Events {
  readonly #all: { id: string; stream: string; message: JSONRPCMessage }[] = [];

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = randomUUID();
    this.#all.push({ id, stream, message });
    return id;
  }

  async replayEventsAfter(last: string, { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> }): Promise<string> {
    const at = this.#all.findIndex((event) => event.id === last);
    const stream = this.#all[at]?.stream ?? "";
    for (const event of this.#all.slice(at + 1)) if (event.stream === stream && Object.keys(event.message).length > 0) await send(event.id, event.message);
    return stream;
  }
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return parts.length === 0 ? undefined : (JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown);
}

/** A server with everything the published conformance suite asks for, on loopback, that refuses foreign pages. */
export async function startConformanceServer(): Promise<{ url: string; close(): Promise<void> }> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const http = createServer((req, res) => {
    void (async () => {
      const host = req.headers.host ?? "";
      if (!/^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(host) || (req.headers.origin !== undefined && !/^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(req.headers.origin))) return void res.writeHead(403).end();
      const known = transports.get(String(req.headers["mcp-session-id"]));
      if (known !== undefined) return known.handleRequest(req, res, req.method === "POST" ? await bodyOf(req) : undefined);
      if (req.method !== "POST") return void res.writeHead(405).end();
      const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, eventStore: new Events(), retryInterval: 100, onsessioninitialized: (id) => void transports.set(id, transport) });
      await serverWithEverything().connect(transport);
      await transport.handleRequest(req, res, await bodyOf(req));
    })().catch(() => res.destroy());
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    close: async () => {
      for (const transport of transports.values()) await transport.close();
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}
