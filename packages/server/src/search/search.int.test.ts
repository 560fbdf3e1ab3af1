import { randomFillSync } from "node:crypto";
import { join } from "node:path";
import { Journal, JournalSink, Sealer, subjectTag } from "@mandate/gateway";
import type { EntryDraft } from "@mandate/gateway";
import { newId } from "@mandate/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { csvCell } from "./export.ts";

const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
let running: TestServer;
let journal: Journal;
let origin: string;
const ids: string[] = [];

const manifest = (title: string) => `apiVersion: v1
kind: AISystem
metadata: { name: helpdesk }
spec:
  title: ${title}
  owners: { business: b@halden.example, technical: t@halden.example }
`;

const get = (path: string) => running.request("GET", path);
const found = async (query: string): Promise<string[]> => {
  const reply = await get(`/api/v1/decisions?${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.body.items.map((one: { id: string }) => one.id);
};

beforeAll(async () => {
  running = await startTestServer();
  expect((await running.request("POST", "/api/v1/apply", { body: manifest("First") })).status).toBe(200);
  const { evidence } = running.server;
  ({ origin } = await evidence.ensureLog("gw-search"));
  const [key] = await evidence.sealingKeys([{ system: "helpdesk", retention: "T1" }]);
  const tag = subjectTag(await evidence.subjectKey(), "https://id.example#u1");
  journal = new Journal({ directory: join(running.directory, "search-journal"), signer: evidence.signerOf(origin) });
  const sink = new JournalSink(journal, new Sealer({ origin, clock: running.now, random, sealingKey: () => key! }));
  const labels = { maxSensitivity: "internal", untrusted: true, residency: [], classes: ["personal"], purposes: null };
  const draft = (i: number, change: Partial<EntryDraft>): EntryDraft => {
    ids.push(newId("decision", running.now() + i, random));
    const summary = { action: "model.call", resource: "model:local", outcome: "allow" as const, code: null, reason: `Granted, number ${i}.`, rule: "grant", surface: "openai-chat", credential: `cred_${i % 2}`, approval: null, durationMs: 1, tokens: null };
    return { type: "decision", decisionId: ids.at(-1)!, system: "helpdesk", policyVersion: "p", registerVersion: 1, outcome: "allow", approvals: [], retention: "T1", payload: {}, messages: [Buffer.from(`said ${i}`)], sessionId: null, context: { request: { labels } }, terminal: "done", ...change, summary: { ...summary, ...change.summary } };
  };
  await sink.decision(draft(0, { sessionId: "ses_one", classes: ["personal"], subject: tag }));
  await sink.decision(draft(1, { sessionId: "ses_one", outcome: "deny", terminal: "refused", summary: { outcome: "deny", code: "not_granted", reason: "100% of it would leave the boundary." } as EntryDraft["summary"] & object }));
  await sink.decision(draft(2, { summary: { action: "tool.call", resource: "tool:refunds.issue", outcome: "allow", code: null, reason: "=cmd|'/c calc'!A1", rule: null, surface: "mcp", credential: "cred_1", approval: null, durationMs: 1, tokens: null } }));
  await sink.decision(draft(3, { summary: { ...draft(9, {}).summary!, tools: [{ tool: "refunds.issue", outcome: "hold" }] } }));
  ids.splice(3, 1);
  await evidence.sequence(journal);
});
afterAll(async () => {
  await journal?.close();
  await running?.close();
});

describe("decisions are found", () => {
  test("by system, class, reason in any case, session, credential, rule, entry and time, newest first", async () => {
    expect(await found("system=helpdesk")).toEqual(ids.toReversed());
    expect(await found("class=personal")).toEqual([ids[0]]);
    expect(await found("reason=number%200")).toEqual([ids[0]]);
    expect(await found("reason=GRANTED&outcome=allow&limit=1")).toHaveLength(1);
    expect(await found("session=ses_one")).toEqual([ids[1], ids[0]]);
    expect(await found("code=not_granted&session=ses_one")).toEqual([ids[1]]);
    expect(await found(`log=${encodeURIComponent(origin)}&index=1`)).toEqual([ids[1]]);
    expect(await found(`since=${new Date(running.now() - 60_000).toISOString()}&class=personal`)).toEqual([ids[0]]);
    expect(await found(`until=${new Date(running.now() - 60_000).toISOString()}`)).toEqual([]);
    expect((await get("/api/v1/decisions?index=1")).status).toBe(400);
  });

  test("by a tool, whether it was called directly or inside a model's answer", async () => {
    expect(await found("tool=refunds.issue")).toEqual([ids[3], ids[2]]);
    expect(await found("tool=refunds.issue&reason=calc")).toEqual([ids[2]]);
  });

  test("by words that are no pattern: a percent sign finds itself", async () => {
    expect(await found("reason=%25")).toEqual([ids[1]]);
    expect(await found("reason=_")).toEqual([]);
  });

  test("by what a person types into one field", async () => {
    expect(await found(`q=${encodeURIComponent("class:personal system:helpdesk")}`)).toEqual([ids[0]]);
    expect(await found(`q=${encodeURIComponent("tool:refunds.issue")}`)).toEqual([ids[3], ids[2]]);
    expect(await found("q=not_granted")).toEqual([ids[1]]);
    expect(await found("q=helpdesk")).toHaveLength(4);
    expect(await found(`q=${encodeURIComponent("leave the boundary")}`)).toEqual([ids[1]]);
    expect(await found(`q=${encodeURIComponent(`${origin}#2`)}`)).toEqual([ids[2]]);
    expect(await found(`q=${encodeURIComponent("model:local class:personal")}`)).toEqual([ids[0]]);
  });

  test("page by page without a gap", async () => {
    const seen: string[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await get(`/api/v1/decisions?limit=1&tool=refunds.issue${cursor}`);
      seen.push(...body.items.map((one: { id: string }) => one.id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
    }
    expect(seen).toEqual([ids[3], ids[2]]);
  });
});

describe("an export", () => {
  test("holds what the filter finds, runs no formula, and is an entry", async () => {
    const csv = await get("/api/v1/evidence/decisions?format=csv&tool=refunds.issue");
    expect(csv.headers.get("content-type")).toContain("text/csv");
    const [head, ...rows] = csv.text.trim().split("\r\n");
    expect(head).toMatch(/^id,at,outcome,code,reason/);
    expect(rows).toHaveLength(2);
    expect(csv.text).toContain("'=cmd|");
    const jsonl = await get("/api/v1/evidence/decisions?system=helpdesk");
    expect(jsonl.text.trim().split("\n").map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids.toReversed());
    const entries = await get(`/api/v1/evidence/entries/${encodeURIComponent(running.server.evidence.controlOrigin)}?limit=2`);
    expect(entries.body.items.map((one: { header: { type: string } }) => one.header.type)).toEqual(["evidence.read", "evidence.read"]);
  });

  test("quotes what RFC 4180 asks it to", () => {
    expect([csvCell('say "hi"'), csvCell("a,b"), csvCell("-1+1"), csvCell(null), csvCell(7)]).toEqual(['"say ""hi"""', '"a,b"', "'-1+1", "", "7"]);
  });
});

test("a session shows its steps in order with labels and classes, and no word of what was said", async () => {
  const { body, text, status } = await get("/api/v1/sessions/ses_one");
  expect(status, text).toBe(200);
  expect(body.steps.map((one: { decision: { id: string } }) => one.decision.id)).toEqual([ids[0], ids[1]]);
  expect(body.steps[0]).toMatchObject({ classes: ["personal"], labels: { untrusted: true, maxSensitivity: "internal" } });
  expect(text).not.toContain("said 0");
  expect((await get("/api/v1/sessions/ses_none")).status).toBe(404);
});

test("the register is shown as it stood at any entry of the log", async () => {
  const control = running.server.evidence.controlOrigin;
  const size = async (): Promise<number> => (await get("/api/v1/evidence/logs")).body.find((one: { origin: string }) => one.origin === control).size;
  const then = (await size()) - 1;
  await new Promise((done) => setTimeout(done, 5));
  expect((await running.request("POST", "/api/v1/apply", { token: bootstrapToken, body: manifest("Second") })).status).toBe(200);
  const title = async (query: string): Promise<unknown> => (await get(`/api/v1/systems/helpdesk${query}`)).body.spec?.title ?? (await get(`/api/v1/systems/helpdesk${query}`)).body.title;
  expect(await title("")).toBe("Second");
  expect(await title(`?asOf=${encodeURIComponent(`${control}#${then}`)}`)).toBe("First");
  expect((await get(`/api/v1/systems/helpdesk?asOf=${encodeURIComponent(`${control}#99999`)}`)).status).toBe(404);
});
