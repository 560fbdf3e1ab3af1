/**
 * Whether a secret may go to an address. A host without a port stands for each of its ports, `host:port` for that one.
 *
 * INVARIANT (G8): a secret goes to the hosts it was sealed for and nowhere else.
 */
export function isSealedFor(hosts: readonly string[], address: URL): boolean {
  const port = address.port || (address.protocol === "https:" ? "443" : "80");
  return hosts.some((host) => host.toLowerCase() === address.hostname || host.toLowerCase() === `${address.hostname}:${port}`);
}
