import type { FastifyRequest } from "fastify";
import { AppError } from "@mandate/model";
import type { App } from "../http/index.ts";
import type { EventHub, LiveEvent } from "./hub.ts";

const keepAliveMs = 15_000;
/** A page that lets this much pile up is cut; it reconnects and reads again. */
const maxBufferedBytes = 1024 * 1024;

export interface EventRouteDeps {
  readonly onClose: (close: () => void) => void;
  readonly now: () => number;
  /** Whether what this request came with still signs in. */
  readonly stillValid: (request: FastifyRequest) => Promise<boolean>;
}

/** Changes after which somebody listening may no longer be anyone here. */
const aboutPeople: ReadonlySet<string> = new Set(["person", "session"]);

export function eventRoutes(app: App, hub: EventHub, { onClose, now, stillValid }: EventRouteDeps): void {
  app.get("/api/v1/events", { config: { access: "signed-in" }, schema: { operationId: "streamEvents", summary: "Server-sent events: change, decision" } }, (request, reply) => {
    const stream = reply.raw;
    let stop: (() => void) | undefined;
    const end = (): void => {
      clearInterval(keepAlive);
      stop?.();
      stream.end();
    };
    // A stream asks once and runs for hours: whoever was deactivated would go on reading (SPEC 2, within 1 s).
    const check = (): void => void stillValid(request).then((valid) => (valid ? undefined : end()), end);
    const send = (event: LiveEvent): void => {
      if (event.event === "change" && event.data.kinds.some((kind) => aboutPeople.has(kind))) check();
      if (stream.writableLength > maxBufferedBytes) end();
      else stream.write(`event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`);
    };
    stop = hub.listen(send);
    if (stop === undefined) {
      throw new AppError({ code: "events.full", status: 503, message: "Too many pages listen already.", remedies: [{ text: "Reload the page later; everything but live updates works." }] });
    }
    reply.hijack();
    stream.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
      "x-request-id": request.id,
    });
    stream.write(": connected\n\n");
    // The session may end while the page is open: its end is checked here, where nothing else asks again.
    const expiresAt = request.authentication?.expiresAt ?? null;
    const keepAlive = setInterval(() => {
      if (expiresAt !== null && now() >= expiresAt) end();
      else {
        stream.write(": still here\n\n");
        check();
      }
    }, keepAliveMs);
    onClose(end);
    request.raw.once("close", end);
    stream.once("error", end);
  });
}
