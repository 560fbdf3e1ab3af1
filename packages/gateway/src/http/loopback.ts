import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** Splits a Host header into its name without port or brackets; undefined when it isn't one. */
export function hostName(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 255) return undefined;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?$/.exec(header);
  const name = match?.[1] ?? match?.[2];
  return name?.toLowerCase().replace(/\.$/, "");
}

export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name === "::1" || name === "::ffff:127.0.0.1" || (isIP(name) === 4 && name.startsWith("127."));
}

/**
 * Whether a request comes from this machine itself. The socket says where a caller is; a proxy on this machine makes
 * everyone local, so the name asked for must be loopback too, and nobody may have passed it on.
 */
export function isFromHere({ socket, headers }: Pick<IncomingMessage, "socket" | "headers">): boolean {
  return isLoopbackName(socket.remoteAddress ?? "") && isLoopbackName(hostName(headers.host) ?? "") && headers["x-forwarded-for"] === undefined;
}
