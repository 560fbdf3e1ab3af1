import { isIP } from "node:net";
import { hostname } from "node:os";

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
 * Names this server answers to. DNS rebinding makes a browser send *our* address with *the attacker's* name in Host, so
 * an unknown name is refused; an IP literal can't be rebound and passes.
 */
export function hostAllowed(header: string | undefined, allowed: ReadonlySet<string>): boolean {
  const name = hostName(header);
  if (name === undefined) return false;
  return isIP(name) !== 0 || allowed.has(name);
}

export function allowedHosts(bindHost: string, publicUrl: string | null): ReadonlySet<string> {
  const names = new Set(["localhost", bindHost.toLowerCase()]);
  if (publicUrl !== null) names.add(new URL(publicUrl).hostname.toLowerCase());
  // Off loopback the machine is asked for by its own name, for example a service name inside a container network.
  if (!isLoopbackName(bindHost)) names.add(hostname().toLowerCase());
  return names;
}
