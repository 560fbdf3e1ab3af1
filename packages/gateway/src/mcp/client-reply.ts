import type { Exchange } from "../http/exchange.ts";
import type { Members } from "../surfaces/fields.ts";
import type { EventFields } from "./link.ts";

/** The answer to one HTTP request of a client: one JSON message, or a stream of them. */
export class ClientReply {
  readonly #exchange: Exchange;
  readonly #acceptsStream: boolean;
  readonly #idleMs: number;
  /** Sent with the head: the session that this reply opens. */
  sessionId: string | null;
  #streaming = false;
  #timer: NodeJS.Timeout | undefined;
  releasedBytes = 0;
  /** Called when the client takes no more for now, and when it does again. */
  onPressure: (waits: boolean) => void = () => undefined;
  onStuck: () => void = () => undefined;

  constructor(exchange: Exchange, init: { acceptsStream: boolean; idleMs: number; sessionId: string | null }) {
    this.#exchange = exchange;
    this.#acceptsStream = init.acceptsStream;
    this.#idleMs = init.idleMs;
    this.sessionId = init.sessionId;
    exchange.res.on("drain", () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.onPressure(false);
    });
  }

  get streaming(): boolean {
    return this.#streaming;
  }

  get gone(): boolean {
    return this.#exchange.res.destroyed;
  }

  openStream(): void {
    const { res } = this.#exchange;
    if (!this.#acceptsStream || this.#streaming || res.headersSent || res.destroyed) return;
    this.#streaming = true;
    res.writeHead(200, this.#exchange.headers({ "content-type": "text/event-stream", "x-accel-buffering": "no", ...this.#session() }));
    res.flushHeaders();
  }

  /** A message ahead of the answer. Without a stream there is nowhere to put it. */
  event(text: string, fields: EventFields): void {
    if (this.#streaming) this.#write(framed(text, fields));
  }

  /** The last message. */
  final(status: number, message: Members, fields: EventFields): void {
    if (this.#streaming) {
      this.#write(framed(JSON.stringify(message), fields));
      this.end();
      return;
    }
    const body = Buffer.from(JSON.stringify(message), "utf8");
    this.releasedBytes += body.length;
    this.#exchange.bytes(status, body, { "content-type": "application/json; charset=utf-8", ...this.#session() });
  }

  accepted(): void {
    this.#exchange.bytes(202, Buffer.alloc(0), this.#session());
  }

  end(): void {
    clearTimeout(this.#timer);
    const { res } = this.#exchange;
    if (this.#streaming && !res.writableEnded && !res.destroyed) res.end();
  }

  cut(): void {
    clearTimeout(this.#timer);
    this.#exchange.res.destroy();
  }

  #session(): Record<string, string> {
    return this.sessionId === null ? {} : { "mcp-session-id": this.sessionId };
  }

  #write(text: string): void {
    const { res } = this.#exchange;
    if (res.destroyed || res.writableEnded) return;
    this.releasedBytes += Buffer.byteLength(text);
    if (res.write(text)) return;
    this.onPressure(true);
    this.#timer ??= setTimeout(() => this.onStuck(), this.#idleMs);
  }
}

/** Framed anew, so that only what was checked leaves: comments and unknown fields of the server's stay here. */
function framed(text: string, { id, retry }: EventFields): string {
  const data = text === "" ? "data: \n" : text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `${text === "" ? "" : "event: message\n"}${id === null ? "" : `id: ${id}\n`}${retry === null ? "" : `retry: ${retry}\n`}${data}\n`;
}
