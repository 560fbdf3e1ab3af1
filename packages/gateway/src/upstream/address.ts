import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup as resolve } from "node:dns";
import { BlockList, isIP } from "node:net";

/** Where no allow list reaches: cloud metadata services and link-local neighbours hand out credentials. */
const never = new BlockList();
never.addSubnet("169.254.0.0", 16, "ipv4");
never.addAddress("100.100.100.200", "ipv4");
never.addAddress("fd00:ec2::254", "ipv6");
never.addSubnet("fe80::", 10, "ipv6");

/** Refused unless an administrator allowed them. */
const inner = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  inner.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["::", 128],
  ["::1", 128],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fec0::", 10],
  ["ff00::", 8],
] as const)
  inner.addSubnet(net, bits, "ipv6");

export class OutboundRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "OutboundRefused";
  }
}

/** Which addresses this gateway may connect to: the public ones, and what an administrator allowed. */
export class OutboundRule {
  readonly #ranges = new BlockList();
  readonly #hosts = new Set<string>();

  /** @param allow CIDR, address, or host:port; an entry that is none of these allows nothing */
  constructor(allow: readonly string[]) {
    for (const entry of allow) {
      const slash = entry.lastIndexOf("/");
      const address = slash < 0 ? entry : entry.slice(0, slash);
      const family = isIP(address);
      if (family === 0) {
        this.#hosts.add(entry.toLowerCase());
        continue;
      }
      const bits = slash < 0 ? (family === 4 ? 32 : 128) : Number(entry.slice(slash + 1));
      if (Number.isInteger(bits) && bits >= 0 && bits <= (family === 4 ? 32 : 128))
        this.#ranges.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
    }
  }

  /** @throws OutboundRefused */
  check(address: string, host: string, port: number): void {
    const { text, family } = unmapped(address);
    const type = family === 4 ? "ipv4" : "ipv6";
    if (family === 0) throw new OutboundRefused("the upstream's name gave no address");
    if (never.check(text, type)) throw new OutboundRefused("link-local and metadata addresses are never called");
    if (!inner.check(text, type)) return;
    if (this.#ranges.check(text, type) || this.#hosts.has(`${host.toLowerCase()}:${port}`)) return;
    throw new OutboundRefused("the upstream's address is private or loopback, and no administrator allowed it");
  }

  /**
   * A `lookup` for net.connect. The address that was checked is the one connected to: checking a name and letting the
   * socket resolve it again would let the answer change in between (DNS rebinding).
   */
  lookup(port: number) {
    return (
      host: string,
      options: LookupOptions,
      done: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
    ): void => {
      resolve(host, { all: true, family: options.family ?? 0, hints: options.hints ?? 0 }, (error, addresses) => {
        if (error !== null) return done(error, "", 0);
        try {
          // All of them: a name with one good and one private answer would otherwise get in on the retry.
          for (const found of addresses) this.check(found.address, host, port);
          const first = addresses[0];
          if (first === undefined) throw new OutboundRefused("the upstream's name gave no address");
          if (options.all === true) done(null, addresses);
          else done(null, first.address, first.family);
        } catch (refused) {
          done(refused as Error, "", 0);
        }
      });
    };
  }
}

/** `::ffff:10.0.0.1` and its hex spelling reach 10.0.0.1, so they are judged as it. */
function unmapped(address: string): { text: string; family: number } {
  const family = isIP(address);
  if (family !== 6) return { text: address, family };
  const host = new URL(`http://[${address.split("%")[0]}]/`).hostname.slice(1, -1);
  const mapped = /^::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped === null || host === "::1") return { text: host, family: 6 };
  const high = Number.parseInt(mapped[1]!, 16);
  const low = Number.parseInt(mapped[2]!, 16);
  return { text: `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, family: 4 };
}
