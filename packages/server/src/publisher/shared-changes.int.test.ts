import type { Snapshot } from "@mandate/gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SnapshotFeed } from "../gateways/snapshot-feed.ts";
import { addSystemsLike } from "../testing/many-systems.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

const systems = 2_000;
const system = (name: string, model: string): string => `apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  purposes: [{ id: summarize, text: Summarizes internal meetings. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:${model}], tools: [tool:orders.read] }
`;
const model = (name: string, more = ""): string => `apiVersion: v1
kind: Model
metadata: { name: ${name} }
spec: { protocol: openai, endpoint: "http://127.0.0.1:9/v1", vendor: vendor:hosting, served: [${name}], region: EEA, training: never, retention: 0d, maxSensitivity: internal${more} }
`;
const manifest = [
  `apiVersion: v1
kind: Vendor
metadata: { name: hosting }
spec: { visibility: full }
`,
  model("shared"),
  model("own"),
  `apiVersion: v1
kind: Tool
metadata: { name: orders.read }
spec: { effect: reads, reversible: true, output: trusted }
`,
  system("system-0", "shared"),
  system("apart", "own"),
].join("---\n");

let server: TestServer;
const published: Snapshot[] = [];
let feed: SnapshotFeed;
const weights: number[] = [];
const current = (): Snapshot => server.server.publisher.current;
const ok = async (method: string, path: string, body: unknown) => {
  const reply = await server.request(method, `/api/v1${path}`, { body });
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply.body;
};
/** Until everything that was asked for is read. */
const settled = async (): Promise<void> => {
  await server.server.publisher.refresh();
  published.length = 0;
  weights.length = 0;
};

beforeAll(async () => {
  server = await startTestServer();
  await ok("POST", "/apply", manifest);
  await addSystemsLike(server.db, server.server.org, "system-0", 1, systems);
  await server.server.publisher.refresh();
  // What was added past the product is caught up with once, as by any change of the register.
  await ok("POST", "/apply", model("own", ', price: [{ from: 2026-01-01, input: "1.00", output: "1.00" }]'));
  await server.server.publisher.refresh();
  feed = new SnapshotFeed(server.server.publisher);
  feed.subscribe((step) => weights.push(step.open.length));
  server.server.publisher.port().subscribe((snapshot) => published.push(snapshot));
}, 120_000);
afterAll(async () => {
  feed?.close();
  await server?.close();
});

describe(`beside ${systems} systems`, () => {
  test.each([
    ["model", "shared", (snapshot: Snapshot) => snapshot.facts.models.find(({ name }) => name === "shared")!.stopped],
    ["tool", "orders.read", (snapshot: Snapshot) => snapshot.facts.tools.find(({ name }) => name === "orders.read")!.stopped],
    ["vendor", "hosting", (snapshot: Snapshot) => snapshot.facts.models.find(({ name }) => name === "own")!.stopped],
  ])("G2: a stopped %s goes ahead, as a change of its own, before a system is looked at", async (kind, name, isStopped) => {
    let before = current();
    let first = before;
    // The clock reads the register as well: where that came between the stop and its going ahead, it is stopped once more.
    for (let attempt = 1; attempt <= 4; attempt++) {
      await settled();
      before = current();
      expect(before.facts.systems.length).toBeGreaterThanOrEqual(systems);
      expect(isStopped(before)).not.toBe(true);
      const stop = await ok("POST", "/kill", { scope: { [kind]: name }, reason: "test" });
      first = published.find((snapshot) => isStopped(snapshot) === true)!;
      if (first.version === before.version) break;
      await ok("POST", `/kill/${stop.id}/resume`, { reason: "once more" });
    }
    expect(first.version).toBe(before.version);
    const [last = before] = published.slice(0, published.indexOf(first)).slice(-1);
    expect(first.facts.systems).toBe(last.facts.systems);
    // What a gateway is sent of it is that thing, whatever the register weighs.
    expect(weights[0]).toBeLessThan(5_000);
    await server.server.publisher.refresh();
    expect(current().version).toBeGreaterThan(before.version);
    expect(isStopped(current())).toBe(true);
  });

  test("a change of what all of them share, and none of them differs by, derives the same objects: gateways get that thing alone", async () => {
    await settled();
    const before = current();
    await ok("POST", "/apply", model("shared", ', price: [{ from: 2026-02-01, input: "2.80", output: "14.00" }]'));
    await server.server.publisher.refresh();
    const after = current();
    expect(after.facts.models.find(({ name }) => name === "shared")!.prices).toHaveLength(1);
    const was = new Map(before.facts.systems.map((one) => [one.name, one]));
    const made = after.facts.systems.filter((one) => was.get(one.name) !== one).map((one) => one.name);
    // Its version is another now, in each system that holds it: only those that say so are said anew.
    const digests = new Map(before.facts.systems.map((one) => [one.name, one.versionDigest]));
    expect(made.filter((name) => after.facts.systems.find((one) => one.name === name)!.versionDigest === digests.get(name))).toEqual([]);
    expect(made).not.toContain("apart");
  });

  test("a change of what one of them uses derives that one", async () => {
    await settled();
    const before = current();
    await ok("POST", "/apply", model("own", ", maxSensitivity: public").replace("maxSensitivity: internal, ", ""));
    await server.server.publisher.refresh();
    const was = new Map(before.facts.systems.map((one) => [one.name, one]));
    expect(current().facts.systems.filter((one) => was.get(one.name) !== one).map((one) => one.name)).toEqual(["apart"]);
  });
});
