import { isIP } from "node:net";
import { hostname } from "node:os";
import { hostName, isLoopbackName } from "@mandate/gateway";

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
