import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyPack } from "@mandate/ledger";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { Reply, TestServer } from "../testing/running-server.ts";
import { SoftPasskey } from "../testing/soft-passkey.ts";
import { systemActor } from "../context/index.ts";
import { gateRecords, witnessed } from "../gates/testing.ts";
import { statementDigest } from "./open.ts";
import { Somebody } from "../testing/somebody.ts";

let mandate: TestServer;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** `acts` with an irreversible payment is T3; `acts-with-approval` is T2. */
const manifest = (name: string, autonomy: string, leads = "[lea@x.example, tom@x.example, kim@x.example]") => `apiVersion: v1
kind: Group
metadata: { name: leads }
spec: { members: ${leads} }
---
apiVersion: v1
kind: Group
metadata: { name: board }
spec: { members: [helena@x.example, ines@x.example, pieter@x.example], quorum: 2 }
---
apiVersion: v1
kind: Model
metadata: { name: local }
spec: { host: self, protocol: openai, endpoint: "http://localhost:9/v1", region: EEA }
---
apiVersion: v1
kind: Tool
metadata: { name: payouts.send }
spec: { effect: pays, reversible: false, critical: [{ arg: order, type: id }] }
---
apiVersion: v1
kind: Policy
metadata: { name: payout-limit }
spec:
  rules:
    - { id: payout-limit, on: "tool:payouts.send", holdUnless: context.input.amount <= 80, approvers: { group: leads, count: 1, within: 30m }, because: Payouts above 80 need a person., remedies: [{ text: Pay out less. }] }
  tests:
    - { name: large, call: "tool:payouts.send", input: { order: A1, amount: 100 }, expect: hold }
---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: Payouts
  purposes: [{ id: pay, text: Pays customers back. }]
  owners: { business: bea@x.example, technical: tom@x.example }
  audience: internal
  autonomy: ${autonomy}
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  session: { user: token, issuers: [], claims: [], userChannel: clean }
  uses: { models: [model:local], tools: [tool:payouts.send] }
  policies: [policy:payout-limit]
`;

const people = { helena: "authorizing-official", pieter: "legal-reviewer", ines: "security-reviewer", lea: "governance-lead", bea: "business-owner", tom: "technical-owner", kim: "developer" } as const;
type Name = keyof typeof people;
const who = {} as Record<Name, Somebody>;

const root = (method: string, path: string, body?: unknown) => mandate.request(method, `/api/v1${path}`, body === undefined ? {} : { body });
const ok = (reply: Reply): Reply => {
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply;
};
const apply = async (...text: Parameters<typeof manifest>) => ok(await mandate.request("POST", "/api/v1/apply", { body: manifest(...text) }));
const requestOf = async (system: string) => (await root("GET", `/authorizations?system=${system}`)).body.items.find((one: { state: string }) => one.state === "submitted" || one.state === "in_review");
const stateOf = async (system: string) => (await root("GET", `/systems/${system}`)).body;
const refusals = async (approval: string): Promise<Record<string, number>> => {
  const { rows } = await mandate.server.evidence.read((tx) => sql<{ code: string; attempts: number }>`select code, sum(attempts)::int as attempts from approval_refusals where approval_id = ${approval} group by code`.execute(tx));
  return Object.fromEntries(rows.map((row) => [row.code, row.attempts]));
};
const notices = async (thread: string): Promise<{ kind: string; recipients: string[] }[]> =>
  (await mandate.server.evidence.read((tx) => sql<{ kind: string; recipients: string[] }>`select kind, recipients from notifications where thread = ${thread} order by id`.execute(tx))).rows;

interface Evaluated {
  readonly decision: boolean;
  readonly context: { readonly outcome: string; readonly code: string; readonly approval?: { readonly id: string } };
}

const entriesOf = async (type: string, approval: string): Promise<number> => {
  const found = await mandate.server.evidence.read((tx) => sql<{ leaf: Buffer }>`select leaf from evidence_entry where leaf is not null`.execute(tx));
  return found.rows.map((row) => JSON.parse(row.leaf.toString("utf8")) as { type: string; approvals?: string[] }).filter((one) => one.type === type && one.approvals?.includes(approval)).length;
};

let key = "";
let calling = "payouts";
/** After the clock was moved the gateway refuses until the control plane has confirmed its snapshot anew. */
const evaluate = async (input: unknown, ticket?: string): Promise<Evaluated> => {
  for (let tries = 0; ; tries++) {
    const answer = await evaluateOnce(input, ticket);
    if (answer.context !== undefined) return answer as Evaluated;
    expect(tries, JSON.stringify(answer)).toBeLessThan(40);
    await new Promise((done) => setTimeout(done, 100));
  }
};
const evaluateOnce = (input: unknown, ticket?: string) =>
  fetch(`${mandate.gatewayUrl}/access/v1/evaluation`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...(ticket === undefined ? {} : { "x-mandate-approval": ticket }) },
    body: JSON.stringify({ subject: { type: "system", id: calling }, action: { name: "tool.call" }, resource: { type: "tool", id: "payouts.send" }, context: { input, messages: [{ role: "user", content: "Pay order A1 please" }] } }),
  }).then(async (response) => (await response.json()) as Partial<Evaluated>);
const hold = async (amount: number): Promise<string> => {
  const { context } = await evaluate({ order: "A1", amount, reason: "The parcel was late" });
  expect(context).toMatchObject({ outcome: "hold" });
  return context.approval!.id;
};

beforeAll(async () => {
  mandate = await startTestServer();
  for (const [name, role] of Object.entries(people)) ok(await root("POST", "/people", { email: `${name}@x.example`, name, roles: [role] }));
  ok(await root("POST", "/people", { email: "ada@x.example", name: "ada", roles: ["administrator"] }));
  for (const name of Object.keys(people) as Name[]) who[name] = await new Somebody(mandate, `${name}@x.example`).arrive();
  await apply("payouts", "acts");
  key = ok(await root("POST", "/credentials", { system: "payouts", name: "payouts-test", ttl: "8h" })).body.key;
});
afterAll(() => mandate?.close());

describe("a T3 pilot", () => {
  it("is granted by an official's passkey alone: each lie is refused and recorded", async () => {
    const request = await requestOf("payouts");
    const { approval } = request;
    const { helena, lea, pieter } = who;
    expect((await root("GET", `/approvals/${approval}`)).body).toMatchObject({ action: "pilot", statement: { versionDigest: request.versionDigest, tier: "T3", terms: request.terms, authorization: request.id }, approvers: [{ group: "authorizing-official", members: ["helena@x.example"] }] });

    // An API call that skips the page.
    const token = ok(await helena.session.request("POST", "/people/helena@x.example/tokens", { notAfter: new Date(mandate.now() + dayMs).toISOString() })).body.token;
    const skipped = await mandate.request("POST", `/api/v1/authorizations/${request.id}/grant`, { token, body: { reason: "quick" } });
    expect([skipped.status, skipped.body.code]).toEqual([403, "approvals.passkey_required"]);
    expect(skipped.body.remedies[0].url).toBe(`/approve/${approval}`);
    expect((await helena.answer(approval, "approve")).body.code).toBe("approvals.passkey_required");
    expect((await root("POST", `/approvals/${approval}/approve`, { reason: "x" })).body.code).toBe("approvals.not_a_person");
    // Somebody else's role, somebody else's passkey.
    expect((await lea.sign(approval, "approve")).body.code).toBe("approvals.not_routed");
    expect((await helena.sign(approval, "approve", {}, { passkey: pieter.passkey })).body.code).toBe("passkeys.assertion");
    // Another digest, another site, another origin, nobody verified.
    for (const lie of [{ challenge: "0".repeat(64) }, { rpId: "evil.example" }, { origin: "http://localhost:4601" }, { userVerified: false }, { crossOrigin: true }]) {
      expect((await helena.sign(approval, "approve", {}, lie)).body.code).toBe("passkeys.assertion");
    }
    // Back-dated.
    const backDated = await helena.sign(approval, "approve", { signedAt: new Date(mandate.now() - dayMs).toISOString() });
    expect([backDated.status, backDated.body.code]).toEqual([403, "approvals.back_dated"]);

    expect(await refusals(approval)).toMatchObject({ "approvals.passkey_required": 2, "approvals.not_a_person": 1, "approvals.not_routed": 1, "passkeys.assertion": 5, "approvals.back_dated": 1 });
    expect(await stateOf("payouts")).toMatchObject({ lifecycle: "proposed", status: "refused" });

    const granted = ok(await helena.sign(approval, "approve"));
    expect(granted.body).toMatchObject({ state: "approved", signature: { kind: "webauthn", person: "helena@x.example", role: "authorizing-official", rpId: "localhost", origin: "http://localhost:4600" } });
    expect(await stateOf("payouts")).toMatchObject({ lifecycle: "pilot", status: "operating" });
    // Replayed, and the other door after the first.
    expect((await helena.sign(approval, "approve")).body.code).toBe("approvals.decided");
    expect((await helena.session.request("POST", `/authorizations/${request.id}/deny`, { reason: "changed my mind" })).status).toBe(409);
    expect(await notices(approval)).toMatchObject([{ kind: "approval.asked", recipients: ["helena@x.example"] }]);
  });

  it("records so many attempts of one kind and no more", async () => {
    const id = await hold(1000);
    for (let at = 0; at < 12; at++) await who.lea.answer(id, "approve");
    expect(await refusals(id)).toEqual({ "approvals.passkey_required": 5 });
  });
});

describe("a held call at T3", () => {
  it("passes once after a passkey's yes; other arguments, another question's signature and a second use are refused and recorded", async () => {
    const [first, second] = [await hold(100), await hold(200)];
    const { lea } = who;
    const shown = (await lea.session.request("GET", `/approvals/${first}`)).body;
    expect(shown).toMatchObject({ mayDecide: true, method: "passkey", passkeyRequired: true, passkey: { rpId: "localhost", credentialIds: [lea.passkey.id] }, claim: "The parcel was late", input: { amount: 100 } });
    expect(shown.checks.some((one: { outcome: string }) => one.outcome === "unknown")).toBe(true);
    const other = (await lea.session.request("GET", `/approvals/${second}`)).body;
    // Who saw the arguments is an entry, once a person and question; whoever may not see them leaves none.
    for (let at = 0; at < 3; at++) await lea.session.request("GET", `/approvals/${first}`);
    await who.pieter.session.request("GET", `/approvals/${first}`);
    const { rows } = await mandate.server.evidence.read((tx) => sql<{ person_id: string }>`select person_id from approval_reads where approval_id = ${first}`.execute(tx));
    expect(rows).toHaveLength(1);
    expect(await entriesOf("evidence.read", first)).toBe(1);
    expect((await lea.sign(first, "approve", {}, { challenge: other.digest })).body.code).toBe("passkeys.assertion");
    ok(await lea.sign(first, "approve"));
    expect((await evaluate({ order: "A1", amount: 999, reason: "The parcel was late" }, first)).decision).toBe(false);
    expect((await evaluate({ order: "A1", amount: 100, reason: "The parcel was late" }, first)).decision).toBe(true);
    expect((await evaluate({ order: "A1", amount: 100, reason: "The parcel was late" }, first)).decision).toBe(false);
    expect(await refusals(first)).toMatchObject({ "approvals.other_call": 1, "approvals.spent": 1, "passkeys.assertion": 1 });
    expect(ok(await lea.sign(second, "refuse")).body).toMatchObject({ state: "refused", statement: { choice: "refuse" }, signature: { kind: "webauthn", choice: "refuse" } });
    expect((await evaluate({ order: "A1", amount: 200, reason: "The parcel was late" }, second)).decision).toBe(false);
  });

  it("answered by two at the same instant is decided once, and spent once of two repeats", async () => {
    const id = await hold(250);
    const both = await Promise.all([who.lea.sign(id, "approve"), who.kim.sign(id, "approve")]);
    expect(both.map((one) => one.status).toSorted()).toEqual([200, 409]);
    const call = () => evaluate({ order: "A1", amount: 250, reason: "The parcel was late" }, id);
    expect((await Promise.all([call(), call()])).map((one) => one.decision).toSorted()).toEqual([false, true]);
  });

  it("can't be answered at a moment before it was asked: a clock set back refuses", async () => {
    const id = await hold(260);
    mandate.advance(-minuteMs);
    const early = await who.lea.sign(id, "approve");
    mandate.advance(minuteMs);
    expect([early.status, early.body.code]).toEqual([403, "approvals.back_dated"]);
    expect((await who.lea.sign(id, "refuse")).status).toBe(200);
  });

  it("can't be approved by a lead who stopped being one, and a passkey's signature over the no is never a yes", async () => {
    const id = await hold(300);
    await apply("payouts", "acts", "[tom@x.example, kim@x.example]");
    const refused = await who.lea.sign(id, "approve");
    expect([refused.status, refused.body.code]).toEqual([403, "approvals.role_ended"]);
    await apply("payouts", "acts");
    const { refuseDigest } = (await who.lea.session.request("GET", `/approvals/${id}`)).body;
    expect((await who.lea.sign(id, "approve", {}, { challenge: refuseDigest })).body.code).toBe("passkeys.assertion");
    expect(await refusals(id)).toMatchObject({ "approvals.role_ended": 1, "passkeys.assertion": 1 });
  });

  it("lapses by the clock: a late answer is refused, without any job; the job only tells of it", async () => {
    const id = await hold(400);
    mandate.advance(16 * minuteMs);
    await mandate.server.jobs.runAll();
    mandate.advance(10 * minuteMs);
    await mandate.server.jobs.runAll();
    await mandate.server.jobs.runAll();
    expect((await notices(id)).map((one) => one.kind)).toEqual(["approval.asked", "approval.reminder", "approval.reminder"]);
    mandate.advance(5 * minuteMs);
    expect((await who.lea.sign(id, "approve")).body.code).toBe("approvals.decided");
    expect((await root("GET", `/approvals/${id}`)).body.state).toBe("lapsed");
    await mandate.server.jobs.runAll();
    expect((await evaluate({ order: "A1", amount: 400, reason: "The parcel was late" }, id)).decision).toBe(false);
  });
});

describe("a passkey that is new", () => {
  it("signs nothing at T2 or above for 24 hours", async () => {
    const { kim } = who;
    const second = new SoftPasskey();
    const added = await kim.session.addPasskey(second, kim.passkey);
    expect(added.status, added.text).toBe(201);
    const id = await hold(500);
    const cooling = await kim.sign(id, "approve", {}, { passkey: second });
    expect([cooling.status, cooling.body.code]).toEqual([403, "approvals.passkey_cooling"]);
    expect(await refusals(id)).toMatchObject({ "approvals.passkey_cooling": 1 });
  });
});

describe("a copied passkey", () => {
  it("whose counter goes backward is refused, blocked, and signs nothing more", async () => {
    const { lea } = who;
    ok(await lea.sign(await hold(600), "approve", {}, { counter: 900 }));
    const id = await hold(601);
    const behind = await lea.sign(id, "approve", {}, { counter: 3 });
    expect([behind.status, behind.body.code]).toEqual([403, "passkeys.counter"]);
    expect((await lea.sign(id, "approve", {}, { counter: 901 })).body.code).toBe("passkeys.counter");
    expect(await refusals(id)).toMatchObject({ "passkeys.counter": 2 });
  });
});

describe("T3 production", () => {
  it("takes official and legal, two people, neither the requester; a change of the system voids what was signed", async () => {
    const { helena, pieter, bea } = who;
    const early = await helena.session.request("POST", "/systems/payouts/promote", { reason: "ready" });
    expect([early.status, early.body.code]).toEqual([409, "gate.unmet"]);
    ok(await mandate.request("POST", "/api/v1/apply", { body: gateRecords("payouts", ["bea@x.example", "tom@x.example"]) }));
    await witnessed(mandate.server.contexts.quiet(systemActor("test")));
    for (const verb of ["suspend", "resume"]) ok(await root("POST", `/systems/payouts/${verb}`, { reason: "stop drill" }));
    ok(await helena.session.request("POST", "/systems/payouts/promote", { reason: "ready" }));
    const own = (await requestOf("payouts")).approval;
    expect((await helena.sign(own, "approve")).body.code).toBe("approvals.own_request");
    expect((await helena.session.request("GET", `/approvals/${own}`)).body).toMatchObject({ mayDecide: false, cannotBecause: expect.stringContaining("accountable") });
    expect(await refusals(own)).toMatchObject({ "approvals.own_request": 1 });
    ok(await bea.session.request("POST", `/authorizations/${(await requestOf("payouts")).id}/submit`, { reason: "hers" }));
    const { approval, id } = await requestOf("payouts");
    expect(approval).not.toBe(own);
    ok(await pieter.sign(approval, "approve"));
    expect((await root("GET", `/authorizations/${id}`)).body).toMatchObject({ state: "in_review", needs: ["authorizing-official"] });
    expect((await pieter.sign(approval, "approve")).body.code).toBe("approvals.answered");
    // Class C in between: what was shown isn't there any more.
    await mandate.request("POST", "/api/v1/apply", { body: manifest("payouts", "acts").replace("sensitivity: internal, regions", "sensitivity: confidential, regions") });
    const stale = await helena.sign(approval, "approve");
    expect(stale.status).toBe(409);
    await apply("payouts", "acts");
    // The other door to the same command.
    const conditions = [{ metric: "complaints", threshold: 3, due: new Date(mandate.now() + 30 * 86_400_000).toISOString(), consequence: "reassess" }];
    const shown = (await root("GET", `/approvals/${approval}`)).body;
    const grant = (digest: string): Promise<Reply> => {
      const assertion = helena.passkey.assert(Buffer.from(digest, "hex"));
      const { authenticatorData, clientDataJSON, signature } = assertion.response;
      return helena.session.request("POST", `/authorizations/${id}/grant`, { reason: "fit", conditions, webauthn: { credentialId: assertion.id, authenticatorData, clientDataJSON, signature } });
    };
    // A yes without conditions isn't a yes under conditions: what is signed holds them.
    expect((await grant(shown.digest)).body.code).toBe("passkeys.assertion");
    const granted = ok(await grant(statementDigest({ ...shown.statement, conditions })));
    expect((await root("GET", `/approvals/${approval}`)).body).toMatchObject({ statement: { conditions }, facts: expect.arrayContaining([{ label: "condition", value: expect.stringContaining("complaints at most 3") }]) });
    expect(granted.body).toMatchObject({ state: "granted_with_conditions", approvers: [{ role: "legal-reviewer" }, { role: "authorizing-official" }] });
    expect(await stateOf("payouts")).toMatchObject({ lifecycle: "production", authorization: { state: "granted_with_conditions" } });
  });
});

describe("a T2 question", () => {
  it("takes a token, and no longer once its system is T3", async () => {
    await apply("payouts-two", "acts-with-approval");
    const { approval } = await requestOf("payouts-two");
    expect((await root("GET", `/approvals/${approval}`)).body.tier).toBe("T2");
    const inside = mandate.server.contexts.quiet({ kind: "system", id: "test", email: null, roles: [], proof: "internal" });
    await inside.transact(async (tx, record) => {
      await sql`update system_states set tier = 'T3' where system = 'payouts-two'`.execute(tx);
      record({ type: "tier", system: "payouts-two", payload: { tier: "T3" } });
    });
    const refused = await who.bea.answer(approval, "approve");
    expect([refused.status, refused.body.code]).toEqual([403, "approvals.passkey_required"]);
    await inside.transact(async (tx, record) => {
      await sql`update system_states set tier = 'T2' where system = 'payouts-two'`.execute(tx);
      // A lowered tier in the row alone: the statement that would be signed says otherwise.
      await sql`update approvals set tier = 'T0', statement = jsonb_set(statement, '{tier}', '"T0"') where id = ${approval}`.execute(tx);
      record({ type: "tier", system: "payouts-two", payload: { tier: "T2" } });
    });
    expect((await who.bea.answer(approval, "approve")).body.code).toBe("approvals.altered");
    await inside.transact(async (tx, record) => {
      await sql`update approvals set tier = 'T2', statement = jsonb_set(statement, '{tier}', '"T2"'), requester = 'nobody@x.example' where id = ${approval}`.execute(tx);
      record({ type: "tier", system: "payouts-two", payload: {} });
    });
    // Another requester in the row alone, so that the true one could answer.
    expect((await who.bea.answer(approval, "approve")).body.code).toBe("approvals.altered");
    await inside.transact(async (tx, record) => {
      await sql`update approvals set requester = statement->>'requester', expires_at = expires_at + interval '1 day' where id = ${approval}`.execute(tx);
      record({ type: "tier", system: "payouts-two", payload: {} });
    });
    // A later end in the row alone.
    expect((await who.bea.answer(approval, "approve")).body.code).toBe("approvals.altered");
    expect(await refusals(approval)).toMatchObject({ "approvals.passkey_required": 1, "approvals.altered": 3 });
    await inside.transact(async (tx, record) => {
      await sql`update approvals set expires_at = (statement->>'end')::timestamptz where id = ${approval}`.execute(tx);
      record({ type: "tier", system: "payouts-two", payload: {} });
    });
    expect(ok(await who.bea.answer(approval, "approve")).body).toMatchObject({ state: "approved", signature: { kind: "token" } });
  });
});

describe("a delegation", () => {
  it("is one's own, dated, never to an administrator, and reaches T3 only once signed; the signature names both", async () => {
    const { helena, ines, kim, bea } = who;
    const in5 = () => new Date(mandate.now() + 5 * dayMs).toISOString();
    expect((await helena.session.request("POST", "/delegations", { to: "ada@x.example", reason: "leave", ends: in5() })).body.code).toBe("delegations.administrator");
    expect((await helena.session.request("POST", "/delegations", { to: "helena@x.example", reason: "leave", ends: in5() })).body.code).toBe("delegations.oneself");
    expect((await helena.session.request("POST", "/delegations", { to: "kim@x.example", reason: "leave", ends: new Date(mandate.now() + 200 * dayMs).toISOString() })).body.code).toBe("delegations.period");
    expect((await root("POST", "/delegations", { to: "kim@x.example", reason: "leave", ends: in5() })).status).toBe(403);
    const made = ok(await helena.session.request("POST", "/delegations", { to: "ines@x.example", reason: "On leave", ends: in5() })).body;
    expect(made).toMatchObject({ state: "active", signed: false, from: "helena@x.example", to: "ines@x.example" });

    await apply("payouts-three", "acts");
    const asked = await requestOf("payouts-three");
    expect((await ines.sign(asked.approval, "approve")).body.code).toBe("approvals.not_routed");
    expect((await ines.sign(made.approval, "approve")).status).toBe(403);
    ok(await helena.sign(made.approval, "approve"));
    // Never for the requester.
    ok(await ines.session.request("POST", `/authorizations/${asked.id}/submit`, { reason: "mine" }));
    expect((await ines.sign((await requestOf("payouts-three")).approval, "approve")).body.code).toBe("approvals.own_request");
    ok(await helena.session.request("POST", `/authorizations/${asked.id}/submit`, { reason: "the absent one's" }));
    expect((await ines.sign((await requestOf("payouts-three")).approval, "approve")).body.code).toBe("approvals.not_routed");
    ok(await bea.session.request("POST", `/authorizations/${asked.id}/submit`, { reason: "hers" }));
    const { approval } = await requestOf("payouts-three");
    expect((await kim.sign(approval, "approve")).body.code).toBe("approvals.not_routed");
    const decided = ok(await ines.sign(approval, "approve")).body;
    expect(decided).toMatchObject({ state: "approved", signature: { person: "ines@x.example", onBehalfOf: "helena@x.example", delegation: made.id, role: "authorizing-official" } });
    expect((await root("GET", "/delegations")).body.items[0]).toMatchObject({ id: made.id, state: "active" });
    ok(await ines.session.request("DELETE", `/delegations/${made.id}`));
    expect((await root("GET", "/delegations")).body.items[0]).toMatchObject({ id: made.id, state: "ended" });
    const brief = ok(await bea.session.request("POST", "/delegations", { to: "kim@x.example", reason: "An hour", ends: new Date(mandate.now() + minuteMs).toISOString() })).body;
    expect(brief).toMatchObject({ state: "active", approval: null });
    mandate.advance(minuteMs);
    expect((await root("GET", "/delegations")).body.items[0]).toMatchObject({ id: brief.id, state: "ended" });
  });
});

describe("a committee", () => {
  it("appointed by an official decides by quorum with minutes and dissent; a changed group decides nothing", async () => {
    const { helena, ines, pieter, bea } = who;
    expect((await root("POST", "/committees", { group: "leads", reason: "try" })).body.code).toBe("approvals.no_committee");
    const { approval: appointment } = ok(await bea.session.request("POST", "/committees", { group: "board", reason: "The board decides T3" })).body;
    expect((await bea.answer(appointment, "approve")).status).toBe(403);
    ok(await helena.sign(appointment, "approve"));
    expect((await root("GET", "/committees")).body.items[0]).toMatchObject({ group: "board", quorum: 2, members: ["helena@x.example", "ines@x.example", "pieter@x.example"] });

    await apply("payouts-four", "acts");
    const { approval } = await requestOf("payouts-four");
    ok(await ines.sign(approval, "refuse"));
    expect((await root("GET", `/approvals/${approval}`)).body.state).toBe("pending");
    const without = await pieter.sign(approval, "refuse");
    expect(without.body.code).toBe("approvals.minutes_missing");
    const decided = ok(await pieter.sign(approval, "refuse", { minutes: "Met on 23 November. Ines and Pieter saw no oversight plan." })).body;
    expect(decided).toMatchObject({ state: "refused", minutes: expect.stringContaining("oversight plan"), signatures: [{ person: "ines@x.example", choice: "refuse" }, { person: "pieter@x.example", role: "committee board" }] });

    await apply("payouts-five", "acts");
    const second = (await requestOf("payouts-five")).approval;
    ok(await mandate.request("POST", "/api/v1/apply", { body: "apiVersion: v1\nkind: Group\nmetadata: { name: board }\nspec: { members: [helena@x.example, kim@x.example, pieter@x.example], quorum: 2 }\n" }));
    expect((await who.kim.sign(second, "approve")).body.code).toBe("approvals.not_routed");
    expect((await pieter.sign(second, "approve")).body.code).toBe("approvals.role_ended");
  });
});

describe("a person who leaves", () => {
  it("takes along the yes that wasn't used yet, and what they had asked for", async () => {
    // Production takes no gateway key at T3, so a pilot calls.
    calling = "payouts-three";
    key = ok(await root("POST", "/credentials", { system: calling, name: "pilot-key", ttl: "8h" })).body.key;
    const id = await hold(700);
    ok(await who.kim.sign(id, "approve"));
    await apply("payouts-six", "acts");
    ok(await who.tom.session.request("POST", `/authorizations/${(await requestOf("payouts-six")).id}/submit`, { reason: "his" }));
    ok(await root("DELETE", "/people/kim@x.example"));
    expect((await evaluate({ order: "A1", amount: 700, reason: "The parcel was late" }, id)).decision).toBe(false);
    // He owns the system as well, so its keys end with him.
    ok(await root("DELETE", "/people/tom@x.example"));
    const asked = await who.helena.sign((await requestOf("payouts-six")).approval, "approve");
    expect([asked.status, asked.body.code]).toEqual([409, "approvals.decided"]);
  });
});

describe("two administrators who take over an official's account", () => {
  it("approve nothing with the passkey they put there: not at T3, not at T2, and it is recorded", async () => {
    ok(await root("POST", "/people", { email: "otto@x.example", name: "otto", roles: ["administrator"] }));
    const ada = await new Somebody(mandate, "ada@x.example").arrive();
    const otto = await new Somebody(mandate, "otto@x.example").arrive();
    const { approval: reset } = ok(await ada.session.request("POST", "/people/helena@x.example/passkey-reset", { reason: "Lost the phone" })).body;
    ok(await otto.sign(reset, "approve"));
    const takenOver = new Somebody(mandate, "helena@x.example");
    ok(await takenOver.session.arrive("helena@x.example"));
    ok(await takenOver.session.addPasskey(takenOver.passkey));
    const { approval } = await requestOf("payouts-five");
    const refused = await takenOver.sign(approval, "approve");
    expect([refused.status, refused.body.code]).toEqual([403, "approvals.passkey_cooling"]);
    expect((await takenOver.answer(approval, "approve")).body.code).toBe("approvals.minted_token");
    expect(await refusals(approval)).toMatchObject({ "approvals.passkey_cooling": 1, "approvals.minted_token": 1 });
    expect(await stateOf("payouts-five")).toMatchObject({ lifecycle: "proposed" });
  });
});

describe("the evidence", () => {
  it("holds each signature and each refused attempt, and the pack verifies offline", async () => {
    const response = await fetch(`${mandate.url}/api/v1/evidence/packs`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${bootstrapToken}` }, body: "{}" });
    const pack = new Uint8Array(await response.arrayBuffer());
    const result = await verifyPack(pack);
    expect(result.problems).toEqual([]);
    expect(result.approvals).toBeGreaterThanOrEqual(8);
    const disclosed = await fetch(`${mandate.url}/api/v1/evidence/packs`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${bootstrapToken}` }, body: JSON.stringify({ disclose: "test of the approvals" }) });
    expect((await verifyPack(new Uint8Array(await disclosed.arrayBuffer()))).problems).toEqual([]);
  });

  it("counts latency and yes-rate", async () => {
    const metrics = ok(await root("GET", "/approval-metrics")).body;
    expect(metrics.asked).toBe(metrics.approved + metrics.refused + metrics.lapsed + metrics.pending);
    expect(metrics.people.find((one: { person: string }) => one.person === "helena@x.example")).toMatchObject({ yesRate: 1 });
  });
});
