import type { McpServerFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { GatewayLimits } from "../options.ts";
import { PendingBytes } from "../pending-bytes.ts";
import { type SseEvent, SseReader, SseTooLarge } from "../sse/sse-reader.ts";
import { type UpstreamCall, type UpstreamClient, UpstreamFailure } from "../upstream/client.ts";
import { type EventFields, type LinkEvents, type LinkRequest, type McpLink, noFields } from "./link.ts";

/** Streamable HTTP towards a server. Everything it can send is bounded: a message, an answer, a silence. */
export function httpLink(client: UpstreamClient, limits: GatewayLimits, compiled: Compiled, server: McpServerFacts): McpLink {
  return {
    send(request, events) {
      let url: URL;
      try {
        url = new URL(server.url ?? "");
      } catch {
        throw new UpstreamFailure("refused", "The MCP server's address is not an address.", "invalid url");
      }
      const reader = new AnswerReader(events, limits, request);
      const call = client.open(
        compiled,
        url,
        {
          method: request.verb,
          headers: {
            ...request.headers,
            accept: request.verb === "GET" ? "text/event-stream" : "application/json, text/event-stream",
            ...(request.message === null ? {} : { "content-type": "application/json" }),
          },
          body: request.message === null ? null : Buffer.from(JSON.stringify(request.message), "utf8"),
          credential: server.credential,
          idleMs: request.longLived ? 0 : limits.upstreamIdleMs,
        },
        reader,
      );
      reader.call = call;
      return call;
    },
  };
}

class AnswerReader {
  readonly #events: LinkEvents;
  readonly #limits: GatewayLimits;
  readonly #longLived: boolean;
  readonly #grow: (bytes: number) => boolean;
  readonly #sse: SseReader;
  readonly #parts = new PendingBytes();
  #streamed = false;
  #bytes = 0;
  #over = false;
  call: UpstreamCall | undefined;

  constructor(events: LinkEvents, limits: GatewayLimits, { longLived, grow }: Pick<LinkRequest, "longLived" | "grow">) {
    this.#events = events;
    this.#limits = limits;
    this.#longLived = longLived;
    this.#grow = grow ?? (() => true);
    this.#sse = new SseReader(limits.maxMcpMessageBytes);
  }

  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    const type = headers["content-type"];
    this.#streamed = typeof type === "string" && /^text\/event-stream\b/i.test(type);
    const session = headers["mcp-session-id"];
    this.#events.head(status, typeof session === "string" && /^[\x21-\x7e]{1,512}$/.test(session) ? session : null, this.#streamed);
  }

  data(chunk: Buffer): void {
    if (this.#over) return;
    this.#bytes += chunk.length;
    if (!this.#longLived && (this.#bytes > this.#limits.maxAnswerBytes || !this.#grow(chunk.length))) return this.#tooLarge();
    if (!this.#streamed) {
      if (this.#bytes > this.#limits.maxMcpMessageBytes) return this.#tooLarge();
      this.#parts.append(chunk);
      return;
    }
    let events: SseEvent[];
    try {
      events = this.#sse.push(chunk);
    } catch (error) {
      if (error instanceof SseTooLarge) return this.#tooLarge();
      throw error;
    }
    for (const event of events) this.#event(event);
  }

  end(): void {
    if (this.#over) return;
    // Half an event at the end is no event (HTML §9.2.6); JSON cut short is found by whoever parses it.
    if (!this.#streamed && this.#bytes > 0) this.#events.message(this.#parts.bytes.toString("utf8"), noFields);
    this.#events.end();
  }

  fail(failure: UpstreamFailure): void {
    if (!this.#over) this.#events.fail(failure);
  }

  #event(event: SseEvent): void {
    if (this.#over) return;
    const fields = fieldsOf(event.raw);
    if (event.data === "" && fields.id === null && fields.retry === null) return;
    this.#events.message(event.data, fields);
  }

  #tooLarge(): void {
    this.#over = true;
    this.call?.abort();
    this.#events.fail(new UpstreamFailure("cut", "The MCP server sent more than this gateway takes.", "too large"));
  }
}

/** Ids go back to the server as a header, so only what a header can hold is kept. */
function fieldsOf(raw: Buffer): EventFields {
  if (raw.indexOf("id") < 0 && raw.indexOf("retry") < 0) return noFields;
  const text = raw.subarray(0, 64 * 1024).toString("utf8");
  const id = /^id:[ ]?([\x21-\x7e]{1,512})\r?$/m.exec(text)?.[1] ?? null;
  const retry = /^retry:[ ]?(\d{1,6})\r?$/m.exec(text)?.[1] ?? null;
  return { id, retry };
}

