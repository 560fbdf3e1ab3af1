/** A model that answers after a fixed time, in a process of its own so that its work is not counted. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

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

const server = createServer((req, res) => {
  req.resume();
  req.on("end", () =>
    setTimeout(
      () => res.writeHead(200, { "content-type": "application/json", "content-length": answer.length }).end(answer),
      delayMs,
    ),
  );
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
