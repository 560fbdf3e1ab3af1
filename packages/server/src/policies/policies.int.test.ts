import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { payoutQuestions, payoutsManifest, startPayouts } from "../testing/payouts.ts";
import type { TestServer } from "../testing/running-server.ts";
import { systemActor } from "../context/index.ts";
import { watchTurn } from "./watches.ts";
import { randomFillSync } from "node:crypto";

const masterKey = randomFillSync(new Uint8Array(32));
let running: TestServer;
let key = "";

const manifest = payoutsManifest({ rule: "because: Large payouts need a person., remedies: [{ text: Pay out less. }]" });
const limit = (amount: number, tests: unknown[] = []) => ({ rules: [{ id: "payout-limit", on: "tool:payouts.send", holdUnless: `context.input.amount <= ${amount}`, because: "Large payouts need a person." }], tests });

async function pay(amounts: readonly number[]): Promise<string[]> {
  const evaluations = payoutQuestions(amounts);
  const response = await fetch(`${running.gatewayUrl}/access/v1/evaluations`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ evaluations }) });
  const body = (await response.json()) as { evaluations: { context: { outcome: string } }[] };
  await running.server.dataPlane.drain();
  return body.evaluations.map((one) => one.context.outcome);
}
const ask = (method: string, path: string, body?: unknown) => running.request(method, `/api/v1/policies/payout-limit${path}`, body === undefined ? {} : { body });
const deps = () => ({ db: running.db, org: running.server.org, keys: { masterKey, random: (bytes: Uint8Array) => randomFillSync(bytes), now: running.now } });
const reported: { kind: string; detail: string }[] = [];
const turn = () => watchTurn(deps(), running.server.contexts.quiet(systemActor("policies")), async (finding) => void reported.push(finding));

beforeAll(async () => {
  ({ running, key } = await startPayouts(manifest, masterKey));
  expect(await pay([10, 50, 75, 90, 200])).toEqual(["allow", "allow", "allow", "hold", "hold"]);
}, 60_000);
afterAll(() => running?.close());

describe("before it is saved", () => {
  test("what doesn't compile, names what isn't there, or fails its own tests is said, and nothing is saved", async () => {
    const broken = await ask("POST", "/check", { spec: { rules: [{ id: "r", on: "tool:payouts.send", denyUnless: "context.input.amout <= 5" }] } });
    expect(broken.status, broken.text).toBe(200);
    expect(broken.body.problems[0]).toMatchObject({ rule: "r" });
    expect(broken.body.tests).toEqual([]);
    const tests = [{ name: "small passes", call: "tool:payouts.send", input: { amount: 20 }, expect: "allow" }, { name: "large waits", call: "tool:payouts.send", input: { amount: 60 }, expect: "hold" }];
    expect((await ask("POST", "/check", { spec: limit(80, tests) })).body.tests).toMatchObject([{ passed: true }, { passed: false, expected: "hold", outcome: "allow" }]);
    const good = await ask("POST", "/check", { spec: limit(50, tests) });
    expect(good.body).toMatchObject({ problems: [], tests: [{ passed: true }, { passed: true }], systems: ["payouts"] });
    expect(good.body.cedar).toContain("50");
    expect((await ask("GET", "")).body.spec.rules[0].holdUnless).toContain("80");
    expect((await ask("GET", "/history")).body.items).toHaveLength(1);
  });

  test("recorded traffic under it: the decisions that flip, which way, and no other", async () => {
    const stricter = await ask("POST", "/simulate", { spec: limit(50) });
    expect(stricter.status, stricter.text).toBe(200);
    expect(stricter.body.result).toMatchObject({ total: 5, replayable: 5, same: 4, differences: 1, looser: 0, stricter: 1 });
    expect(stricter.body.result.shown[0]).toMatchObject({ resource: "tool:payouts.send", recorded: { outcome: "allow" }, replayed: { outcome: "hold", rule: "payout-limit" } });
    expect((await ask("POST", "/simulate", { spec: limit(100) })).body.result).toMatchObject({ differences: 1, looser: 1, stricter: 0 });
    expect((await ask("POST", "/simulate", {})).body.result).toMatchObject({ differences: 0, same: 5 });
    expect(await pay([75]), "tried is not enforced").toEqual(["allow"]);
  });

  test("a policy that nobody carries is tried for the systems that would, and refused for none or unknown ones", async () => {
    const at = (body: object) => running.request("POST", "/api/v1/policies/new-one/simulate", { body: { spec: { rules: [{ id: "never", on: "tool:payouts.send", denyUnless: "false" }] }, ...body } });
    expect((await at({})).body.code).toBe("policies.unbound");
    expect((await at({ systems: ["nobody"] })).body.code).toBe("policies.system");
    expect((await at({ systems: ["payouts"] })).body.result).toMatchObject({ total: 6, differences: 6, stricter: 6 });
    expect((await running.request("POST", "/api/v1/policies/new-one/simulate", { body: {} })).body.code).toBe("policies.unknown");
  });
});

describe("as it is typed", () => {
  const text = (condition: string, test = "") => `apiVersion: v1\nkind: Policy\nmetadata: { name: payout-limit }\nspec:\n  rules:\n    - id: payout-limit\n      on: tool:payouts.send\n      holdUnless: ${condition}\n      because: Large payouts need a person.\n${test}`;
  const check = async (manifest: string) => (await ask("POST", "/check", { manifest })).body;

  test("each problem and each failing test names its line, whichever layer found it", async () => {
    expect((await check("kind: [")).problems[0].line).toBeGreaterThan(0);
    expect((await check(text("context.input.amount <= 80").replace("holdUnless", "holdUnles"))).problems[0]).toMatchObject({ line: expect.any(Number), message: expect.stringContaining("holdUnles") });
    expect((await check(text("context.input.amout <= 80"))).problems[0]).toMatchObject({ line: 6, rule: "payout-limit" });
    expect((await check(text("context.input.amount <= 80").replace("payout-limit }", "another }"))).problems[0]).toMatchObject({ line: 3 });
    expect((await check(text("context.input.amount <= 80", "  tests:\n    - { name: wrong, call: tool:payouts.send, input: { amount: 90 }, expect: allow }\n"))).tests[0]).toMatchObject({ line: 11, passed: false });
    expect((await ask("POST", "/check", { manifest: text("context.input.amount <= 80"), spec: limit(1) })).body.code).toBe("policies.twice");
    expect((await ask("POST", "/watches", { manifest: "kind: [", days: 1, reason: "x" })).body.code).toBe("policies.unsound");
  });

  test("another document beside it is no way to have something else checked or applied", async () => {
    expect((await check(`${text("context.input.amount <= 80")}---\n${manifest.split("---")[1]}`)).problems[0].message).toContain("alone");
  });

  test("each version is there again as the text that would make it", async () => {
    const first = await ask("GET", "/manifest?version=1");
    expect(first.body).toMatchObject({ version: 1, manifest: expect.stringContaining("context.input.amount <= 80") });
    expect((await check(first.body.manifest)).problems).toEqual([]);
    expect((await ask("GET", "/manifest?version=9")).body.code).toBe("policies.version_unknown");
  });
});

describe("published", () => {
  const publish = (spec: object, reason: string) => running.request("PUT", `/api/v1/policies/payout-limit?reason=${encodeURIComponent(reason)}`, { body: { spec } });

  test("a policy whose own tests fail isn't published, and what is in force stays", async () => {
    const failing = await publish(limit(60, [{ name: "wrong", call: "tool:payouts.send", input: { amount: 70 }, expect: "allow" }]), "x");
    expect(failing.status).toBe(422);
    expect(await pay([70, 90])).toEqual(["allow", "hold"]);
  });

  test("stricter binds at the next call and the decision's record names its rules' version; looser by one person alone binds nobody less", async () => {
    const version = async () => (await running.db.read(running.server.org, (tx) => sql<{ v: string }>`select policy_version as v from decision order by id desc limit 1`.execute(tx))).rows[0]!.v;
    const before = await version();
    expect((await publish(limit(60), "Less without a person.")).status).toBe(200);
    expect(await pay([50, 70])).toEqual(["allow", "hold"]);
    expect(await version()).not.toBe(before);
    expect((await publish(limit(500), "Let all pass.")).status).toBe(200);
    expect(await pay([50, 300]), "the version it was approved with still binds").toEqual(["allow", "hold"]);
    expect((await ask("GET", "/history")).body.items.map((one: { reason: string }) => one.reason).slice(0, 2)).toEqual(["Let all pass.", "Less without a person."]);
  });
});

describe("watched", () => {
  test("it compares what is decided from now on, has no effect on any call, and ends by itself", async () => {
    expect((await ask("POST", "/watches", { spec: limit(50), days: 15, reason: "too long" })).status).toBe(400);
    const started = await ask("POST", "/watches", { spec: limit(50), days: 14, reason: "Is 50 enough?" });
    expect(started.status, started.text).toBe(201);
    expect((await ask("POST", "/watches", { spec: limit(40), days: 1, reason: "two at once" })).body.code).toBe("policies.watched");
    const version = async () => (await running.db.read(running.server.org, (tx) => sql<{ v: string }>`select policy_version as v from decision order by id desc limit 1`.execute(tx))).rows[0]!.v;
    const before = await version();
    expect(await pay([10, 60, 70, 300]), "as enforced, not as watched").toEqual(["allow", "allow", "allow", "hold"]);
    expect(await version(), "what decides knows nothing of it").toBe(before);
    await turn();
    const state = async () => (await ask("GET", "/watches")).body.items[0];
    expect(await state(), "not before streams have ended").toMatchObject({ decisions: 0 });
    running.advance(180_000);
    await Promise.all([turn(), turn()]);
    expect(await state(), "two turns at once count once").toMatchObject({ decisions: 4, same: 2, differences: 2, endedAt: null });
    const flips = (await ask("GET", `/watches/${started.body.id}/flips`)).body.items;
    expect(flips).toHaveLength(2);
    expect(flips[0]).toMatchObject({ recorded: { outcome: "allow" }, replayed: { outcome: "hold" } });
    running.advance(14 * 86_400_000);
    await turn();
    expect(await state()).toMatchObject({ decisions: 4, endedBy: "its end" });
    expect(reported).toMatchObject([{ kind: "policy.watch_ended", detail: expect.stringContaining("2 would have come out otherwise") }]);
    await turn();
    expect(reported, "told once").toHaveLength(1);
    expect((await ask("POST", `/watches/${started.body.id}/end`, {})).body.code).toBe("policies.watch_ended");
  });

  test("unsound or failing versions aren't watched; somebody may end one early", async () => {
    expect((await ask("POST", "/watches", { spec: limit(50, [{ name: "wrong", call: "tool:payouts.send", input: { amount: 60 }, expect: "allow" }]), days: 1, reason: "x" })).body.code).toBe("policies.unsound");
    const started = await ask("POST", "/watches", { spec: limit(50), days: 1, reason: "x" });
    expect((await ask("POST", `/watches/${started.body.id}/end`, {})).body.endedAt).not.toBeNull();
    expect((await running.request("POST", `/api/v1/policies/other/watches/${started.body.id}/end`, { body: {} })).body.code).toBe("policies.watch_unknown");
  });
});
