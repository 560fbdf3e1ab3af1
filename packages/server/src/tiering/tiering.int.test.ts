import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import { decideApproval } from "../approvals/index.ts";
import { getSystem, listAuthorizations, grantAuthorization, promoteSystem, reconcile, sampleAttestations } from "../authorization/index.ts";
import { bootstrap, concierge, helper, openTestRegister, person } from "../authorization/testing.ts";
import { closeFinding, dismissFinding, listFindings } from "../findings/index.ts";
import { gateRecords, witnessed } from "../gates/testing.ts";
import type { Actor, CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { importRows } from "./import.ts";
import { overrideTier } from "./override.ts";
import { organizationTerms, proposeOwnRules } from "./own-rules.ts";
import { reviewTiers } from "./review.ts";
import { similarSystems } from "./similar.ts";
import { readTier } from "./view.ts";

const day = 86_400_000;
let register: Awaited<ReturnType<typeof openTestRegister>>;
let as: (actor: Actor) => CommandContext<Tx>;
let root: CommandContext<Tx>;
const ann = person("ann@x.example");
const lead = person("lea@x.example", "governance-lead");
const full = "{ prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: informs, reversibility: yes, vulnerable: false, publicBody: false, euNexus: true }";

beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());
beforeEach(async () => {
  as = await register.organization();
  root = as(bootstrap);
  register.entries.length = 0;
});

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(() => undefined, (caught: unknown) => caught);
  expect(error).toBeInstanceOf(AppError);
  return (error as AppError).code;
};
const tierView = (name = "helper") => root.read((tx) => readTier(tx, root.org, name, register.clock.now));
const inDays = (days: number): string => new Date(register.clock.now + days * day).toISOString();
const answer = (by: Actor, id: string) => decideApproval(as(by), id, { choice: "approve", reason: "looked at it" }, register.decisions(as(by)));
const sawCall = (resource: string, parts: { action?: string; outcome?: string; approval?: string; tools?: unknown; id?: string } = {}) =>
  register.db.transaction(root.org, (tx) => sql`insert into decision (org, id, at, outcome, reason, system, action, resource, surface, approval, policy_version, register_version, terminal, tools)
    values (${root.org}, ${parts.id ?? `dec_${crypto.randomUUID()}`}, ${new Date(register.clock.now)}, ${parts.outcome ?? "allow"}, '', 'helper', ${parts.action ?? "tool.call"}, ${resource}, 'mcp', ${parts.approval ?? null}, 'p', 1, 'done', ${JSON.stringify(parts.tools ?? [])}::jsonb)`.execute(tx));
const review = async () => reviewTiers({ db: register.db, org: root.org, ctx: root, quiet: root, follow: reconcile }).run();

describe("a determination", () => {
  it("is kept with every reason, each answer's author and date, and its hash in the log", async () => {
    await register.apply(as(ann), helper());
    const tier = await tierView();
    expect(tier).toMatchObject({ tier: "T0", reasons: [{ rule: "R99", cite: ["MAP 1.5"] }], history: [{ seq: 1, by: "ann@x.example" }] });
    expect(tier.inputs.find((one) => one.input === "prohibited")).toMatchObject({ source: "answered", by: "ann@x.example" });
    expect(tier.inputs.find((one) => one.input === "vulnerable")).toMatchObject({ source: "unanswered", by: null });
    expect(register.entries.find((entry) => entry.type === "tier")).toMatchObject({ commits: tier.digest, payload: { tier: "T0", digest: tier.digest } });
  });

  it("names who changed an answer, whatever the manifest says of itself", async () => {
    await register.apply(as(ann), helper({ intake: "{ prohibited: [], annex3: [], answeredBy: someone-else }" }));
    await register.apply(as(person("ben@x.example")), helper({ intake: "{ prohibited: [], annex3: [ANX-III.4.a], answeredBy: ann@x.example }" }));
    const { inputs, tier, history } = await tierView();
    expect(inputs.find((one) => one.input === "annex3")?.by).toBe("ben@x.example");
    expect(inputs.find((one) => one.input === "prohibited")?.by).toBe("ann@x.example");
    expect([tier, history.map((one) => one.tier)]).toEqual(["T3", ["T3", "T0"]]);
  });

  it("is shown by a dry run, with what it was and why", async () => {
    await register.apply(root, helper());
    const { changes } = await register.apply(root, helper({ intake: "{ prohibited: [], annex3: [ANX-III.4.a] }" }), { dryRun: true });
    expect(changes.find((change) => change.kind === "AISystem")?.tier).toMatchObject({ was: "T0", is: "T3", reasons: [{ rule: "R03" }, { rule: "R12" }] });
    expect((await tierView()).tier).toBe("T0");
  });
});

const mailer = `${helper({ intake: full, spec: "  audience: internal" })}
---
apiVersion: v1
kind: Tool
metadata: { name: wire }
spec: { effect: pays, reversible: false }`;

describe("what traffic shows", () => {
  it("raises the tier, opens a finding, and asks who a higher tier names", async () => {
    await register.apply(as(ann), mailer);
    expect((await tierView()).tier).toBe("T0");
    await sawCall("tool:wire");
    await review();
    expect(await tierView()).toMatchObject({ tier: "T3", contradictions: [{ input: "autonomy", declared: "suggests", observed: "acts" }, { input: "tool_effect", declared: "none", observed: "wire pays" }], traffic: { calls: 1, alone: 1 } });
    expect(register.entries.filter((entry) => entry.type === "finding")).toHaveLength(2);
    expect((await listAuthorizations(root, { filters: { state: "submitted" } })).items).toMatchObject([{ tier: "T3", needs: ["authorizing-official"] }]);
    // An irreversible effect that nobody approved stops at once, seen as well as declared (class C).
    expect(await getSystem(root, "helper")).toMatchObject({ status: "refused", statusCode: "reassessment_required", tier: "T3" });
    await review();
    expect((await listAuthorizations(root, { filters: { state: "submitted" } })).items).toHaveLength(1);
    register.entries.length = 0;
    await register.apply(as(ann), mailer.replace("autonomy: suggests", "autonomy: acts").replace("models: [model:local]", "models: [model:local], tools: [tool:wire]"));
    await review();
    expect(register.entries.filter((entry) => entry.type === "finding").map((entry) => entry.payload["event"])).toEqual(["closed", "closed"]);
  });

  it("counts tool calls inside answers, those a person approved apart, and each decision once", async () => {
    await register.apply(as(ann), mailer);
    await sawCall("model:local", { action: "model.call", approval: "apr_1", tools: [{ tool: "wire", outcome: "allow" }, { tool: "other", outcome: "deny" }] });
    await review();
    await review();
    expect(await tierView()).toMatchObject({ tier: "T2", traffic: { tools: [{ name: "wire", allowed: 1, approved: 1 }], alone: 0 } });
  });

  it("below a bound that people set is not the system acting alone", async () => {
    const bounded = `apiVersion: v1
kind: Policy
metadata: { name: wire-limit }
spec: { rules: [{ id: wire-limit, on: "tool:wire", holdUnless: "context.input.small == true", because: Larger sums need a person. }] }
`;
    await register.apply(as(ann), `${bounded}---\n${mailer.replace("autonomy: suggests", "autonomy: acts-with-approval").replace("models: [model:local]", "models: [model:local], tools: [tool:wire]").replace("spec:\n", "spec:\n  policies: [policy:wire-limit]\n")}`);
    const before = (await tierView()).tier;
    await sawCall("tool:wire");
    await review();
    expect(await tierView()).toMatchObject({ tier: before, contradictions: [] });
  });

  it("counts classes that calls held at once, and refused ones when they are many and a tenth of all; users of another's provider are others' people", async () => {
    await register.apply(as(ann), helper({ intake: full }));
    const tagged = async (id: string, value: string, outcome: string) => {
      await sawCall("model:local", { id, outcome, action: "model.call" });
      await register.db.transaction(root.org, (tx) => sql`insert into decision_tag (org, kind, value, id) values (${root.org}, 'class', ${value}, ${id})`.execute(tx));
    };
    for (let call = 0; call < 9; call++) await tagged(`dec_a${call}`, "payment", "deny");
    for (let call = 0; call < 20; call++) await tagged(`dec_b${call}`, "secret", "deny");
    await review();
    expect(await tierView()).toMatchObject({ tier: "T0", contradictions: [] });
    for (let call = 0; call < 72; call++) await sawCall("model:local", { id: `dec_c${100 + call}`, action: "model.call" });
    await tagged("dec_d1", "payment", "deny");
    await review();
    expect(await tierView()).toMatchObject({ tier: "T0" });
    await tagged("dec_d2", "payment", "deny");
    await review();
    expect(await tierView()).toMatchObject({ tier: "T2", contradictions: [{ input: "data_classes", declared: "none", observed: "payment" }] });
    await tagged("dec_e1", "health", "allow");
    await review();
    expect(await tierView()).toMatchObject({ contradictions: [{ observed: "health, payment" }] });
    await register.apply(as(ann), helper({ intake: full, spec: "  session: { user: token, issuers: [\"https://shop.example/\"] }\n  interactsWithPeople: true" }));
    await register.db.transaction(root.org, async (tx) => {
      await sql`update decision set subject = '\\x01' where org = ${root.org} and id = 'dec_c100'`.execute(tx);
      await sql`delete from observed_until where org = ${root.org}`.execute(tx);
      await sql`delete from observed_uses where org = ${root.org}`.execute(tx);
    });
    await review();
    expect((await tierView()).contradictions.some((one) => one.input === "audience")).toBe(false);
    await register.db.transaction(root.org, (tx) => sql`insert into identity_providers (org, name, title, issuer, client_id, trust_email, changed_by, changed_at) values (${root.org}, 'own', 'Own', 'https://login.halden.example/', 'c', false, 'x', ${new Date(register.clock.now)})`.execute(tx));
    await sawCall("model:local", { id: "dec_f1", action: "model.call" });
    await review();
    expect((await tierView()).contradictions).toContainEqual({ input: "audience", declared: "internal", observed: "partner" });
  });

  it("of what was refused says nothing, and less than declared lowers nothing", async () => {
    await register.apply(root, concierge);
    await register.apply(as(ann), mailer);
    await sawCall("tool:wire", { outcome: "deny" });
    await review();
    expect((await tierView()).tier).toBe("T0");
    expect((await tierView("support-concierge")).tier).toBe("T3");
  });
});

describe("a T0 system that its owner attested alone", () => {
  it("is drawn once a month for a person to review, with an entry to draw it again from, and not in its first month", async () => {
    await register.apply(as(ann), helper());
    const job = sampleAttestations(root, { heads: () => Promise.resolve("signed heads") });
    const drawn = () => register.entries.filter((entry) => entry.payload["event"] === "attestations_sampled");
    await job.run();
    expect(drawn()).toEqual([]);
    register.clock.now += 31 * day;
    await job.run();
    await job.run();
    register.clock.now -= 31 * day;
    expect(drawn()).toMatchObject([{ type: "authorization", payload: { heads: "signed heads", population: ["helper"], drawn: ["helper"] } }]);
    expect(register.entries.filter((entry) => entry.type === "finding" && entry.payload["kind"] === "attestation.sampled")).toHaveLength(1);
  });

  it("is reviewed by another person than those who answer for it, with what they found", async () => {
    await register.apply(as(ann), helper());
    register.clock.now += 31 * day;
    await sampleAttestations(root, { heads: () => Promise.resolve("signed heads") }).run();
    const open = () => root.read((tx) => listFindings(tx, root.org, root.now(), { kind: "attestation.sampled", limit: 5 }));
    const { id } = (await open())[0]!;
    for (const owner of ["ann@x.example", "ben@x.example"]) {
      await expect(closeFinding(as(person(owner, "governance-lead")), id, "all as I said")).rejects.toMatchObject({ code: "findings.own_attestation", status: 403 });
      await expect(dismissFinding(as(person(owner, "governance-lead")), id, "not now", new Date(root.now() + day))).rejects.toMatchObject({ code: "findings.own_attestation" });
    }
    await closeFinding(as(lead), id, "Looked at ten answers; it is what it says");
    expect(await open()).toMatchObject([{ state: "closed", closed: { by: lead.email, how: "Looked at ten answers; it is what it says" } }]);
    register.clock.now -= 31 * day;
  });
});

const publicHelper = helper({ intake: full, spec: "  audience: public" });

describe("an override", () => {
  it("upward holds at once, with no second person", async () => {
    await register.apply(as(ann), helper());
    expect(await overrideTier(as(ann), "helper", { tier: "T2", reason: "handles board questions" }, reconcile)).toEqual({ approval: null });
    expect(await tierView()).toMatchObject({ tier: "T2", override: { direction: "up", by: "ann@x.example" } });
  });

  it("downward waits for a second person, then ends by the clock", async () => {
    await register.apply(as(ann), publicHelper);
    expect((await tierView()).tier).toBe("T2");
    const { approval } = await overrideTier(as(lead), "helper", { tier: "T1", reason: "a page of opening hours", until: inDays(20) }, reconcile);
    expect((await tierView()).tier).toBe("T2");
    await expect(answer(lead, approval!)).rejects.toThrow();
    const other = person("olga@x.example", "governance-lead");
    await answer(other, approval!);
    expect(await tierView()).toMatchObject({ tier: "T1", override: { state: "in_force", approver: other.id } });
    const pilot = (await getSystem(root, "helper"))!.authorization!;
    expect(Date.parse(pilot.ends!)).toBeLessThanOrEqual(register.clock.now + 20 * day);
    register.clock.now += 21 * day;
    // No job has run: the clock alone ends it.
    expect(await getSystem(root, "helper")).toMatchObject({ tier: "T2", status: "refused" });
    await review();
    expect(await tierView()).toMatchObject({ tier: "T2", override: null });
    register.clock.now -= 21 * day;
  });

  it("downward without an end, past the longest, or below Article 6 is refused", async () => {
    await register.apply(as(ann), publicHelper);
    const lower = (tier: "T0" | "T1" | "T2", until?: string, name = "helper") => codeOf(overrideTier(as(ann), name, { tier, reason: "please", until }, reconcile));
    expect(await lower("T1")).toBe("tiers.end");
    expect(await lower("T1", inDays(400))).toBe("tiers.end");
    expect(await lower("T1", inDays(-1))).toBe("tiers.end");
    await register.apply(as(ann), helper({ intake: "{ prohibited: [], annex3: [ANX-III.4.a] }" }));
    expect(await lower("T2", inDays(10))).toBe("tiers.floor");
    await register.apply(as(ann), helper({ intake: "{ prohibited: [ART-5.1.c], annex3: [] }" }));
    expect(await lower("T2", inDays(10))).toBe("tiers.floor");
  });

  it("can't be answered once the determination it spoke of has changed, and covers no later reason", async () => {
    await register.apply(as(ann), publicHelper);
    const { approval } = await overrideTier(as(ann), "helper", { tier: "T0", reason: "small", until: inDays(20) }, reconcile);
    await register.apply(as(ann), helper({ intake: full, spec: "  audience: partner" }));
    expect(await codeOf(answer(lead, approval!))).toBe("tiers.changed");
    const again = await overrideTier(as(ann), "helper", { tier: "T0", reason: "small", until: inDays(20) }, reconcile);
    await answer(lead, again.approval!);
    expect((await tierView()).tier).toBe("T0");
    await register.apply(as(ann), helper({ intake: full, spec: "  audience: partner", sensitivity: "restricted" }));
    expect((await tierView()).tier).toBe("T2");
  });
});

describe("an organization's own rules", () => {
  const rules = { rules: [{ id: "O-STAFF", title: "Answers staff", when: { autonomy: "suggests" as const }, tier: "T2" as const, cite: ["Policy 4"] }], parameters: { T2: { pilotDays: 7, seats: ["legal-reviewer" as const] } } };

  it("hold once a governance lead has signed them, and raise what is there already", async () => {
    await register.apply(as(ann), helper());
    const { approval } = await proposeOwnRules(as(person("adm@x.example", "administrator")), rules, "our policy");
    expect((await tierView()).tier).toBe("T0");
    await answer(lead, approval);
    expect(await tierView()).toMatchObject({ tier: "T2", reasons: [{ rule: "O-STAFF", cite: ["Policy 4"] }] });
    expect((await root.read((tx) => organizationTerms(tx, root.org)))("T2").pilotDays).toBe(7);
    await register.apply(root, gateRecords("helper", ["ann@x.example", "ben@x.example"]));
    await witnessed(root);
    await promoteSystem(as(ann), "helper", { reason: "go" });
    const asked = await root.read((tx) => sql<{ approvers: { group: string }[] }>`select approvers from approvals where org = ${root.org} and action = 'production'`.execute(tx));
    expect(asked.rows[0]!.approvers.map((set) => set.group)).toEqual(["business-owner", "security-reviewer", "legal-reviewer"]);
    expect((await listAuthorizations(root, { filters: { state: "submitted" } })).items.find((one) => one.type === "production")?.needs).toEqual(["business-owner", "security-reviewer", "legal-reviewer"]);
  });

  it("can seat a role of its own: whoever is in that group then has to say yes, and nobody outside it", async () => {
    const seated = { ...rules, parameters: { T2: { seats: ["group:ethics-board" as const] } } };
    expect(await codeOf(proposeOwnRules(as(person("adm@x.example", "administrator")), seated, "our charter"))).toBe("tiers.no_group");
    await register.apply(root, `${helper()}\n---\napiVersion: v1\nkind: Group\nmetadata: { name: ethics-board }\nspec: { members: [eth@x.example] }\n`);
    await answer(lead, (await proposeOwnRules(as(person("adm@x.example", "administrator")), seated, "our charter")).approval);
    await register.apply(root, gateRecords("helper", ["ann@x.example", "ben@x.example"]));
    await witnessed(root);
    const { id, needs } = await promoteSystem(as(person("ben@x.example")), "helper", { reason: "go" });
    expect(needs).toEqual(["business-owner", "security-reviewer", "group:ethics-board"]);
    const grant = (who: Actor) => grantAuthorization(as(who), id, { reason: "yes" }, register.decisions(as(who)));
    await grant(ann);
    await grant(person("ines@x.example", "security-reviewer"));
    expect(await codeOf(grant(person("hugo@x.example", "authorizing-official")))).toBe("approvals.not_routed");
    expect(await grant(person("eth@x.example"))).toMatchObject({ state: "granted" });
  });

  it("that loosen a term or take the place of a rule of law are refused before anybody is asked", async () => {
    expect(await codeOf(proposeOwnRules(root, { rules: [], parameters: { T3: { authorizationMaxDays: 900 } } }, "more time"))).toBe("tiers.weaker");
    expect(await codeOf(proposeOwnRules(root, { rules: [{ ...rules.rules[0]!, id: "R03" }], parameters: {} }, "ours"))).toBe("tiers.weaker");
  });
});

describe("intake of what exists", () => {
  it("shows systems that do the same, and why", async () => {
    await register.apply(root, helper());
    const found = await root.read((tx) => similarSystems(tx, root.org, { title: "Staff helper", purposes: ["Answering questions of staff"], tools: [], datasets: [] }, undefined));
    expect(found).toMatchObject([{ name: "helper", owner: "ben@x.example" }]);
    expect(found[0]!.because.length).toBeGreaterThan(0);
    expect(await root.read((tx) => similarSystems(tx, root.org, { title: "Wind turbine forecast", purposes: ["Predicts yield"], tools: [], datasets: [] }, undefined))).toEqual([]);
  });

  it("that comes by manifest beside one that does the same is a finding naming it, in the plan too, until the record says why it is another", async () => {
    await register.apply(root, helper());
    const twin = (spec = "") => helper({ spec }).replace("name: helper }", "name: helper-two }");
    const planned = await register.apply(root, twin(), { dryRun: true });
    expect(planned.changes.find((one) => one.name === "helper-two")?.similar).toMatchObject([{ name: "helper" }]);
    const found = async () => (await root.read((tx) => sql<{ system: string; state: string; title: string }>`select system, state, title from findings where org = ${root.org} and kind = 'intake.similar'`.execute(tx))).rows;
    expect(await found()).toEqual([]);
    await register.apply(root, twin());
    expect(await found()).toMatchObject([{ system: "helper-two", state: "open", title: expect.stringContaining("helper") }]);
    await review();
    expect(await found()).toMatchObject([{ state: "open" }]);
    await register.apply(root, twin("  distinctFrom: [{ system: helper, reason: serves another country }]"));
    await review();
    expect(await found()).toMatchObject([{ state: "closed" }]);
    expect((await register.apply(root, twin(), { dryRun: true })).changes.every((one) => one.similar === undefined)).toBe(true);
  });

  it("imports rows as drafts with a report of each, and never takes a cell for a signed answer", async () => {
    await register.apply(root, helper());
    const rows: Record<string, string>[] = [
      { Name: "CV screen", Purpose: "Ranks applicants", "Business owner": "ann@x.example", "Technical owner": "ben@x.example", Classification: "internal", Region: "EEA", "Annex III": "4.a", Vendor: "Acme", Model: "local, gone" },
      { Name: "Notes", Purpose: "Writes notes", "Article 5": "none", "Annex III": "" },
      { Name: "Helper" },
      { Name: "" },
      { Name: "=cmd|' /C calc'!A0", Purpose: "x" },
      { Name: "Plain", Purpose: "Reads", "Business owner": "ann@x.example", "Technical owner": "ben@x.example", Classification: "internal", Region: "EEA" },
    ];
    const before = await importRows(root, register.ports, rows, { dryRun: true, reason: undefined });
    expect(await getSystem(root, "cv-screen")).toBeUndefined();
    const report = await importRows(root, register.ports, rows, { dryRun: false, reason: undefined });
    expect(report).toEqual(before);
    expect(report.rows.map((row) => [row.status, row.tier])).toEqual([["draft", "T3"], ["refused", null], ["exists", null], ["refused", null], ["draft", "T2"], ["draft", "T2"]]);
    expect(report.rows[0]!.notMapped).toEqual(["Vendor: Acme", "models: gone isn't in the register"]);
    expect(await getSystem(root, "plain")).toMatchObject({ lifecycle: "proposed", status: "refused", unanswered: ["prohibited", "annex3"] });
    expect(await getSystem(root, "cv-screen")).toMatchObject({ lifecycle: "proposed", status: "refused", authorization: { needs: ["authorizing-official"] } });
  });
});
