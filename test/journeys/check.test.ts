import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Mandate, runCli, startMandate } from "./harness.ts";

// A pipeline asks before it sends data or deploys: `mandate check`.

const manifest = `apiVersion: v1
kind: AISystem
metadata: { name: nightly-report }
spec:
  title: Nightly report
  purposes: [{ id: reporting, text: Reports to management. }, { id: planning, text: Plans shifts. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [contact], regions: [EEA, US], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { tools: [tool:rows.read], destinations: [destination:lake-eu, destination:lake-us, destination:board] }
---
apiVersion: v1
kind: AISystem
metadata: { name: other-report }
spec:
  title: Other report
  purposes: [{ id: reporting, text: Reports. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [contact], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { tools: [tool:rows.read, tool:mail.send] }
---
apiVersion: v1
kind: Tool
metadata: { name: mail.send }
spec: { effect: sends, reversible: true, recipients: others, critical: [{ arg: to, type: email }] }
---
apiVersion: v1
kind: Tool
metadata: { name: rows.read }
spec: { effect: reads, reversible: true }
---
apiVersion: v1
kind: Destination
metadata: { name: lake-eu }
spec: { kind: internal, region: DE, classes: [contact], maxSensitivity: internal, purposes: [] }
---
apiVersion: v1
kind: Destination
metadata: { name: lake-us }
spec: { kind: internal, region: US, classes: [contact], maxSensitivity: internal, purposes: [] }
---
apiVersion: v1
kind: Destination
metadata: { name: board }
spec: { kind: external, region: DE, classes: [], maxSensitivity: public, purposes: [planning] }
---
apiVersion: v1
kind: Destination
metadata: { name: dump }
spec: { kind: external, region: DE, classes: [contact], maxSensitivity: internal, purposes: [] }
`;

let mandate: Mandate;
beforeAll(async () => {
  mandate = await startMandate();
  const applied = await mandate.apply(manifest);
  expect(applied.status, applied.text).toBe(200);
  const owner = await mandate.personToken("bea@halden.example");
  for (const pilot of (await mandate.api("GET", "/approvals?state=pending", undefined, owner)).body.items)
    await mandate.api("POST", `/approvals/${pilot.id}/approve`, { reason: "a pilot" }, owner);
});
afterAll(() => mandate?.stop());

const check = async (...words: string[]) => {
  const { code, stdout, stderr } = await runCli(mandate, ["check", ...words, "-o", "json"]);
  return { code, body: stdout.startsWith("{") ? JSON.parse(stdout) : null, stderr };
};
const sends = (to: string, ...more: string[]) =>
  check("export", "--system", "nightly-report", "--to", to, "--class", "contact", "--region", "DE", "--purpose", "reporting", "--sensitivity", "internal", ...more);

describe("before data leaves", () => {
  test("class, region, purpose and destination decide, and the exit code says it", async () => {
    expect(await sends("lake-eu")).toMatchObject({ code: 0, body: { outcome: "allow" } });
    // Inside the boundary, but other than the data's own region.
    expect(await sends("lake-us")).toMatchObject({ code: 3, body: { code: "legal_review", rule: "export-legal-review" } });
    expect(await sends("board")).toMatchObject({ code: 3, body: { code: "data_boundary" } });
    expect(await sends("dump")).toMatchObject({ code: 3, body: { code: "not_granted" } });
    expect(await sends("nowhere")).toMatchObject({ code: 3, body: { code: "not_granted" } });
    expect(await sends("lake-eu", "--class", "health")).toMatchObject({ code: 3, body: { code: "data_boundary", rule: "classes-within-boundary" } });
    const elsewhere = await check("export", "--system", "nightly-report", "--to", "lake-eu", "--class", "contact", "--region", "CN", "--purpose", "reporting");
    expect(elsewhere).toMatchObject({ code: 3, body: { code: "data_boundary" } });
    const unstated = await check("export", "--system", "nightly-report", "--to", "lake-eu", "--class", "contact", "--region", "DE");
    expect(unstated, "a purpose among two is stated or refused").toMatchObject({ code: 3, body: { code: "not_authorized" } });
  });

  test("each answer is a decision on record, with a next step", async () => {
    const { body } = await sends("lake-us");
    expect(body.remedies.length).toBeGreaterThan(0);
    const { decisionId } = body as { decisionId: string };
    await expect.poll(async () => (await mandate.api("GET", `/decisions/${decisionId}`)).body, { timeout: 5_000 }).toMatchObject({ action: "data.export", outcome: "deny", code: "legal_review" });
  });
});

describe("before a version runs", () => {
  test("only the digest that was approved may", async () => {
    const { items } = (await mandate.api("GET", "/authorizations?system=nightly-report")).body;
    const { versionDigest } = items.find((one: { state: string }) => one.state === "granted");
    const deploys = (digest: string) => check("deploy", "--system", "nightly-report", "--digest", digest);
    expect(await deploys(versionDigest)).toMatchObject({ code: 0, body: { outcome: "allow" } });
    expect(await deploys(versionDigest.replace(/^./, (one: string) => (one === "0" ? "1" : "0")))).toMatchObject({ code: 3, body: { rule: "deploy-exact-version" } });
    const foreign = await mandate.api("POST", "/systems/other-report/suspend", { reason: "looked odd" });
    expect(foreign.status).toBe(200);
    expect(await check("deploy", "--system", "other-report", "--digest", versionDigest)).toMatchObject({ code: 3, body: { code: "system_suspended" } });
    expect((await mandate.api("POST", "/systems/other-report/resume", { reason: "was fine" })).status).toBe(200);
  });
});

describe("who may do what", () => {
  test("is searched over the register as it is now", async () => {
    const what = await check("what", "nightly-report", "--class", "contact", "--region", "DE", "--purpose", "reporting", "--sensitivity", "internal");
    expect(what.body.items).toEqual([
      { type: "tool", name: "rows.read", outcome: "allow" },
      { type: "destination", name: "lake-eu", outcome: "allow" },
    ]);
    const who = await check("who", "tool:rows.read", "--purpose", "reporting");
    expect(who.body.items.map((one: { name: string }) => one.name)).toEqual(["nightly-report", "other-report"]);
    expect((await check("who", "destination:dump")).body.items).toEqual([]);
    expect((await check("who", "nonsense")).code).toBe(1);
  });

  test("is asked on the control listener alone, which says so", async () => {
    const found = (await (await fetch(`${mandate.url}/.well-known/authzen-configuration`)).json()) as Record<string, string>;
    expect(found.search_subject_endpoint).toMatch(/\/access\/v1\/search\/subject$/);
    const gateway = (await (await fetch(`${mandate.gateway}/.well-known/authzen-configuration`)).json()) as Record<string, string>;
    expect(gateway).not.toHaveProperty("search_subject_endpoint");
    const { key } = await mandate.credential("nightly-report");
    const body = { subject: { type: "system" }, action: { name: "tool.call" }, resource: { type: "tool", id: "rows.read" } };
    expect((await mandate.call("/access/v1/search/subject", key, body)).status).toBe(404);
  });
});

describe("several held calls of one kind", () => {
  test("are shown and approved by one command, each bound to its own call", async () => {
    const { key } = await mandate.credential("other-report");
    const ask = (to: string, ticket?: string) =>
      mandate.call(
        "/access/v1/evaluation",
        key,
        { subject: { type: "system", id: "other-report" }, action: { name: "tool.call" }, resource: { type: "tool", id: "mail.send" }, context: { input: { to } } },
        ticket === undefined ? {} : { "x-mandate-approval": ticket },
      );
    const ids: string[] = [];
    for (const to of ["a@halden.example", "b@halden.example"]) ids.push((await ask(to)).body.context.approval.id);
    const token = await mandate.personToken("bea@halden.example");
    const answer = await runCli(mandate, ["approve", ...ids, "--reason", "both are customers", "--token", token]);
    expect(answer.code, answer.stderr).toBe(0);
    expect(answer.stdout).toBe(ids.map((id) => `${id}: approved\n`).join(""));
    for (const id of ids) expect(answer.stderr).toContain(id);
    expect((await ask("b@halden.example", ids[0])).body.decision).toBe(false);
    expect((await ask("a@halden.example", ids[0])).body.decision).toBe(true);
    expect((await ask("b@halden.example", ids[1])).body.decision).toBe(true);
  });
});
