import { expect } from "vitest";
import { startTestServer } from "./running-server.ts";
import type { TestServer } from "./running-server.ts";

/** Parts of the manifest that a test is about; the rest is as ever. */
export interface PayoutsParts {
  /** Above it a person decides. */
  readonly limit?: number;
  /** More of the rule, such as its approvers. */
  readonly rule?: string;
  /** The policy's own tests, one line of YAML each. */
  readonly tests?: readonly string[];
  readonly effect?: "writes" | "pays";
  readonly reversible?: boolean;
  readonly autonomy?: "suggests" | "acts";
  readonly endpoint?: string;
  /** Tools beside payouts.send: name and spec. */
  readonly tools?: Readonly<Record<string, string>>;
  /** Of the owners' addresses. */
  readonly domain?: string;
}

/** A system that pays customers back, and a rule by which large payouts wait for a person. */
export function payoutsManifest(parts: PayoutsParts = {}): string {
  const { limit = 80, rule = "because: Large payouts need a person.", tests = [], effect = "writes", reversible = true, autonomy = "suggests", endpoint = "http://localhost:9", tools = {}, domain = "x.example" } = parts;
  return `apiVersion: v1
kind: Model
metadata: { name: local }
spec: { host: self, protocol: openai, endpoint: "${endpoint}/v1", region: EEA }
---
apiVersion: v1
kind: Tool
metadata: { name: payouts.send }
spec: { effect: ${effect}, reversible: ${reversible}, critical: [{ arg: order, type: id }], input: { type: object, properties: { order: { type: string }, amount: { type: integer } } } }
---
${Object.entries(tools).map(([name, spec]) => `apiVersion: v1\nkind: Tool\nmetadata: { name: ${name} }\nspec: ${spec}\n---\n`).join("")}apiVersion: v1
kind: Policy
metadata: { name: payout-limit }
spec:
  rules:
    - { id: payout-limit, on: "tool:payouts.send", holdUnless: context.input.amount <= ${limit}, ${rule} }
${tests.length === 0 ? "" : `  tests:\n${tests.map((one) => `    - ${one}\n`).join("")}`}---
apiVersion: v1
kind: AISystem
metadata: { name: payouts }
spec:
  title: Payouts
  purposes: [{ id: pay, text: Pays customers back. }]
  owners: { business: bea@${domain}, technical: tom@${domain} }
  audience: internal
  autonomy: ${autonomy}
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  session: { user: token, issuers: [], claims: [], userChannel: clean }
  uses: { models: [model:local], tools: [${["payouts.send", ...Object.keys(tools)].map((name) => `tool:${name}`).join(", ")}] }
  policies: [policy:payout-limit]
`;
}

/** One AuthZEN question a payout, each asked for by the user. */
export function payoutQuestions(amounts: readonly number[]): (object & { readonly context: object })[] {
  return amounts.map((amount, at) => ({
    subject: { type: "system", id: "payouts" },
    action: { name: "tool.call" },
    resource: { type: "tool", id: "payouts.send" },
    context: { input: { order: `A${at}`, amount }, messages: [{ role: "user", content: `Pay order A${at} please` }] },
  }));
}

/** A server with the system in its pilot, and a key of it. */
export async function startPayouts(manifest: string, masterKey: Uint8Array): Promise<{ readonly running: TestServer; readonly key: string }> {
  const running = await startTestServer({}, { masterKey });
  const applied = await running.request("POST", "/api/v1/apply", { body: manifest });
  expect(applied.status, applied.text).toBe(200);
  const minted = await running.request("POST", "/api/v1/people/bea@x.example/tokens", { body: { notAfter: new Date(running.now() + 3_600_000).toISOString() } });
  const [pilot] = (await running.request("GET", "/api/v1/approvals?state=pending", { token: minted.body.token })).body.items;
  if (pilot !== undefined) expect((await running.request("POST", `/api/v1/approvals/${pilot.id}/approve`, { token: minted.body.token, body: { reason: "A pilot." } })).status).toBe(200);
  const made = await running.request("POST", "/api/v1/credentials", { body: { system: "payouts", name: "key", ttl: "8h" } });
  expect(made.status, made.text).toBeLessThan(300);
  return { running, key: made.body.key };
}
