import { parseStrictObject } from "../../json/strict-json.ts";
import { type UpstreamCall, UpstreamFailure } from "../../upstream/client.ts";
import { idKey, messageOf, type RpcId, type RpcMessage } from "../json-rpc.ts";
import { type LinkEvents, type LinkRequest, type McpLink, noFields } from "../link.ts";
import type { ServerProcess } from "./process.ts";

const maxWaiting = 256;

/** Makes one process look like one server: each exchange gets the answer to its own id, the rest goes to who listens. */
export class StdioLink implements McpLink {
  readonly #start: () => ServerProcess;
  readonly #maxDepth: number;
  readonly #waiting = new Map<string, LinkEvents>();
  #listener: LinkEvents | undefined;
  #process: ServerProcess | undefined;

  /** @param start may throw UpstreamFailure */
  constructor(start: () => ServerProcess, maxDepth: number) {
    this.#start = start;
    this.#maxDepth = maxDepth;
  }

  get running(): ServerProcess | undefined {
    return this.#process;
  }

  send({ verb, message }: LinkRequest, events: LinkEvents): UpstreamCall {
    this.#process ??= this.#start();
    const server = this.#process;
    const flow = { pause: () => server.pause(), resume: () => server.resume() };
    if (verb === "DELETE") {
      void server.kill();
      queueMicrotask(() => {
        events.head(204, null, false);
        events.end();
      });
      return { ...flow, abort: () => undefined };
    }
    if (verb === "GET" || message === null) {
      if (this.#listener !== undefined) throw new UpstreamFailure("refused", "The session has a stream already.", "second listener");
      this.#listener = events;
      queueMicrotask(() => events.head(200, null, true));
      return { ...flow, abort: () => (this.#listener = this.#listener === events ? undefined : this.#listener) };
    }
    if (message.id === undefined || message.method === undefined) {
      server.write(JSON.stringify(message));
      queueMicrotask(() => {
        events.head(202, null, false);
        events.end();
      });
      return { ...flow, abort: () => undefined };
    }
    const key = idKey(message.id as RpcId);
    if (this.#waiting.has(key) || this.#waiting.size >= maxWaiting) throw new UpstreamFailure("refused", "Too many requests of this session run at once, or two of one id.", "waiting");
    this.#waiting.set(key, events);
    server.write(JSON.stringify(message));
    queueMicrotask(() => events.head(200, null, true));
    return {
      ...flow,
      abort: () => {
        // A process hears of a cancellation by message; on HTTP the closed connection says it.
        if (this.#waiting.delete(key)) server.write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: message.id } }));
      },
    };
  }

  line(text: string): void {
    let message: RpcMessage;
    try {
      message = messageOf(parseStrictObject(Buffer.from(text, "utf8"), this.#maxDepth).value);
    } catch {
      // Whatever it meant, whoever waits longest is told that the answer can't be read.
      const first = this.#waiting.keys().next().value;
      if (first === undefined) return;
      const events = this.#waiting.get(first)!;
      this.#waiting.delete(first);
      events.message(text, noFields);
      return events.end();
    }
    if (message.kind === "response" && message.id !== null) {
      const key = idKey(message.id);
      const events = this.#waiting.get(key);
      if (events === undefined || !this.#waiting.delete(key)) return;
      events.message(text, noFields);
      return events.end();
    }
    (this.#listener ?? [...this.#waiting.values()].at(-1))?.message(text, noFields);
  }

  exited(internal: string): void {
    this.#process = undefined;
    const failure = new UpstreamFailure("cut", "The MCP server's process ended.", internal);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const events of waiting) events.fail(failure);
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.end();
  }
}
