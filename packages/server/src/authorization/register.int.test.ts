import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AppError, cleanLabels } from "@mandate/model";
import { compilePolicy } from "@mandate/policy";
import type { CommandContext, Actor } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { deleteObject, getObject, history, listObjects, noteSeen, pinServer, putObject } from "../registry/index.ts";
import { denyAuthorization as deny, getSystem, grantAuthorization as grant, listAuthorizations, listSystems, promoteSystem, renewSystem, resumeSystem, retireSystem, revokeAuthorization, submitAuthorization, suspendSystem } from "./index.ts";
import { gateRecords, witnessed } from "../gates/testing.ts";
import { bootstrap, concierge, helper, openTestRegister, person } from "./testing.ts";

const day = 86_400_000;
let register: Awaited<ReturnType<typeof openTestRegister>>;
let as: (actor: Actor) => CommandContext<Tx>;
let root: CommandContext<Tx>;

beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());
beforeEach(async () => {
  as = await register.organization();
  root = as(bootstrap);
  register.entries.length = 0;
});

const problemsOf = async (work: Promise<unknown>) => {
  const error = await work.then(() => undefined, (caught: unknown) => caught);
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
};
const factsOf = async (name: string) => (await register.facts(root)).systems.find((system) => system.name === name)!;
const marta = person("marta.lindqvist@halden.example", "business-owner");
const official = person("helena@halden.example", "authorizing-official");
const legal = person("pieter@halden.example", "legal-reviewer");
const ann = person("ann@x.example");
const ben = person("ben@x.example");
const grantAuthorization = (ctx: CommandContext<Tx>, id: string, input: Parameters<typeof grant>[2]) => grant(ctx, id, input, register.decisions(ctx));
const denyAuthorization = (ctx: CommandContext<Tx>, id: string, input: Parameters<typeof deny>[2]) => deny(ctx, id, input, register.decisions(ctx));
const accept = async (by: Actor) => {
  const open = (await listAuthorizations(root, { filters: { state: "submitted" } })).items.find((one) => one.approval !== null);
  return grantAuthorization(as(by), open!.id, { reason: "fine" });
};

const systems = () => root.read((tx) => listSystems(tx, root.org, root.now()));
const answerLast = async (by: Actor) => grantAuthorization(as(by), (await listAuthorizations(root)).items[0]!.id, { reason: "late" });

describe("applying a manifest", () => {
  it("takes the design's example as it stands: T3, proposed, waiting for an authorizing official", async () => {
    const { changes } = await register.apply(root, concierge);
    expect(changes).toHaveLength(17);
    expect(changes.every((change) => change.action === "create")).toBe(true);
    expect(changes.find((change) => change.kind === "AISystem")).toMatchObject({ needsApproval: true, voids: [] });
    expect(await getSystem(root, "support-concierge")).toMatchObject({
      tier: "T3", lifecycle: "proposed", status: "refused", statusCode: "not_authorized", missing: ["authorization"], authorization: { type: "pilot", state: "submitted", needs: ["authorizing-official"] },
    });
    expect((await getSystem(root, "support-concierge"))!.tierReasons[0]).toMatchObject({ rule: "R05" });
  });

  it("again changes nothing and leaves no entry", async () => {
    await register.apply(root, concierge);
    register.entries.length = 0;
    const before = await getSystem(root, "support-concierge");
    const { changes } = await register.apply(root, concierge);
    expect(new Set(changes.map((change) => change.action))).toEqual(new Set(["unchanged"]));
    expect(register.entries).toEqual([]);
    expect(await getSystem(root, "support-concierge")).toEqual(before);
  });

  it("on a dry run says the same and changes nothing", async () => {
    const { changes } = await register.apply(root, concierge, { dryRun: true });
    expect(changes).toHaveLength(17);
    expect(await getSystem(root, "support-concierge")).toBeUndefined();
  });

  it("changes nothing when one reference leads nowhere, and says where", async () => {
    const error = await problemsOf(register.apply(root, helper({ spec: "  policies: [policy:nope]\n" })));
    expect(error).toMatchObject({ status: 422, code: "manifest.invalid" });
    expect(error.details.problems).toMatchObject([{ field: "spec.policies[0]", line: 23 }]);
    expect((await listObjects(root, "Model")).items).toEqual([]);
  });

  it("changes nothing when a policy's own test fails", async () => {
    const error = await problemsOf(register.apply(root, concierge.replace("name: small refund, call: tool:refunds.issue, input: { order: A1, amount: { value: \"40.00\"", "name: small refund, call: tool:refunds.issue, input: { order: A1, amount: { value: \"400.00\"")));
    expect(error.details.problems).toMatchObject([{ field: "spec.tests[0]" }]);
    expect(await systems()).toEqual([]);
  });

  it("changes nothing when a rule asks for an argument the tool doesn't take, or a claim no token carries, and says where", async () => {
    for (const [from, to] of [["context.session.customer", "context.session.custmer"], ["context.input.customer", "context.input.custmer"]] as const) {
      expect(concierge).toContain(from);
      const error = await problemsOf(register.apply(root, concierge.replaceAll(from, to)));
      expect(error).toMatchObject({ code: "manifest.invalid", status: 422 });
      const { problems } = error.details as { problems: { line: number; field: string; message: string; remedy: string }[] };
      expect(problems[0]!.message).toContain(to);
      expect(problems[0]!.field).toMatch(/^spec\.rules\[\d\]$/);
      expect(problems[0]!.line).toBeGreaterThan(1);
      expect(problems[0]!.remedy).not.toBe("");
    }
    expect(await systems()).toEqual([]);
  });

  it("refuses two tools that answer to one name", async () => {
    const tool = (name: string) => `\n---\napiVersion: v1\nkind: Tool\nmetadata: { name: ${name} }\nspec: { effect: reads }`;
    const error = await problemsOf(register.apply(root, `${helper()}${tool("a.b")}${tool("a_b")}`));
    expect(error.message).toContain("a_b");
  });

  it("keeps every version, and lists as of any moment", async () => {
    await register.apply(root, helper());
    const then = new Date(register.clock.now);
    register.clock.now += day;
    await register.apply(root, helper({ model: ", retention: 1d" }), { reason: "shorter" });
    expect((await getObject(root, "Model", "local", { asOf: then }))!.spec.retention).toBeUndefined();
    expect((await listObjects(root, "Model", { asOf: then })).items.map((item) => item.version)).toEqual([1]);
    expect((await history(root, "Model", "local")).map(({ version, action, author, reason }) => [version, action, author, reason])).toEqual([[2, "change", "bootstrap", "shorter"], [1, "create", "bootstrap", null]]);
  });

  it("pages and filters lists by field", async () => {
    await register.apply(root, concierge);
    const first = await listObjects(root, "Vendor", { limit: 2 });
    expect([first.items.map((item) => item.name), first.nextCursor]).toEqual([["adyen", "anthropic"], "anthropic"]);
    expect((await listObjects(root, "Vendor", { limit: 2, cursor: first.nextCursor! })).items.map((item) => item.name)).toEqual(["zendesk"]);
    expect((await listObjects(root, "Vendor", { filters: { visibility: "metadata" } })).items.map((item) => item.name)).toEqual(["anthropic"]);
  });

  it("refuses to remove what something refers to, and a system that holds an authorization", async () => {
    await register.apply(root, helper());
    expect(await problemsOf(deleteObject(root, register.ports, "Model", "local"))).toMatchObject({ status: 409, code: "registry.in_use" });
    expect(await problemsOf(deleteObject(root, register.ports, "AISystem", "helper"))).toMatchObject({ status: 409 });
    expect(await deleteObject(root, register.ports, "Dataset", "handbook")).toMatchObject({ action: "remove" });
    expect(await getObject(root, "Dataset", "handbook")).toBeUndefined();
  });

  it("of one organization is invisible to another", async () => {
    await register.apply(root, helper());
    const other = (await register.organization())(bootstrap);
    expect((await listObjects(other, "Model")).items).toEqual([]);
    expect((await register.facts(other)).systems).toEqual([]);
  });

  it("puts one object through the same checks", async () => {
    expect(await problemsOf(putObject(root, register.ports, "Vendor", "v", { spec: { visibilty: "full" } }))).toMatchObject({ status: 422 });
    expect(await putObject(root, register.ports, "Vendor", "v", { spec: { visibility: "full" } })).toMatchObject({ action: "create" });
  });
});

describe("a pilot", () => {
  it("at T0 starts on apply, for its tier's days, inside its tier's caps", async () => {
    await register.apply(root, helper());
    expect(await getSystem(root, "helper")).toMatchObject({ tier: "T0", lifecycle: "pilot", status: "operating", statusCode: null, missing: [], authorization: { type: "pilot", state: "granted" } });
    const facts = await factsOf("helper");
    expect(facts.authorization!.ends).toBe(Math.floor((register.clock.now + 90 * day) / 1000));
    expect(facts).toMatchObject({ grants: { models: ["local"] }, limits: { callsPerDay: 10_000, tokensPerDay: 5_000_000, eurosPerDay: "100", peoplePerDay: 50 } });
  });

  it("takes end and caps as written, refuses an end past the tier's days, and is over at its end without any job", async () => {
    const ends = new Date(register.clock.now + 3000).toISOString();
    await register.apply(root, helper({ spec: `  pilot: { ends: "${ends}", caps: { calls: 2 } }\n` }));
    expect((await factsOf("helper")).limits.callsPerDay).toBe(2);
    register.clock.now += 3000;
    expect(await getSystem(root, "helper")).toMatchObject({ status: "refused", statusCode: "authorization_expired", authorization: { state: "expired" } });
    expect(await problemsOf(register.apply(root, helper({ name: "late", spec: `  pilot: { ends: "2030-01-01" }\n` })))).toMatchObject({ status: 422 });
  });

  it("is not there while an owner, a purpose or a boundary is missing, and missing[] says which", async () => {
    const text = helper().replace("technical: ben@x.example", "technical: ann@x.example").replace("boundary: { sensitivity: internal, regions: [EEA] }", "");
    await register.apply(root, text);
    expect(await getSystem(root, "helper")).toMatchObject({ lifecycle: "proposed", status: "refused", statusCode: "not_authorized", missing: ["owners.technical", "boundary", "authorization"] });
  });

  it("of a prohibited practice never starts", async () => {
    await register.apply(root, helper({ intake: "{ prohibited: [a], annex3: [] }" }));
    expect(await getSystem(root, "helper")).toMatchObject({ tier: "X", status: "refused", statusCode: "prohibited" });
    expect(await problemsOf(promoteSystem(root, "helper", { reason: "please" }))).toMatchObject({ code: "authorization.prohibited" });
  });

  it("at T2 starts once its business owner accepts, and no one else can", async () => {
    const text = concierge.replace("autonomy: acts ", "autonomy: acts-with-approval ");
    await register.apply(root, text);
    expect(await getSystem(root, "support-concierge")).toMatchObject({ tier: "T2", lifecycle: "proposed", authorization: { state: "submitted", needs: ["business-owner"] } });
    await expect(accept(person("tomasz.wrona@halden.example", "technical-owner"))).rejects.toThrow();
    await accept(marta);
    expect(await getSystem(root, "support-concierge")).toMatchObject({ lifecycle: "pilot", status: "operating", authorization: { state: "granted", approvers: [{ email: "marta.lindqvist@halden.example", role: "business-owner" }] } });
  });

  it("at T3 is granted by an authorizing official alone: no owner, no service account, no minted token, not the requester", async () => {
    await register.apply(root, concierge);
    const { id } = (await listAuthorizations(root)).items[0]!;
    for (const actor of [marta, bootstrap, legal]) await expect(grantAuthorization(as(actor), id, { reason: "go" })).rejects.toMatchObject({ status: 403 });
    await submitAuthorization(as(official), id, { reason: "mine" });
    await expect(grantAuthorization(as(official), id, { reason: "go" })).rejects.toMatchObject({ code: "approvals.own_request" });
    await submitAuthorization(as(marta), id, { reason: "hers" });
    await expect(grantAuthorization(as(official), id, { reason: "go" })).rejects.toMatchObject({ code: "approvals.passkey_required" });
    expect(await getSystem(root, "support-concierge")).toMatchObject({ lifecycle: "proposed", status: "refused" });
    const codes = register.entries.filter((entry) => entry.payload["event"] === "attempt_refused").map((entry) => entry.payload["code"]);
    expect(codes).toEqual(expect.arrayContaining(["approvals.not_routed", "approvals.not_a_person", "approvals.own_request", "approvals.passkey_required"]));
  });

  it("at T2 keeps the conditions it was granted with", async () => {
    const complaints = { metric: "complaints", threshold: 3, due: "2026-12-20T00:00:00Z", consequence: "reassess" };
    await register.apply(root, concierge.replace("autonomy: acts ", "autonomy: acts-with-approval "));
    const { id } = (await listAuthorizations(root)).items[0]!;
    expect(await grantAuthorization(as(marta), id, { reason: "go", conditions: [complaints] })).toMatchObject({ state: "granted_with_conditions", conditions: [complaints] });
    expect(await factsOf("support-concierge")).toMatchObject({ status: "operating", grants: { tools: ["orders.lookup", "refunds.issue"] } });
  });

  it("at T2 accepted in a session of password and code is marked as the weaker kind", async () => {
    await register.apply(root, concierge.replace("autonomy: acts ", "autonomy: acts-with-approval "));
    await grantAuthorization(as({ ...marta, proof: "password" }), (await listAuthorizations(root)).items[0]!.id, { reason: "go" });
    expect(register.entries.find((entry) => entry.payload["event"] === "approved")!.payload).toMatchObject({ kind: "totp", assertion: null, role: "business-owner", roles: ["business-owner"] });
  });

  it("at T2 that nobody answers in time is refused by the clock alone", async () => {
    await register.apply(root, concierge.replace("autonomy: acts ", "autonomy: acts-with-approval "));
    register.clock.now += 30 * day;
    expect((await listAuthorizations(root)).items[0]).toMatchObject({ state: "denied", needs: [] });
    await expect(answerLast(marta)).rejects.toMatchObject({ code: "approvals.decided" });
    register.clock.now -= 30 * day;
  });

  it("is extended twice at most", async () => {
    await register.apply(root, helper());
    await renewSystem(as(ann), "helper", { reason: "more time" });
    await renewSystem(as(ann), "helper", { reason: "more time" });
    await expect(renewSystem(as(ann), "helper", { reason: "more time" })).rejects.toMatchObject({ status: 409 });
  });

  it("that was refused stays refused whatever else changes, until somebody asks again or the version is another", async () => {
    const t2 = concierge.replace("autonomy: acts ", "autonomy: acts-with-approval ");
    await register.apply(root, t2);
    const { id } = (await listAuthorizations(root)).items[0]!;
    await denyAuthorization(as(marta), id, { reason: "not yet" });
    await register.apply(root, helper({ name: "elsewhere" }));
    await register.apply(root, t2);
    const states = async () => (await listAuthorizations(root)).items.filter((one) => one.system === "support-concierge").map((one) => one.state).toSorted();
    expect(await states()).toEqual(["denied"]);
    await submitAuthorization(as(person("tomasz.wrona@halden.example", "developer")), id, { reason: "now with a notice" });
    expect(await states()).toEqual(["denied", "submitted"]);
    const again = (await listAuthorizations(root, { filters: { state: "submitted" } })).items.find((one) => one.system === "support-concierge")!;
    await denyAuthorization(as(marta), again.id, { reason: "still not" });
    await expect(submitAuthorization(as(marta), id, { reason: "an older one" })).rejects.toMatchObject({ status: 409 });
    await register.apply(root, t2.replace("environments: [staging, prod]", "environments: [prod]"));
    expect(await states()).toEqual(["denied", "denied", "submitted"]);
  });

  it("that was revoked doesn't come back by applying the file again", async () => {
    await register.apply(root, helper());
    const { id } = (await listAuthorizations(root)).items[0]!;
    await revokeAuthorization(as(ann), id, { reason: "wrong" });
    await register.apply(root, helper({ spec: "  environments: [prod]\n" }));
    expect(await getSystem(root, "helper")).toMatchObject({ status: "refused", statusCode: "not_authorized", authorization: { state: "submitted" } });
    const request = (await getSystem(root, "helper"))!.authorization!;
    await denyAuthorization(as(ben), request.id, { reason: "no" });
    expect((await getSystem(root, "helper"))!.status).toBe("refused");
  });
});

describe("lifecycle", () => {
  it("suspends, resumes and retires for good, each with a reason", async () => {
    await register.apply(root, helper());
    await expect(suspendSystem(as(ann), "helper", { reason: " " })).rejects.toMatchObject({ status: 400 });
    await expect(suspendSystem(as(person("eve@x.example", "developer")), "helper", { reason: "x" })).rejects.toMatchObject({ status: 403 });
    expect(await suspendSystem(as(ann), "helper", { reason: "leak" })).toMatchObject({ lifecycle: "suspended", status: "refused", statusCode: "system_suspended", haltReason: "leak" });
    expect(await resumeSystem(as(ann), "helper", { reason: "mended" })).toMatchObject({ lifecycle: "pilot", status: "operating" });
    expect(await retireSystem(as(ann), "helper", { reason: "over" })).toMatchObject({ statusCode: "system_retired" });
    await expect(resumeSystem(as(ann), "helper", { reason: "again" })).rejects.toMatchObject({ status: 409 });
    await register.apply(root, helper({ spec: "  environments: [prod]\n" }));
    expect((await factsOf("helper")).statusCode).toBe("system_retired");
  });

  it("goes to production for exactly the version submitted, by distinct people for each seat", async () => {
    const text = concierge.replace("autonomy: acts ", "autonomy: acts-with-approval ");
    await register.apply(root, text + gateRecords("support-concierge", ["marta.lindqvist@halden.example", "tomasz.wrona@halden.example"]));
    await pinServer(root, register.ports, "payments", [{ tool: "refunds.issue", hash: "a".repeat(64), definition: {} }], "looked at it");
    await pinServer(root, register.ports, "orders", [{ tool: "orders.lookup", hash: "b".repeat(64), definition: {} }], "looked at it");
    await witnessed(root);
    await accept(marta);
    const request = await promoteSystem(as(person("tomasz.wrona@halden.example")), "support-concierge", { reason: "ready" });
    expect(request).toMatchObject({ type: "production", state: "submitted", needs: ["business-owner", "security-reviewer"] });
    expect(await grantAuthorization(as(marta), request.id, { reason: "yes" })).toMatchObject({ state: "in_review", needs: ["security-reviewer"] });
    await expect(grantAuthorization(as(marta), request.id, { reason: "yes" })).rejects.toMatchObject({ code: "approvals.answered" });
    await register.apply(root, text.replace("tokensPerDay: 4000000", "tokensPerDay: 5000000"));
    await expect(grantAuthorization(as(person("ines@x.example", "security-reviewer")), request.id, { reason: "yes" })).rejects.toMatchObject({ status: 409 });
    await register.apply(root, text);
    await grantAuthorization(as(person("ines@x.example", "security-reviewer")), request.id, { reason: "yes" });
    expect(await getSystem(root, "support-concierge")).toMatchObject({ lifecycle: "production", status: "operating", authorization: { type: "production", state: "granted" } });
  });
});

describe("a change after the grant", () => {
  const mail = "\n---\napiVersion: v1\nkind: Tool\nmetadata: { name: mail.send }\nspec: { effect: sends, reversible: false }";
  const t2 = concierge.replace("autonomy: acts ", "autonomy: acts-with-approval ");

  it("that adds a tool denies the tool alone, for 14 days, then everything", async () => {
    await register.apply(root, t2);
    await accept(marta);
    const { changes } = await register.apply(root, t2.replace("tool:refunds.issue]\n    datasets", "tool:refunds.issue, tool:mail.send]\n    datasets") + mail);
    expect(changes.find((change) => change.kind === "AISystem")).toMatchObject({ action: "change", needsApproval: true, voids: [] });
    expect(await factsOf("support-concierge")).toMatchObject({ status: "restricted", differences: ["tool:mail.send"], grants: { tools: ["orders.lookup", "refunds.issue"] } });
    register.clock.now += 14 * day;
    expect(await factsOf("support-concierge")).toMatchObject({ status: "refused", statusCode: "reassessment_required" });
    await accept(marta);
    expect(await factsOf("support-concierge")).toMatchObject({ status: "operating", differences: [], grants: { tools: ["mail.send", "orders.lookup", "refunds.issue"] } });
  });

  it("of purpose stops it at once and says which authorization is void", async () => {
    await register.apply(root, t2);
    await accept(marta);
    const { changes } = await register.apply(root, t2.replace("id: customer-support", "id: sales"));
    expect(changes.find((change) => change.kind === "AISystem")!.voids).toHaveLength(1);
    expect(await factsOf("support-concierge")).toMatchObject({ status: "refused", statusCode: "reassessment_required" });
  });

  it("of a shared model's provider reaches each system that uses it", async () => {
    await register.apply(root, helper());
    const { changes } = await register.apply(root, helper().split("---")[0]!.replace("localhost:9", "elsewhere.example"));
    expect(changes).toMatchObject([{ kind: "Model", action: "change" }, { kind: "AISystem", name: "helper", action: "unchanged", voids: [expect.any(String)] }]);
    expect((await factsOf("helper")).statusCode).toBe("reassessment_required");
  });

  it("at T0 is attested by its owner with the same end, and recorded; a stranger's only differs", async () => {
    await register.apply(root, helper());
    const before = await factsOf("helper");
    register.clock.now += day;
    const wider = helper({ spec: "  audience: internal\n" }).replace("models: [model:local]", "models: [model:local], datasets: [dataset:handbook]");
    await register.apply(as(person("eve@x.example", "developer")), wider);
    expect(await factsOf("helper")).toMatchObject({ status: "restricted", differences: ["dataset:handbook"], grants: { datasets: [] } });
    await register.apply(as(ann), wider);
    expect(await factsOf("helper")).toMatchObject({ status: "operating", grants: { datasets: ["handbook"] }, authorization: { number: expect.any(Number), ends: before.authorization!.ends } });
    expect(register.entries.filter((entry) => entry.type === "authorization").at(-1)!.payload).toMatchObject({ event: "granted", selfAttested: true });
  });

  it("that takes a policy away leaves it binding until that is approved", async () => {
    await register.apply(root, t2);
    await accept(marta);
    await register.apply(root, t2.replace("policies: [policy:support-concierge]", "policies: []"));
    expect(await factsOf("support-concierge")).toMatchObject({ status: "restricted", policies: ["support-concierge"] });
  });

  it("of a policy's rule binds both as approved and as written, until the change is approved", async () => {
    await register.apply(root, t2);
    await accept(marta);
    const looser = t2.replace('lessThanOrEqual(decimal("80.00"))', 'lessThanOrEqual(decimal("200.00"))').replace('"146.20", currency: EUR } }, expect: hold', '"146.20", currency: EUR } }, expect: allow');
    const { changes } = await register.apply(root, looser);
    expect(changes.find((change) => change.kind === "AISystem")).toMatchObject({ action: "unchanged", needsApproval: true });
    const facts = await register.facts(root);
    const point = compilePolicy(facts);
    expect(point.problems).toEqual([]);
    expect(facts.systems[0]).toMatchObject({ differences: ["policy:support-concierge"] });
    expect(facts.systems[0]!.policies).toHaveLength(2);
    const pinned = { ...facts, tools: facts.tools.map((tool) => ({ ...tool, changed: false })) };
    const refund = (value: string) => ({
      system: "support-concierge", action: "tool.call" as const, resource: { type: "tool" as const, id: "refunds.issue" }, now: Math.floor(register.clock.now / 1000), purpose: "customer-support", labels: cleanLabels,
      session: {}, input: { order: "A1", amount: { value, currency: "EUR" } }, argumentsFromUser: true, data: { classes: [], region: null, sensitivity: null }, digest: null, approval: null,
    });
    expect(compilePolicy(pinned).decide(refund("146.20")).outcome).toBe("hold");
    await accept(marta);
    const after = await register.facts(root);
    expect(after.systems[0]).toMatchObject({ differences: [], policies: ["support-concierge"] });
    expect(compilePolicy({ ...after, tools: pinned.tools }).decide(refund("146.20")).outcome).toBe("allow");
  });

  it("that renames the title changes no digest and needs nobody", async () => {
    await register.apply(root, t2);
    await accept(marta);
    const before = await factsOf("support-concierge");
    await register.apply(root, t2.replace("title: Support Concierge", "title: Concierge"));
    expect(await factsOf("support-concierge")).toMatchObject({ status: "operating", versionDigest: before.versionDigest });
  });
});

describe("facts", () => {
  it("resolve a server's wildcard to its pinned tools, an unlabelled one with the worst effect", async () => {
    const server = `\n---\napiVersion: v1\nkind: McpServer\nmetadata: { name: wiki }\nspec: { url: "http://localhost:9/mcp" }\n---\napiVersion: v1\nkind: Tool\nmetadata: { name: wiki.read }\nspec: { server: mcp-server:wiki, effect: reads, pin: on-apply }`;
    const text = helper().replace("models: [model:local]", "models: [model:local], tools: [\"tool:wiki/*\"]") + server;
    await register.apply(root, text);
    expect((await factsOf("helper")).grants.tools).toEqual([]);
    expect((await register.facts(root)).tools).toMatchObject([{ name: "wiki.read", pinned: null, changed: true }]);
    await pinServer(root, register.ports, "wiki", [{ tool: "wiki_read", hash: "a".repeat(64), definition: {} }], "looked at it");
    expect(await factsOf("helper")).toMatchObject({ status: "operating", grants: { tools: expect.arrayContaining(["wiki.read", "wiki/resources/read"]) as unknown } });
    await pinServer(root, register.ports, "wiki", [{ tool: "wiki_read", hash: "b".repeat(64), definition: {} }, { tool: "erase", hash: "c".repeat(64), definition: {} }], "again");
    expect(await factsOf("helper")).toMatchObject({ statusCode: "reassessment_required", grants: { tools: expect.not.arrayContaining(["erase"]) as unknown } });
    expect((await register.facts(root)).tools.find((tool) => tool.name === "erase")).toMatchObject({ effect: "executes", reversible: false, output: "untrusted" });
  });

  it("show a pinned definition that changed as changed, until somebody accepts it", async () => {
    const text = `${helper()}\n---\napiVersion: v1\nkind: McpServer\nmetadata: { name: wiki }\nspec: { url: "http://localhost:9/mcp", pin: on-apply }\n---\napiVersion: v1\nkind: Tool\nmetadata: { name: wiki.read }\nspec: { server: mcp-server:wiki, effect: reads }`;
    await register.apply(root, text);
    const changed = async () => (await register.facts(root)).tools[0]!.changed;
    expect(await changed()).toBe(true);
    const offered = (hash: string) => [{ tool: "wiki.read", hash: hash.repeat(64), definition: {} }];
    await pinServer(root, register.ports, "wiki", offered("a"), "reviewed");
    expect(await changed()).toBe(false);
    await root.transact(async (tx, record) => {
      expect(await noteSeen(tx, { org: root.org, server: "wiki", tools: offered("b"), now: new Date() })).toEqual(["wiki.read"]);
      record({ type: "finding", payload: { changed: "wiki.read" } });
    });
    expect(await changed()).toBe(true);
    await pinServer(root, register.ports, "wiki", offered("b"), "reviewed again");
    expect(await changed()).toBe(false);
  });

  it("give each endpoint exactly one version segment", async () => {
    await register.apply(root, concierge.replace("https://api.anthropic.com/v1", "https://api.anthropic.com/"));
    expect((await register.facts(root)).models.map((model) => model.endpoint)).toEqual(["https://api.anthropic.com/v1", "http://vllm.ml.svc:8000/v1"]);
  });

  it("hold each of 500 systems", async () => {
    const systems = Array.from({ length: 500 }, (_, index) => helper({ name: `s${index}` }).split("---")[2]!);
    await register.apply(root, [...helper().split("---").slice(0, 2), ...systems].join("---"));
    expect((await register.facts(root)).systems).toHaveLength(500);
  });
});
