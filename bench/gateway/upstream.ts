/** A model and an MCP server that answer after a fixed time, in a process of their own so that their work is not counted. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { definition, result } from "./tool-server.ts";

const delayMs = Number(process.argv[2] ?? 20);
const answer = Buffer.from(
  JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1_760_000_000,
    model: "gpt-bench",
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        message: { role: "assistant", content: "It is within policy. ".repeat(40), refusal: null },
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 240, completion_tokens: 160, total_tokens: 400 },
  }),
);

function toolAnswer(request: { readonly id?: unknown; readonly method?: string }): Buffer {
  const { id, method } = request;
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result: method === "tools/list" ? { tools: [definition] } : result }));
}

const server = createServer((req, res) => {
  const parts: Buffer[] = [];
  req.on("data", (part: Buffer) => parts.push(part));
  req.on("end", () => {
    const bytes = req.url === "/mcp" ? toolAnswer(JSON.parse(Buffer.concat(parts).toString()) as { id?: unknown; method?: string }) : answer;
    setTimeout(
      () => res.writeHead(200, { "content-type": "application/json", "content-length": bytes.length }).end(bytes),
      delayMs,
    );
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
