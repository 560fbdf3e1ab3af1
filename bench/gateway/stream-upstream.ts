/** A model that streams: one event every so many milliseconds, each with the moment at which it was written. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [events, everyMs] = process.argv.slice(2).map(Number) as [number, number];
// Nanoseconds of the machine's own clock, which every process reads alike.
const event = (content: string, finish: string | null): string =>
  `data: ${JSON.stringify({ id: `chatcmpl-${process.hrtime.bigint()}`, object: "chat.completion.chunk", created: 1_760_000_000, model: "gpt-bench", choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

const server = createServer((req, res) => {
  req.resume().on("end", () => {
    let sent = 0;
    res.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => {
      sent += 1;
      if (sent < events) return void res.write(event("within policy, ", null));
      clearInterval(timer);
      res.end(`${event("as it says.", "stop")}data: [DONE]\n\n`);
    }, everyMs);
    res.on("close", () => clearInterval(timer));
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
