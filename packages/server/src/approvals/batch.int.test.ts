import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";
import { bootstrapToken } from "../testing/running-server.ts";

const manifest = `apiVersion: v1
kind: AISystem
metadata: { name: desk }
spec:
  title: Desk
  purposes: [{ id: help, text: Helps customers. }]
  owners: { business: owner@example.com, technical: tech@example.com }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [contact], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { tools: [tool:mail.send, tool:chat.post] }
---
apiVersion: v1
kind: Tool
metadata: { name: mail.send }
spec: { effect: sends, reversible: true, recipients: others, critical: [{ arg: to, type: email }] }
---
apiVersion: v1
kind: Tool
metadata: { name: chat.post }
spec: { effect: sends, reversible: true, recipients: others, critical: [{ arg: channel, type: text }] }
`;

let server: CareServer;
beforeAll(async () => {
  server = await startCareServer(manifest);
  const pilot = (await server.as("owner", "GET", "/api/v1/approvals?state=pending")).body.items[0];
  expect((await server.as("owner", "POST", `/api/v1/approvals/${pilot.id}/approve`, { reason: "a pilot" })).status).toBe(200);
});
afterAll(() => server?.close());

async function held(tool: string, input: Record<string, unknown>): Promise<{ id: string; digest: string }> {
  const question = { subject: { type: "system", id: "desk" }, action: { name: "tool.call" }, resource: { type: "tool", id: tool }, context: { input } };
  const { context } = (await server.request("POST", "/access/v1/evaluation", { body: question })).body;
  expect(context, JSON.stringify(context)).toMatchObject({ outcome: "hold" });
  const { id, digest } = (await server.as("owner", "GET", `/api/v1/approvals/${context.approval.id}`)).body;
  return { id, digest };
}
const answer = (choice: string, answers: unknown, who = "owner") => server.as(who, "POST", "/api/v1/approval-batches", { choice, reason: "I looked at each", answers });
const evaluate = async (tool: string, input: Record<string, unknown>, ticket: string): Promise<boolean> => {
  const body = JSON.stringify({ subject: { type: "system", id: "desk" }, action: { name: "tool.call" }, resource: { type: "tool", id: tool }, context: { input } });
  const response = await fetch(`${server.url}/access/v1/evaluation`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${bootstrapToken}`, "x-mandate-approval": ticket }, body });
  return ((await response.json()) as { decision: boolean }).decision;
};

describe("several held calls of one kind", () => {
  it("are answered at once, and each yes still serves its own call alone, once", async () => {
    const asked = await Promise.all(["a", "b", "c"].map((name) => held("mail.send", { to: `${name}@example.com` })));
    const reply = await answer("approve", asked);
    expect(reply.body, reply.text).toMatchObject({ items: asked.map(({ id }) => ({ id, state: "approved", problem: null })) });
    const [a, b] = [asked[0]!, asked[1]!];
    expect(await evaluate("mail.send", { to: "b@example.com" }, a.id)).toBe(false);
    expect(await evaluate("mail.send", { to: "a@example.com" }, a.id)).toBe(true);
    expect(await evaluate("mail.send", { to: "a@example.com" }, a.id)).toBe(false);
    expect(await evaluate("mail.send", { to: "b@example.com" }, b.id)).toBe(true);
    const one = (await server.as("owner", "GET", `/api/v1/approvals/${a.id}`)).body;
    expect(one.signatures).toMatchObject([{ person: "owner@example.com", choice: "approve", reason: "I looked at each" }]);
  });

  it("of different kinds are refused as a whole, and a wrong digest refuses its own alone", async () => {
    const mail = await held("mail.send", { to: "d@example.com" });
    const other = await held("mail.send", { to: "e@example.com" });
    const chat = await held("chat.post", { channel: "general" });
    expect((await answer("approve", [mail, chat])).body).toMatchObject({ code: "approvals.not_alike" });
    expect((await answer("approve", [mail, mail])).body).toMatchObject({ code: "approvals.not_alike" });
    expect((await server.as("owner", "GET", `/api/v1/approvals/${mail.id}`)).body.state).toBe("pending");
    const mixed = await answer("refuse", [{ ...mail, digest: other.digest }, other]);
    expect(mixed.body.items).toMatchObject([{ state: null, problem: { code: "approvals.not_shown" } }, { state: "refused", problem: null }]);
  });

  it("are answered by those who may alone", async () => {
    const asked = [await held("mail.send", { to: "f@example.com" }), await held("mail.send", { to: "g@example.com" })];
    const reply = await answer("approve", asked, "dev");
    expect(reply.status).toBe(200);
    expect(reply.body.items.every((one: { state: string | null }) => one.state === null)).toBe(true);
    expect((await answer("approve", [{ id: "apr_unknown", digest: "0".repeat(64) }])).status).toBe(404);
    expect((await answer("approve", [])).status).toBe(400);
  });

  it("have a task in the words of AuthZEN's access request profile, bound to the call that was held", async () => {
    const question = { subject: { type: "system", id: "desk" }, action: { name: "tool.call" }, resource: { type: "tool", id: "mail.send" }, context: { input: { to: "h@example.com" } } };
    const denied = (await server.request("POST", "/access/v1/evaluation", { body: question })).body;
    expect(denied).toMatchObject({ decision: false, context: { access_request: { binding_token: denied.context.approval.id } } });
    const { context: _, ...same } = question;
    const denial = { evaluation_id: denied.context.evaluation_id, binding_token: denied.context.access_request.binding_token, expires_at: denied.context.access_request.expires_at };
    const submit = (body: unknown) => server.request("POST", "/access/v1/requests", { body });
    const { status, body: handle, headers } = await submit({ ...same, denial });
    expect([status, handle.task.status], JSON.stringify(handle)).toEqual([202, "pending"]);
    expect(headers.get("location")).toBe(handle.task.status_endpoint);
    for (const other of [{ ...same, resource: { type: "tool", id: "chat.post" } }, { ...same, action: { name: "deploy" } }, { ...same, subject: { type: "system", id: "other" } }]) {
      const refused = await submit({ ...other, denial });
      expect([refused.status, refused.body.type]).toEqual([400, "urn:openid:authzen:access-request:error:invalid_denial_binding"]);
    }
    const task = () => server.request("GET", `/access/v1/requests/${handle.task.id}`);
    expect((await server.request("GET", "/access/v1/requests/apr_unknown")).body.type).toBe("urn:openid:authzen:access-request:error:unknown_task");
    expect((await server.as("owner", "POST", `/api/v1/approvals/${handle.task.id}/approve`, { reason: "fine" })).status).toBe(200);
    const { result } = (await task()).body;
    expect(result).toMatchObject({ mode: "reevaluate", approval: { id: handle.task.id } });
    const again = (input: unknown) => server.request("POST", "/access/v1/evaluation", { body: { ...question, context: { input, approval: result.approval } } });
    expect((await again({ to: "i@example.com" })).body.decision).toBe(false);
    expect((await again({ to: "h@example.com" })).body.decision).toBe(true);
    expect((await again({ to: "h@example.com" })).body.decision).toBe(false);
    expect((await submit({ ...same, denial })).body.type).toBe("urn:openid:authzen:access-request:error:expired_denial");
    expect((await server.request("POST", "/access/v1/requests", { token: null, body: { ...same, denial } })).status).toBe(401);
  });

  it("are counted: latency and yes-rate, in the API and for Prometheus", async () => {
    const metrics = (await server.as("owner", "GET", "/api/v1/approval-metrics")).body;
    expect(metrics).toMatchObject({ approved: 5, refused: 1 });
    const text = (await server.request("GET", "/metrics")).text;
    expect(text).toMatch(/^mandate_approval_yes_ratio 0\.83/m);
    expect(text).toMatch(/^mandate_approval_median_seconds \d/m);
    expect(text).toMatch(/^mandate_approvals_pending [1-9]/m);
  });
});
