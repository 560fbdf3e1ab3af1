import { iso, now, systems } from "./sample-company.ts";
import { leaves, root } from "./sample-evidence.ts";

export const overview = {
  counts: { operating: 7, pilot: 3, expired: 2, waiting: 2, proposed: 1, suspended: 1, retired: 1, total: 12 },
  expiring: systems
    .filter((entry) => entry.authorization !== null && entry.lifecycle !== "suspended")
    .map((entry) => ({
      name: entry.name,
      title: entry.title,
      tier: entry.tier,
      lifecycle: entry.lifecycle,
      type: entry.authorization?.type,
      ends: entry.authorization?.ends,
      status: entry.status,
      statusCode: entry.statusCode,
    })),
  byTier: [
    { tier: "T0", proposed: 0, pilot: 1, production: 1, expired: 0, retired: 1, noOwner: 0 },
    { tier: "T1", proposed: 0, pilot: 1, production: 2, expired: 1, retired: 0, noOwner: 0 },
    { tier: "T2", proposed: 1, pilot: 1, production: 1, expired: 0, retired: 0, noOwner: 1 },
    { tier: "T3", proposed: 0, pilot: 0, production: 1, expired: 1, retired: 0, noOwner: 0 },
  ],
  needs: [
    {
      kind: "finding",
      outcome: "deny",
      title: "Renew or retire Route Planner",
      detail: "Expired 19 Nov. 412 calls refused since",
      href: "/systems/route-planner",
    },
    {
      kind: "approval",
      outcome: "hold",
      title: "Refund of €146.20 is waiting",
      detail: "Lapses to a refusal in 26 min",
      href: "/approve/apr_1",
    },
    {
      kind: "finding",
      outcome: "unknown",
      title: "Store Assistant has no business owner",
      detail: "It reaches nothing until it has one",
      href: "/findings",
    },
  ],
  traffic: { known: null },
  gateways: [
    { name: "gw-4c1e09aa", confirmed: true, lastSeen: iso(now), added: { since: iso(now - 3_590_000), calls: 18_204, medianMs: 3.1, p99Ms: 9.2, kinds: [{ kind: "model", calls: 16_010, medianMs: 3.2, p99Ms: 9.4 }, { kind: "mcp", calls: 0, medianMs: null, p99Ms: null }, { kind: "decision", calls: 2_194, medianMs: 1.4, p99Ms: 4.8 }] } },
    { name: "eu-1", confirmed: true, lastSeen: iso(now), added: { since: iso(now - 900_000), calls: 0, medianMs: null, p99Ms: null, kinds: [] } },
    { name: "payouts-1", confirmed: false, lastSeen: iso(now - 420_000), added: null },
  ],
  evidence: {
    entries: leaves.length,
    checkpoints: 48,
    root,
    checkedAt: iso(now - 120_000),
    trust: "self-attested",
    unanchored: 48_210,
    problems: [],
  },
};
export const activity = {
  hours: Array.from({ length: 24 }, (_, hour) => {
    const busy = Math.round(520 + 420 * Math.sin((hour - 3) / 4));
    return {
      at: iso(now - (24 - hour) * 3_600_000),
      allow: Math.max(240, busy),
      hold: hour % 5 === 0 ? 4 : 1,
      deny: hour > 15 && hour < 21 ? 24 : 3,
    };
  }),
  totals: { allow: 18_269, hold: 38, deny: 162 },
  byResource: [],
  p95AddedMs: 4,
};
