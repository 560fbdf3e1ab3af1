import { createHash } from "node:crypto";
import { canonicalJson } from "@mandate/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
const api = (method: string, path: string, body?: unknown, token?: string | null) => mandate.request(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }) });
const reason = { reason: "because the test says so" };

const system = (name: string, more = "", effect = "reads"): string => `apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: Notes
  purposes: [{ id: notes, text: Summarizes meetings. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:m], tools: [tool:act] }
${more}---
apiVersion: v1
kind: Model
metadata: { name: m }
spec: { protocol: openai, endpoint: "http://127.0.0.1:1/v1", served: [m], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
---
apiVersion: v1
kind: Tool
metadata: { name: act }
spec: { effect: ${effect}, reversible: false, output: untrusted }
---
apiVersion: v1
kind: Group
metadata: { name: leads }
spec: { members: [lea@halden.example] }
`;
const tokenOf = async (email: string): Promise<string> => {
  const answer = await api("POST", `/people/${encodeURIComponent(email)}/tokens`, { notAfter: new Date(mandate.now() + 3_600_000).toISOString() });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.token;
};

beforeAll(async () => {
  mandate = await startTestServer();
  const applied = await api("POST", "/apply", system("notes"));
  expect(applied.status, applied.text).toBe(200);
  expect(applied.body.changes.map((change: { kind: string; action: string }) => `${change.kind} ${change.action}`)).toContain("AISystem create");
});
afterAll(() => mandate?.close());

describe("apply", () => {
  it("is atomic: one bad document changes nothing and is named by file, line and field", async () => {
    const answer = await api("POST", "/apply?file=x.yaml", `${system("half")}---\napiVersion: v1\nkind: Tool\nmetadata: { name: bad }\nspec: { effect: explodes }\n`);
    expect([answer.status, answer.body.code], answer.text).toEqual([422, "manifest.invalid"]);
    expect(answer.body.problems[0]).toMatchObject({ file: "x.yaml", line: expect.any(Number), field: expect.stringContaining("effect"), remedy: expect.any(String) });
    expect((await api("GET", "/systems/half")).status).toBe(404);
  });

  it("a dry run says what would happen and does nothing", async () => {
    expect((await api("POST", "/apply?dryRun=true", system("dry"))).body.changes.length).toBe(4);
    expect((await api("GET", "/systems/dry")).status).toBe(404);
  });

  it("answers when the gateway enforces it", async () => {
    await api("POST", "/apply", system("fresh"));
    const { current } = mandate.server.publisher;
    expect(current.facts.systems.map((one) => one.name)).toContain("fresh");
    expect(mandate.server.dataPlane.gateway.ready().registerVersion).toBe(current.version);
  });

  it("an auditor changes nothing, nobody without a name applies anything", async () => {
    await api("POST", "/people", { email: "aud@halden.example", name: "Aud", roles: ["auditor"] });
    expect((await api("POST", "/apply", system("x"), await tokenOf("aud@halden.example"))).status).toBe(403);
    expect((await api("POST", "/apply", system("x"), null)).status).toBe(401);
  });

  it("owners and group members become people who were invited", async () => {
    const emails = (await api("GET", "/people")).body.items.map((one: { email: string }) => one.email);
    for (const email of ["bea@halden.example", "tom@halden.example", "lea@halden.example"]) expect(emails).toContain(email);
  });
});

describe("owners", () => {
  it("whom a system names as owner may ask, key and stop there with their own token, and nowhere else", async () => {
    const tom = await tokenOf("tom@halden.example");
    await api("POST", "/apply", system("own"));
    await api("POST", "/apply", system("others").replaceAll("tom@", "tim@").replaceAll("bea@", "bob@"));
    const key = await api("POST", "/credentials", { system: "own", name: "toms", ttl: "8h" }, tom);
    expect([key.status, (await api("POST", "/credentials", { system: "others", name: "toms", ttl: "8h" }, tom)).status], key.text).toEqual([201, 403]);
    expect((await api("POST", `/credentials/${key.body.id}/revoke`, reason, tom)).status).toBe(200);
    expect([(await api("POST", "/systems/own/suspend", reason, tom)).status, (await api("POST", "/systems/others/suspend", reason, tom)).status]).toEqual([200, 403]);
    expect((await api("POST", "/systems/own/resume", reason, tom)).status).toBe(200);
    expect((await api("GET", "/session", undefined, await tokenOf("bea@halden.example"))).status).toBe(200);
    const asked = await api("POST", "/systems/own/promote", reason, tom);
    expect(asked.status, asked.text).toBe(200);
    await api("POST", "/apply", system("audited").replaceAll("tom@", "aud@"));
    expect((await api("POST", "/systems/audited/suspend", reason, await tokenOf("aud@halden.example"))).body.code, "an auditor changes nothing").toBe("identity.right_missing");
    const other = (await api("GET", "/authorizations?system=others")).body.items[0].id as string;
    expect((await api("POST", `/authorizations/${other}/revoke`, reason, tom)).status).toBe(403);
    await api("DELETE", "/people/tom@halden.example");
    expect((await api("POST", "/systems/own/suspend", reason, tom)).status, "who was deactivated").toBe(401);
    await api("POST", "/people", { email: "tom@halden.example", name: "Tom", roles: [] });
  });
});

describe("AuthZEN", () => {
  it("is asked with an API token on either listener; a wrong token, and what only the gateway serves, stay the gateway's", async () => {
    await api("POST", "/apply", system("asked"));
    const question = { subject: { type: "system", id: "asked" }, action: { name: "model.call" }, resource: { type: "model", id: "m" } };
    const ask = async (url: string, token: string, path = "/access/v1/evaluation") => {
      const response = await fetch(`${url}${path}`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(question) });
      return { status: response.status, body: (await response.json().catch(() => null)) as { decision?: boolean } | null };
    };
    const tom = await tokenOf("tom@halden.example");
    for (const url of [mandate.url, mandate.gatewayUrl]) {
      for (const token of [tom, bootstrapToken]) expect(await ask(url, token), url).toMatchObject({ status: 200, body: { decision: true } });
      expect((await ask(url, `${tom.slice(0, -1)}${tom.endsWith("a") ? "b" : "a"}`)).status, url).toBe(401);
    }
    expect((await ask(mandate.gatewayUrl, tom, "/v1/chat/completions")).status).toBe(401);
    expect((await ask(mandate.gatewayUrl, tom, "/api/v1/systems")).status).toBe(401);
  });
});

describe("lists", () => {
  it("filter by any field of their items, page, and refuse what they can't compare or didn't keep", async () => {
    for (const name of ["first", "second"]) await api("POST", "/credentials", { system: "notes", name, ttl: "8h" });
    const names = async (path: string): Promise<string[]> => (await api("GET", path)).body.items.map((one: { name?: string; email?: string; key?: string; id?: string }) => one.name ?? one.email ?? one.key ?? one.id);
    expect(await names("/credentials?name=second")).toEqual(["second"]);
    expect(await names("/systems?name=notes")).toEqual(["notes"]);
    expect((await api("GET", "/people?email=bea@halden.example")).body.items).toHaveLength(1);
    expect((await api("GET", "/credentials?nonsense=1")).body.code).toBe("request.invalid");
    expect((await api("GET", "/people?asOf=2020-01-01T00:00:00Z")).body.code).toBe("request.invalid");
    expect((await api("GET", "/controls")).body.items.length).toBeGreaterThan(50);
    const first = (await api("GET", "/controls?limit=2")).body;
    const next = (await api("GET", `/controls?limit=2&cursor=${first.nextCursor}`)).body;
    expect(new Set([...first.items, ...next.items].map((one: { id: string }) => one.id)).size).toBe(4);
    expect((await api("GET", "/controls?family=OWN")).body.items.every((one: { family: string }) => one.family === "OWN")).toBe(true);
    expect((await api("GET", "/frameworks?limit=x")).status).toBe(400);
    const [gateway] = await names("/gateways");
    expect((await api("GET", `/gateways/${gateway}`)).body.name).toBe(gateway);
    expect((await api("GET", "/gateways/none")).body.code).toBe("gateways.not_found");
    expect((await api("GET", "/tools?nonsense=1")).body.code).toBe("request.filter");
    expect((await api("GET", "/tools?effect=reads")).body.items).toHaveLength(1);
  });

  it("a filter that a route adds to its own pages reads on until the page is full, and the next page goes on right behind", async () => {
    const names = Array.from({ length: 7 }, (_, at) => `even-${at}`);
    for (const name of names) await api("POST", "/credentials", { system: "notes", name: name.endsWith("1") ? "odd" : name, ttl: "8h" });
    const made = (await api("GET", "/credentials?limit=500")).body.items.filter((one: { accountable: string; name: string }) => one.accountable === "tom@halden.example").map((one: { id: string }) => one.id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { body }: { body: { items: { id: string }[]; nextCursor: string | null } } = await api("GET", `/credentials?accountable=tom@halden.example&limit=3${cursor === null ? "" : `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(3);
      seen.push(...body.items.map((one) => one.id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(made);
    expect(seen.length).toBeGreaterThanOrEqual(7);
  });

  it("versions of a system are listed and read by the digest that its authorization holds", async () => {
    const { versionDigest } = (await api("GET", "/systems/notes")).body.authorization;
    expect((await api("GET", "/system-versions?system=notes")).body.items.map((one: { digest: string }) => one.digest)).toContain(versionDigest);
    expect((await api("GET", `/system-versions/${versionDigest}`)).body).toMatchObject({ kind: "SystemVersion", system: "notes", spec: { manifest: { system: "notes" } } });
    expect((await api("GET", "/system-versions/none")).status).toBe(404);
    const [first] = (await api("GET", "/system-versions?system=notes")).body.items;
    const before = new Date(Date.parse(first.createdAt) - 1).toISOString();
    for (const asOf of [before, first.createdAt]) expect((await api("GET", `/system-versions?system=notes&asOf=${asOf}`)).body.items.map((one: { digest: string }) => one.digest), asOf).toEqual(asOf === before ? [] : [first.digest]);
    expect((await api("GET", "/decisions?asOf=2020-01-01T00:00:00Z")).body).toEqual({ items: [], nextCursor: null });
    expect((await api("GET", "/decisions?asOf=then")).status).toBe(400);
  });
});

describe("objects", () => {
  it("are listed, read, as of a moment, with history", async () => {
    const before = new Date(mandate.now()).toISOString();
    mandate.advance(1000);
    const put = await api("PUT", "/tools/act", { spec: { effect: "reads", reversible: true, output: "untrusted" } });
    expect([put.status, put.body.action], put.text).toEqual([200, "change"]);
    expect((await api("GET", "/tools/act")).body.spec.reversible).toBe(true);
    expect((await api("GET", `/tools/act?asOf=${encodeURIComponent(before)}`)).body.spec.reversible).toBe(false);
    expect((await api("GET", "/tools/act/history")).body.items.map((one: { version: number }) => one.version)).toEqual([2, 1]);
    expect((await api("GET", "/models?protocol=openai")).body.items).toHaveLength(1);
    expect((await api("GET", "/models?protocol=gemini")).body.items).toHaveLength(0);
    expect((await api("GET", "/tools/none")).status).toBe(404);
    expect((await api("PUT", "/tools/act", { spec: { effect: 7 } })).status).toBe(422);
    expect((await api("DELETE", "/tools/act")).status).toBe(409);
  });

  it("a server that can't be reached applies, stays unpinned, and says so when pinned", async () => {
    expect((await api("POST", "/apply", `apiVersion: v1\nkind: McpServer\nmetadata: { name: away }\nspec: { url: "http://127.0.0.1:1/mcp" }\n`)).status).toBe(200);
    const pin = await api("POST", "/mcp-servers/away/pin", reason);
    expect([pin.status, pin.body.code]).toEqual([409, "mcp.unreachable"]);
    expect((await api("POST", "/mcp-servers/none/pin", reason)).status).toBe(404);
  });
});

describe("credentials", () => {
  it("are shown once, bounded by the tier, and obey the register", async () => {
    const made = await api("POST", "/credentials", { system: "notes", name: "n", ttl: "8h" });
    expect(made.status, made.text).toBe(201);
    const { id, key } = made.body;
    expect(key).toMatch(/^mdk_/);
    const listed = await api("GET", `/credentials/${id}`);
    expect(listed.body).toMatchObject({ state: "active", accountable: "tom@halden.example" });
    expect(listed.text).not.toContain(key);
    for (const ttl of ["0d", "1y", "400d", "-1h", "8"]) expect((await api("POST", "/credentials", { system: "notes", name: "n", ttl })).status, ttl).toBe(400);
    expect((await api("POST", "/credentials", { system: "none", name: "n", ttl: "8h" })).status).toBe(404);
    const state = () => mandate.server.publisher.current.credentials.find((one) => one.id === id)?.state;
    expect((await api("POST", `/credentials/${id}/suspend`, reason)).body.state).toBe("suspended");
    expect(state()).toBe("suspended");
    expect((await api("POST", `/credentials/${id}/resume`, reason)).body.state).toBe("active");
    const rotated = await api("POST", `/credentials/${id}/rotate`, reason);
    expect(rotated.body.key).toMatch(/^mdk_/);
    expect((await api("POST", `/credentials/${id}/rotate`, reason)).status).toBe(409);
    expect((await api("POST", `/credentials/${id}/revoke`, reason)).body.state).toBe("revoked");
    expect([(await api("POST", `/credentials/${id}/resume`, reason)).status, state()]).toEqual([409, "revoked"]);
    expect((await api("POST", `/credentials/${id}/revoke`, {})).status).toBe(400);
    expect((await api("POST", "/credentials/cred_none/revoke", reason)).status).toBe(404);
  });

  it("end with their system: retiring revokes them in the same transaction", async () => {
    await api("POST", "/apply", system("leaving"));
    const { id } = (await api("POST", "/credentials", { system: "leaving", name: "n", ttl: "8h" })).body;
    const retired = await api("POST", "/systems/leaving/retire", reason);
    expect([retired.status, retired.body.lifecycle], retired.text).toEqual([200, "retired"]);
    expect((await api("GET", `/credentials/${id}`)).body.state).toBe("revoked");
    expect((await api("POST", "/credentials", { system: "leaving", name: "n", ttl: "8h" })).status).toBe(409);
  });
});

describe("systems", () => {
  it("show tier, status and what is missing; suspend and resume are in force when they answer", async () => {
    expect((await api("GET", "/systems/notes")).body).toMatchObject({ tier: "T0", lifecycle: "pilot", status: "operating", statusCode: null, missing: [], authorization: { type: "pilot", state: "granted" } });
    expect((await api("POST", "/systems/notes/suspend", reason)).body.status).toBe("refused");
    expect(mandate.server.publisher.current.facts.systems.find((one) => one.name === "notes")?.statusCode).toBe("system_suspended");
    expect((await api("POST", "/systems/notes/resume", reason)).body.status).toBe("operating");
    expect((await api("POST", "/systems/notes/suspend", {})).status).toBe(400);
    expect((await api("POST", "/systems/none/suspend", reason)).status).toBe(404);
    expect((await api("GET", "/systems?tier=T0&limit=1")).body.items).toHaveLength(1);
    expect((await api("GET", "/systems/notes/reach")).body.nodes.map((one: { id: string }) => one.id)).toContain("tool:act");
    expect((await api("GET", "/systems/notes/activity")).body.hours).toHaveLength(24);
    expect((await api("GET", "/overview")).body.counts.total).toBeGreaterThan(1);
  });

  it("at T2 the business owner accepts the pilot, over the digest of exactly what was shown", async () => {
    expect((await api("POST", "/apply", system("payer", "", "pays").replaceAll("act }", "act }").replace(/name: act/, "name: pay").replace("tool:act", "tool:pay"))).status).toBe(200);
    expect((await api("GET", "/systems/payer")).body).toMatchObject({ tier: "T2", lifecycle: "proposed", missing: ["authorization"] });
    const bea = await tokenOf("bea@halden.example");
    const { items } = (await api("GET", "/approvals?state=pending&action=pilot", undefined, bea)).body;
    const [question] = items;
    expect(question.digest).toBe(createHash("sha256").update(canonicalJson(question.statement)).digest("hex"));
    const tom = await api("POST", `/approvals/${question.id}/approve`, reason, await tokenOf("tom@halden.example"));
    expect([tom.status, tom.body.code]).toEqual([403, "approvals.not_routed"]);
    expect((await api("POST", `/approvals/${question.id}/approve`, {}, bea)).status).toBe(400);
    expect((await api("POST", `/approvals/${question.id}/approve`, reason, bea)).body).toMatchObject({ state: "approved", signature: { kind: "token", person: "bea@halden.example" } });
    expect((await api("GET", "/systems/payer")).body).toMatchObject({ lifecycle: "pilot", status: "operating" });
    expect((await api("GET", "/approvals/apr_none")).status).toBe(404);
  });
});

describe("holds", () => {
  it("are bound to one call, never go to their requester, lapse by the clock, and are spent once even at the same instant", async () => {
    const port = mandate.server.publisher.port();
    const hold = {
      decisionId: "dec_1", system: "payer", action: "tool.call", resource: "tool:pay", callHash: "a".repeat(64), rules: ["r"], terms: { approvers: [], withinSeconds: 1800 }, reason: "It would pay.",
      requester: "tom@halden.example", credentialId: "cred_1", input: { iban: "DE-canary-input" }, request: { purpose: null, labels: { maxSensitivity: "public", untrusted: false, residency: [], classes: [], purposes: null } },
    } as const;
    const [ticket, same] = [await port.openHold(hold), await port.openHold(hold)];
    expect(same.id).toBe(ticket.id);
    const bea = await tokenOf("bea@halden.example");
    const tom = await tokenOf("tom@halden.example");
    expect((await api("GET", `/approvals/${ticket.id}`, undefined, bea)).body.input).toEqual({ iban: "DE-canary-input" });
    expect((await api("GET", `/approvals/${ticket.id}`)).text).not.toContain("canary-input");
    expect((await api("POST", `/approvals/${ticket.id}/approve`, reason, tom)).body.code).toBe("approvals.own_request");
    expect((await port.spendApproval(ticket.id, hold.callHash, "payer")).state).toBe("pending");
    expect((await api("POST", `/approvals/${ticket.id}/approve`, reason, bea)).status).toBe(200);
    expect((await port.spendApproval(ticket.id, "b".repeat(64), "payer")).state).toBe("mismatch");
    expect((await port.spendApproval(ticket.id, hold.callHash, "notes")).state).toBe("unknown");
    const spent = await Promise.all(Array.from({ length: 8 }, () => port.spendApproval(ticket.id, hold.callHash, "payer")));
    expect(spent.filter((one) => one.state === "approved")).toHaveLength(1);
    expect(spent.filter((one) => one.state === "spent")).toHaveLength(7);
    const late = await port.openHold({ ...hold, callHash: "c".repeat(64) });
    mandate.advance(1_800_001);
    expect((await api("GET", `/approvals/${late.id}`, undefined, bea)).body).toMatchObject({ state: "lapsed", mayDecide: false });
    expect((await api("POST", `/approvals/${late.id}/approve`, reason, bea)).status).toBe(409);
    expect((await port.openHold({ ...hold, callHash: "c".repeat(64) })).id).not.toBe(late.id);
  });

  it("a T3 hold takes no token; it can still be refused", async () => {
    const { current } = mandate.server.publisher;
    const port = mandate.server.publisher.port();
    const ticket = await port.openHold({
      decisionId: "dec_2", system: "unregistered-is-T3", action: "tool.call", resource: "tool:pay", callHash: "d".repeat(64), rules: ["r"], terms: { approvers: [{ group: "leads", count: 1 }], withinSeconds: 60 }, reason: "It would pay.",
      requester: "x@halden.example", credentialId: "cred_1", input: null, request: { purpose: null, labels: { maxSensitivity: "public", untrusted: false, residency: [], classes: [], purposes: null } },
    });
    expect(current.facts.groups.find((one) => one.name === "leads")?.members).toEqual(["lea@halden.example"]);
    const lea = await tokenOf("lea@halden.example");
    const approve = await api("POST", `/approvals/${ticket.id}/approve`, reason, lea);
    expect([approve.status, approve.body.code]).toEqual([403, "approvals.passkey_required"]);
    expect((await api("POST", `/approvals/${ticket.id}/refuse`, reason, lea)).body.state).toBe("refused");
  });
});

describe("evidence and findings", () => {
  it("every change left an entry, the store re-hashes, and an entry's proof is served", async () => {
    const logs = (await api("GET", "/evidence/logs")).body;
    const control = logs.find((one: { origin: string }) => one.origin.includes("/control/"));
    expect(control.size).toBeGreaterThan(20);
    expect((await api("GET", `/evidence/entries/${encodeURIComponent(control.origin)}/0`)).body.proof.index).toBe(0);
    expect((await api("GET", `/evidence/entries/${encodeURIComponent(control.origin)}/9999999`)).status).toBe(404);
    expect((await api("GET", `/evidence/entries/${encodeURIComponent(control.origin)}?limit=2`)).body.items).toHaveLength(2);
    expect((await api("GET", "/evidence/head")).text).toContain(control.origin);
    expect((await api("POST", "/evidence/verify")).body).toMatchObject({ ok: true, problems: [] });
    expect((await api("GET", "/decisions?limit=5")).status).toBe(200);
    expect((await api("GET", "/decisions/dec_none")).status).toBe(404);
  });

  it("findings of one cause are one row, dismissed with a reason and an end that the clock keeps", async () => {
    const port = mandate.server.publisher.port();
    for (let i = 0; i < 5; i++) port.report({ key: "k", system: "notes", kind: "unlisted_field", title: "Field x", detail: "d" });
    await expect.poll(async () => (await api("GET", "/findings?state=open&kind=unlisted_field")).body.items.length, { timeout: 5000 }).toBe(1);
    const [finding] = (await api("GET", "/findings?kind=unlisted_field")).body.items;
    expect(finding).toMatchObject({ cause: "unlisted_field", system: "notes", owner: "tom@halden.example" });
    const until = new Date(mandate.now() + 60_000).toISOString();
    expect((await api("POST", `/findings/${finding.id}/dismiss`, { reason: "known" })).status).toBe(400);
    expect((await api("POST", `/findings/${finding.id}/dismiss`, { reason: "known", until })).body.state).toBe("dismissed");
    mandate.advance(60_001);
    expect((await api("GET", `/findings/${finding.id}`)).body.state).toBe("open");
    expect((await api("GET", "/findings/fnd_none")).status).toBe(404);
  });
});
