import { createServer, type Server } from "node:http";
import type { Gateway } from "./options.ts";

/** Bounds on what a peer can send before a request exists: header floods and slow headers end here. */
export const listenerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  /** Above the gateway's own body time-out, which answers in the caller's format; this is the backstop. */
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  noDelay: true,
} as const;

const statusOf: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** A `node:http` server for a gateway's own listener, not yet listening. */
export function createGatewayServer(gateway: Pick<Gateway, "handler">): Server {
  const server = createServer(listenerOptions, gateway.handler);
  server.maxHeadersCount = 100;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    const status = statusOf[error.code ?? ""] ?? "400 Bad Request";
    const body = JSON.stringify({
      error: {
        type: "invalid_request_error",
        code: "invalid_request",
        message: "The request's head is not acceptable HTTP. Send fewer or shorter headers.",
        param: null,
        remedies: [{ text: "Send a well-formed request with at most 16 KiB of headers." }],
      },
    });
    socket.end(
      `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-content-type-options: nosniff\r\nx-should-retry: false\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  return server;
}
