import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface TestUpstream {
  /** With one version segment, as the register stores endpoints. */
  readonly endpoint: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  /** How the next requests are answered. */
  answer: (request: SeenRequest, res: ServerResponse) => void;
  /** Connections that the gateway opened, requests or not. */
  connections: number;
  close(): Promise<void>;
}

/** A provider on a real socket that does what a test tells it. */
export async function startTestUpstream(): Promise<TestUpstream> {
  const server: Server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on("data", (part: Buffer) => parts.push(part));
    req.on("end", () => {
      const request = {
        method: req.method ?? "",
        path: req.url ?? "",
        headers: req.headers,
        body: Buffer.concat(parts),
      };
      upstream.seen.push(request);
      upstream.answer(request, res);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const upstream: TestUpstream = {
    endpoint: `http://127.0.0.1:${port}/v1`,
    port,
    seen: [],
    connections: 0,
    answer: (_request, res) => sendJson(res, chatAnswer("Hello.")),
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  server.on("connection", () => upstream.connections++);
  return upstream;
}

export function sendJson(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

export function sendSse(res: ServerResponse, wire: string | Buffer): void {
  res.writeHead(200, { "content-type": "text/event-stream" }).end(wire);
}

export function chatAnswer(content: string | null, more: Readonly<Record<string, unknown>> = {}, model = "gpt-test") {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_760_000_000,
    model,
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        message: { role: "assistant", content, refusal: null, ...more },
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
  };
}

export function chatToolAnswer(name: string, input: unknown) {
  return chatAnswer(null, {
    tool_calls: [
      {
        id: "call_1",
        type: "function",
        function: { name, arguments: typeof input === "string" ? input : JSON.stringify(input) },
      },
    ],
  });
}

/** Events in chat-completions framing, ended by `[DONE]`. */
export function chatStream(
  deltas: readonly Readonly<Record<string, unknown>>[],
  finish = "stop",
  model = "gpt-test",
): string {
  const event = (delta: unknown, reason: string | null) =>
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_760_000_000, model, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  return `${deltas.map((delta) => event(delta, null)).join("")}${event({}, finish)}data: [DONE]\n\n`;
}
