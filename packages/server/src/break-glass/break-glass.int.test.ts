import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
const tokens = new Map<string, string>();
const api = async (method: string, path: string, body?: unknown, who?: string) => mandate.request(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), ...(who === undefined ? {} : { token: tokens.get(who)! }) });
const person = async (name: string, ...roles: string[]): Promise<void> => {
  const email = `${name}@halden.example`;
  await api("POST", "/people", { email, name, roles });
  const made = await api("POST", `/people/${email}/tokens`, { notAfter: new Date(mandate.now() + 30 * 86_400_000).toISOString() });
  tokens.set(name, made.body.token);
  // First use takes the invitation.
  expect((await api("GET", "/session", undefined, name)).status).toBe(200);
};

const manifest = `apiVersion: v1
kind: AISystem
metadata: { name: refunds-desk }
spec:
  title: Refunds desk
  purposes: [{ id: refunds, text: Refunds customers. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [payment], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { tools: [tool:refunds.issue, tool:ledger.wipe] }
  policies: [policy:refund-limit]
---
apiVersion: v1
kind: Tool
metadata: { name: refunds.issue }
spec: { effect: pays, reversible: false, critical: [{ arg: order, type: id }], input: { type: object, properties: { order: { type: string }, amount: { $ref: "mandate:money" } } } }
---
apiVersion: v1
kind: Tool
metadata: { name: ledger.wipe }
spec: { effect: writes, reversible: true, input: { type: object, properties: { note: { type: string } } } }
---
apiVersion: v1
kind: Policy
metadata: { name: refund-limit }
spec:
  rules:
    - id: no-large-refund
      on: tool:refunds.issue
      denyUnless: context.input.amount.currency == "EUR" && context.input.amount.value.lessThanOrEqual(decimal("80.00"))
      because: Refunds above €80 aren't made by machine.
      remedies: [{ text: A refund of €80 or less needs no approval. }]
  tests:
    - { name: small, call: tool:refunds.issue, input: { order: A1, amount: { value: "40.00", currency: EUR } }, expect: allow }
`;

const ask = async (value: string) =>
  (
    await mandate.request("POST", "/access/v1/evaluation", {
      body: {
        subject: { type: "system", id: "refunds-desk" },
        action: { name: "tool.call" },
        resource: { type: "tool", id: "refunds.issue" },
        context: { input: { order: "A1", amount: { value, currency: "EUR" } }, messages: [{ role: "user", content: `Refund order A1 with ${value} euros.` }] },
      },
    })
  ).body.context as { outcome: string; rule: string; reason: string };

const plan = (changes: Record<string, unknown> = {}) => ({
  name: "payments-down",
  systems: ["refunds-desk"],
  rules: ["no-large-refund", "untrusted-session"],
  people: ["tom@halden.example", "sam@halden.example"],
  minutes: 60,
  reason: "The payment desk is closed at night.",
  compensating: "Each refund is called back within a day.",
  ends: new Date(mandate.now() + 90 * 86_400_000).toISOString(),
  ...changes,
});
const act = (verb: string, who: string, name = "payments-down") => api("POST", `/break-glass/${name}/${verb}`, { reason: "The provider is down and people wait." }, who);

beforeAll(async () => {
  mandate = await startTestServer();
  await person("bea", "business-owner");
  await person("tom", "technical-owner");
  await person("sam", "security-reviewer");
  await person("kim", "governance-lead");
  await person("olivia", "authorizing-official");
  expect((await mandate.request("POST", "/api/v1/apply", { body: manifest })).status).toBe(200);
  const pilot = (await api("GET", "/approvals?state=pending", undefined, "bea")).body.items.find((one: { statement: { action: string } }) => one.statement.action === "pilot");
  expect((await api("POST", `/approvals/${pilot.id}/approve`, { reason: "Accepted." }, "bea")).status).toBe(200);
});
afterAll(() => mandate?.close());

describe("break-glass", () => {
  it("lifts nothing before an official approved it and two named people used it, then at once, then not any more", async () => {
    const registered = await api("POST", "/break-glass", plan(), "kim");
    expect(registered.status, registered.text).toBe(201);
    expect((await ask("200.00")).outcome).toBe("deny");
    expect((await act("start", "tom")).body.code, "not approved yet").toBe("break_glass.state");
    expect((await api("POST", `/approvals/${registered.body.approval}/approve`, { reason: "Needed at night." }, "kim")).status, "who asked").toBe(403);
    const approved = await api("POST", `/approvals/${registered.body.approval}/approve`, { reason: "Needed at night." }, "olivia");
    expect(approved.status, approved.text).toBe(200);
    expect((await act("confirm", "sam")).body.code, "nobody started it").toBe("break_glass.state");
    expect((await act("start", "tom")).status).toBe(200);
    expect((await ask("200.00")).outcome, "one person lifts nothing").toBe("deny");
    expect((await act("confirm", "tom")).body.code).toBe("break_glass.same_person");
    expect((await act("confirm", "kim")).body.code).toBe("break_glass.not_named");
    const opened = await act("confirm", "sam");
    expect(opened.body).toMatchObject({ state: "open" });
    expect(await ask("200.00")).toMatchObject({ outcome: "allow", rule: "break-glass:payments-down", reason: expect.stringContaining("no-large-refund") });
    mandate.advance(60 * 60_000);
    // An hour without news refuses everything; a fresh snapshot shows what the clock alone has ended.
    await mandate.server.publisher.refresh();
    expect((await ask("200.00")).outcome, "it ends at the call").toBe("deny");
  });

  it("is loud: a finding opens until somebody who wasn't part of it reviews it", async () => {
    const found = async () => ((await api("GET", "/findings?limit=100")).body.items as { cause: string; state: string }[]).filter((one) => one.cause === "break_glass" && one.state === "open").length;
    expect(await found()).toBe(1);
    const [{ uses }] = (await api("GET", "/break-glass")).body.items;
    expect((await api("POST", `/break-glass/payments-down/uses/${uses[0].id}/review`, { reason: "Fine by me." }, "sam")).body.code).toBe("break_glass.own_use");
    const reviewed = await api("POST", `/break-glass/payments-down/uses/${uses[0].id}/review`, { reason: "One refund, called back." }, "kim");
    expect(reviewed.body.uses[0]).toMatchObject({ reviewedBy: "kim@halden.example", review: "One refund, called back." });
    expect(await found()).toBe(0);
  });

  it("is stopped by anyone who may stop a system, and can't be used again while a review is overdue", async () => {
    await act("start", "sam");
    await act("confirm", "tom");
    expect((await ask("200.00")).outcome).toBe("allow");
    expect((await act("close", "bea")).status).toBe(200);
    expect((await ask("200.00")).outcome).toBe("deny");
    mandate.advance(3 * 86_400_000 + 1000);
    await mandate.server.publisher.refresh();
    expect((await act("start", "tom")).body.code).toBe("break_glass.review_overdue");
  });

  it("never names what keeps a guarantee, lasts over four hours, or leaves it to one person", async () => {
    for (const rule of ["secrets-never-leave", "prohibited-practice", "live-authorization", "classes-within-boundary", "system-suspended"]) {
      expect((await api("POST", "/break-glass", plan({ name: "more", rules: [rule] }), "kim")).body.code, rule).toBe("break_glass.not_liftable");
    }
    expect((await api("POST", "/break-glass", plan({ name: "more", minutes: 241 }), "kim")).status).toBe(400);
    expect((await api("POST", "/break-glass", plan({ name: "more", people: ["tom@halden.example", "TOM@halden.example"] }), "kim")).body.code).toBe("break_glass.people");
    expect((await api("POST", "/break-glass", plan({ name: "more" }))).status, "an administrator registers none").toBe(403);
  });

  it("doesn't outlast a suspension: the kill switch is stronger", async () => {
    await api("POST", "/break-glass", plan({ name: "second" }), "kim");
    const { approval } = (await api("GET", "/break-glass")).body.items.find((one: { name: string }) => one.name === "second");
    await api("POST", `/approvals/${approval}/approve`, { reason: "Needed." }, "olivia");
    await act("start", "tom", "second");
    await act("confirm", "sam", "second");
    expect((await ask("200.00")).outcome).toBe("allow");
    expect((await api("POST", "/systems/refunds-desk/suspend", { reason: "Something is wrong." }, "bea")).status).toBe(200);
    expect(await ask("200.00")).toMatchObject({ outcome: "deny" });
  });
});
