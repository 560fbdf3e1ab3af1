import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { payoutsManifest } from "../testing/payouts.ts";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let running: TestServer;

const manifest = payoutsManifest({ effect: "pays" });
const rules = (amount: number) => [{ id: "payout-limit", on: "tool:payouts.send", holdUnless: `context.input.amount <= ${amount}`, because: "Large payouts need a person." }];
const large = { id: "large-payouts-wait", on: "tool:payouts.send", heldWhen: "context.input.amount > 100", of: "carriers" };
const standing = (invariants: readonly object[]) => ({ rules: [], invariants });

const check = async (spec: object, more: object = {}) => {
  const answer = await running.request("POST", "/api/v1/policies/payout-limit/check", { body: { spec, ...more } });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const put = (name: string, spec: object) => running.request("PUT", `/api/v1/policies/${name}?reason=test`, { body: { spec } });

const main = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
async function cli(words: readonly string[], input: string) {
  const child = spawn(process.execPath, [main, ...words], { env: { PATH: process.env.PATH, NO_COLOR: "1", MANDATE_URL: running.url, MANDATE_TOKEN: bootstrapToken } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (said += part.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, said };
}
const asManifest = (amount: number): string => `apiVersion: v1
kind: Policy
metadata: { name: payout-limit }
spec:
  rules:
    - { id: payout-limit, on: "tool:payouts.send", holdUnless: context.input.amount <= ${amount}, because: Large payouts need a person. }
  invariants:
    - { id: large-payouts-wait, on: "tool:payouts.send", heldWhen: context.input.amount > 100, of: carriers }
`;

beforeAll(async () => {
  running = await startTestServer();
  expect((await running.request("POST", "/api/v1/apply", { body: manifest })).status).toBe(200);
}, 60_000);
afterAll(() => running?.close());

describe("does this edit widen access", () => {
  test("a higher limit does, with a call that shows it, under the system that would make it", async () => {
    const { widening } = await check({ rules: rules(100) });
    expect(widening).toMatchObject({ state: "yes", example: { system: "payouts", action: "tool.call", resource: "tool:payouts.send", before: { outcome: "hold", rule: "payout-limit" }, after: { outcome: "allow" } } });
    const amount = Number(widening.example.details.find((one: { path: string }) => one.path === "context.input.amount").value);
    expect(amount).toBeGreaterThan(80);
    expect(amount).toBeLessThanOrEqual(100);
    expect(widening.example.text).toContain("payouts");
  });

  test("a lower one does not, nor does one more rule, nor the same in other words", async () => {
    expect((await check({ rules: rules(50) })).widening).toMatchObject({ state: "no", example: null });
    expect((await check({ rules: [...rules(80), { id: "more", on: "tool:payouts.send", denyUnless: "context.input.amount >= 0" }] })).widening.state).toBe("no");
    expect((await check({ rules: [{ ...rules(80)[0], holdUnless: "!(context.input.amount > 80)" }] })).widening.state).toBe("no");
  });

  test("only what is quick, where somebody is still typing", async () => {
    expect(await check({ rules: rules(100) }, { prove: false })).toMatchObject({ widening: null, invariants: [] });
  });
});

describe("a manifest that changes a policy in force says whether it widens access", () => {
  const applied = async (text: string, query = ""): Promise<{ state: string; example: { text: string } | null } | null> => {
    const answer = await running.request("POST", `/api/v1/apply${query}`, { body: text });
    expect(answer.status, answer.text).toBe(200);
    return answer.body.widening;
  };
  const limited = (amount: number): string => payoutsManifest({ effect: "pays", limit: amount });

  test("a higher limit does, with the call that shows it, before and when it is applied; a lower one does not", async () => {
    expect(await applied(limited(120), "?dryRun=true")).toMatchObject({ state: "yes", example: { text: expect.stringContaining("payouts") } });
    expect(await applied(limited(120))).toMatchObject({ state: "yes", example: { text: expect.stringContaining("payouts") } });
    expect(await applied(limited(80))).toMatchObject({ state: "no", example: null });
  });

  test("taking a policy from a system does; what changes no policy in force is not asked", async () => {
    const freed = manifest.replace("  policies: [policy:payout-limit]\n", "");
    expect(await applied(freed, "?dryRun=true"), "what no system names binds every one").toMatchObject({ state: "no" });
    const other = manifest.slice(manifest.lastIndexOf("---")).replace("name: payouts", "name: refunds").replace("title: Payouts", "title: Refunds");
    expect(await applied(freed + other, "?dryRun=true"), "another carries it, this one no more").toMatchObject({ state: "yes", example: { text: expect.stringContaining("payouts") } });
    expect(await applied(manifest)).toBeNull();
    expect(await applied("apiVersion: v1\nkind: Policy\nmetadata: { name: another }\nspec: { rules: [] }\n", "?dryRun=true")).toBeNull();
  });

  test("the command line says so where it plans and where it applies", async () => {
    const planned = await cli(["plan", "-f", "-"], limited(120));
    expect(planned.code, planned.said).toBe(0);
    expect(planned.said).toContain("Widens access. For example payouts");
    const lowered = await cli(["apply", "-f", "-"], limited(70));
    expect(lowered.said).toContain("Widens nothing");
    expect((await cli(["apply", "-f", "-"], limited(80))).said).toContain("Widens access. For example payouts");
  });
});

describe("invariants", () => {
  test("one that a policy would break keeps it from being published, by API and by manifest, with the call that breaks it", async () => {
    expect((await put("payout-limit", { rules: rules(80), invariants: [large] })).status).toBe(200);
    const checked = await check({ rules: rules(200), invariants: [large] });
    expect(checked.invariants).toMatchObject([{ id: "large-payouts-wait", policy: "payout-limit", state: "refuted", example: { after: { outcome: "allow" } } }]);
    const refused = await put("payout-limit", { rules: rules(200), invariants: [large] });
    expect(refused.status, refused.text).toBe(422);
    expect(refused.body.detail ?? refused.text).toContain("large-payouts-wait");
    const applied = await running.request("POST", "/api/v1/apply", { body: manifest.replace("amount <= 80, because", "amount <= 150, because").replace("person. }\n---", "person. }\n  invariants:\n    - { id: large-payouts-wait, on: tool:payouts.send, heldWhen: context.input.amount > 100, of: carriers }\n---") });
    expect(applied.status, applied.text).toBe(422);
    expect(applied.body.problems[0]).toMatchObject({ field: "spec.invariants[0]", line: expect.any(Number), message: expect.stringContaining("context.input.amount") });
    expect((await running.request("GET", "/api/v1/policies/payout-limit")).body.spec.rules[0].holdUnless).toContain("80");
  });

  test("the same by the command line: exit 1, the call that breaks it, and whether it widens", async () => {
    const checked = await cli(["policy", "check", "payout-limit", "-f", "-"], asManifest(200));
    expect(checked.code, checked.said).toBe(1);
    expect(checked.said).toContain("✕ invariant large-payouts-wait (payout-limit): would not hold. For example payouts");
    expect(checked.said).toContain("! widens access. For example payouts");
    const wider = ["policy", "check", "payout-limit", "-f", "-"];
    expect((await cli(wider, asManifest(90))).code).toBe(0);
    expect((await cli([...wider, "--fail-on-widening"], asManifest(90))).code).toBe(1);
    const applied = await cli(["apply", "-f", "-"], asManifest(200));
    expect(applied.code, applied.said).not.toBe(0);
    expect(applied.said).toContain("large-payouts-wait");
  });

  test("one that stands in another policy keeps a policy from being published, and its keeper from being removed", async () => {
    expect((await put("standing", standing([{ ...large, id: "everybody-waits", of: "everybody" }]))).body.code).toBe("manifest.invalid");
    const kept = { id: "kept", on: "tool:payouts.send", deniedWhen: "context.input.amount > 1000", because: "Nobody pays that much." };
    expect((await put("ceiling", { rules: [{ id: "ceiling", on: "tool:payouts.send", denyUnless: "context.input.amount <= 1000" }] })).status).toBe(200);
    expect((await put("standing", standing([kept]))).status).toBe(200);
    expect((await put("ceiling", { rules: [{ id: "ceiling", on: "tool:payouts.send", denyUnless: "context.input.amount <= 2000" }] })).text).toContain("kept");
    const removed = await running.request("DELETE", "/api/v1/policies/ceiling");
    expect(removed.status, removed.text).toBe(422);
    expect((await running.request("GET", "/api/v1/policies/ceiling")).status).toBe(200);
  });

  test("one whose words no call can meet is a mistake, not a proof", async () => {
    expect((await put("standing", standing([{ id: "typo", on: "data.export", deniedWhen: 'context.data.klasses.contains("health")' }]))).text).toContain("klasses");
    expect((await put("standing", standing([{ id: "both", on: "data.export", deniedWhen: "true", heldWhen: "true" }]))).status).toBe(422);
  });

  test("the guardrails' own are proven for whatever an organization writes", async () => {
    const { items } = (await running.request("GET", "/api/v1/invariants")).body;
    const builtIn = items.filter((one: { policy: string | null }) => one.policy === null);
    expect(builtIn.length).toBeGreaterThan(20);
    expect(builtIn.filter((one: { state: string }) => one.state !== "proven")).toEqual([]);
    expect(items).toContainEqual(expect.objectContaining({ id: "kept", policy: "standing", state: "proven" }));
  });
});
