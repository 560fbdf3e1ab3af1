import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { Snapshot } from "@mandate/gateway";
import { signingKeyFromSeed, type StreamMessage } from "@mandate/gateway/remote";
import { afterEach, describe, expect, test } from "vitest";
import { Publisher } from "../publisher/index.ts";
import { GatewayLinks } from "./links.ts";
import type { EnrolledGateway } from "./store.ts";

const gateway: EnrolledGateway = {
  id: "gw_east",
  name: "east",
  signingKey: "",
  // A point of X25519 that nobody holds the secret of here: what is sealed isn't opened in these tests.
  sealingKey: Buffer.from(new Uint8Array(32).fill(9)).toString("base64url"),
  origin: "o",
  registerVersion: null,
  lastSeenAt: null,
  run: null,
  serves: null,
};

function snapshot(version: number, state: string, month = "1"): Snapshot {
  const facts = { systems: Array.from({ length: 300 }, (_, n) => ({ name: `s${n}`, title: "x".repeat(100) })) };
  return {
    version,
    organization: { id: "org", name: "Halden" },
    facts: facts as unknown as Snapshot["facts"],
    credentials: [{ id: "cred_1", state } as unknown as Snapshot["credentials"][number]],
    secrets: [],
    sealingKeys: [{ kid: `kek_${month}`, system: null, key: new Uint8Array(32) }],
    outboundAllow: [],
    consoleUrl: "",
    gatewayUrl: "",
  };
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function control() {
  let current = snapshot(1, "active");
  const unused = () => Promise.reject(new Error("not here"));
  const publisher = new Publisher({
    build: () => Promise.resolve(current),
    stopped: (one) => Promise.resolve(one),
    version: () => Promise.resolve(current.version),
    now: () => 0,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    holds: { open: unused, spend: unused },
    report: () => undefined,
    offered: () => undefined, spans: () => undefined,
    confirmedElsewhere: () => Promise.resolve(),
  });
  const links = new GatewayLinks({ publisher, key: signingKeyFromSeed(new Uint8Array(32).fill(1)), now: () => 0, random: (bytes) => bytes.fill(7) });
  await publisher.refresh();
  closing.push(() => (links.close(), publisher.close()));
  return {
    links,
    publish: (next: Snapshot) => {
      current = next;
      return publisher.refresh();
    },
    open(holds: { version: number; chain: string | null; format: number }) {
      const sent: StreamMessage[] = [];
      const stream = Object.assign(new EventEmitter(), { writableLength: 0, write: (line: string) => sent.push(JSON.parse(line) as StreamMessage), end: () => undefined });
      links.open(gateway, stream as unknown as ServerResponse, holds);
      return sent;
    },
  };
}

const nothing = { version: -1, chain: null, format: 2 };
const chainOf = (message: StreamMessage | undefined) => (message?.type === "snapshot" || message?.type === "change" ? (message.chain ?? null) : null);

describe("what a gateway is sent", () => {
  test("the whole once, then what changed alone, each leading on from the one before", async () => {
    const plane = await control();
    const sent = plane.open(nothing);
    await plane.publish(snapshot(2, "revoked"));
    await plane.publish(snapshot(3, "active"));
    expect(sent.map((one) => one.type)).toEqual(["snapshot", "change", "change"]);
    const [whole, first, second] = sent as [StreamMessage, StreamMessage, StreamMessage];
    expect([first.type === "change" && first.base, second.type === "change" && second.base]).toEqual([chainOf(whole), chainOf(first)]);
    expect(first.type === "change" && first.open).toContain("revoked");
    expect(JSON.stringify(first).length).toBeLessThan(JSON.stringify(whole).length / 20);
  });

  test("after a short break what it missed; after one that nobody remembers, or with a chain of elsewhere, the whole", async () => {
    const plane = await control();
    const first = plane.open(nothing);
    const held = chainOf(first[0]);
    await plane.publish(snapshot(2, "revoked"));
    await plane.publish(snapshot(3, "active"));
    expect(plane.open({ version: 1, chain: held, format: 2 }).map((one) => one.type)).toEqual(["change", "change"]);
    expect(plane.open({ version: 3, chain: chainOf(first.at(-1)), format: 2 })).toEqual([]);
    expect(plane.open({ version: 3, chain: "elsewhere", format: 2 }).map((one) => one.type)).toEqual(["snapshot"]);
    for (let n = 4; n < 300; n++) await plane.publish(snapshot(n, n % 2 === 0 ? "revoked" : "active"));
    expect(plane.open({ version: 1, chain: held, format: 2 }).map((one) => one.type)).toEqual(["snapshot"]);
  });

  test("a month's new sealing keys, though the register stands still; nothing at all when nothing differs", async () => {
    const plane = await control();
    const sent = plane.open({ ...nothing });
    await plane.publish(snapshot(1, "active"));
    expect(sent).toHaveLength(1);
    await plane.publish(snapshot(1, "active", "2"));
    expect(sent.map((one) => one.type)).toEqual(["snapshot", "change"]);
  });

  test("of the release before: wholes without a chain, each time", async () => {
    const plane = await control();
    const sent = plane.open({ version: -1, chain: null, format: 1 });
    await plane.publish(snapshot(2, "revoked"));
    expect(sent.map((one) => [one.type, chainOf(one)])).toEqual([["snapshot", null], ["snapshot", null]]);
  });
});

test("a gateway counts as confirmed when it said that it enforces exactly this, and the wait for it ends then", async () => {
  const plane = await control();
  const sent = plane.open(nothing);
  plane.links.acknowledge(gateway.id, 1, chainOf(sent[0]));
  expect(plane.links.enforced().get(gateway.id)).toEqual({ version: 1, format: 2, isNewest: true });
  await plane.publish(snapshot(2, "revoked"));
  let told = false;
  const waiting = plane.links.confirmed(2).then(() => (told = true));
  await Promise.resolve();
  expect([told, plane.links.enforced().get(gateway.id)?.isNewest]).toEqual([false, false]);
  // The right number of another chain is not this register.
  plane.links.acknowledge(gateway.id, 2, "elsewhere");
  await Promise.resolve();
  expect([told, plane.links.enforced().get(gateway.id)?.isNewest]).toEqual([false, false]);
  plane.links.acknowledge(gateway.id, 2, chainOf(sent.at(-1)));
  await waiting;
  expect([told, plane.links.enforced().get(gateway.id)?.isNewest]).toEqual([true, true]);
});
