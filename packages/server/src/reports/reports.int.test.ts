import { CompiledQuery, sql } from "kysely";
import { newId } from "@mandate/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let server: TestServer;
const thisMonth = (): string => new Date(server.now()).toISOString().slice(0, 7);
const get = async (kind: string, month = thisMonth()) => server.request("GET", `/api/v1/reports/${kind}?month=${month}`);
const figure = (body: { figures: readonly { id: string; value: number | null; why: string | null; query: string | null }[] }, id: string) => body.figures.find((one) => one.id === id)!;

beforeAll(async () => {
  server = await startTestServer();
  await server.request("POST", "/api/v1/controls/run", { body: {} });
}, 120_000);
afterAll(() => server.close());

test("each figure is a question that can be put again and comes out the same; probes aren't in it", async () => {
  const { body } = await get("governance");
  expect(figure(body, "calls").value).toBe(0);
  expect(figure(body, "systems").value).toBe(0);
  expect(figure(body, "pass").value! + figure(body, "fail").value! + figure(body, "unproven").value!).toBeGreaterThan(20);
  expect(body.position.length).toBeGreaterThan(0);
  for (const one of body.figures) expect(one.value === null ? one.why !== null || one.id === "answer" : one.query?.toLowerCase().includes("select"), one.id).toBe(true);
  const [again] = (await server.db.read(server.server.org, (tx) => sql<{ value: string }>`select count(*) as value from control_results r where r.outcome = 'pass'`.execute(tx))).rows;
  expect(figure(body, "pass").value).toBe(Number(again!.value));
});

test("figures that are counted together are each what their own question answers", async () => {
  const since = new Date(`${thisMonth()}-01T00:00:00Z`);
  const rows = [["allow", null, "closed"], ["allow", null, "unknown"], ["hold", "approval_required", "closed"], ["deny", "data_boundary", "closed"], ["deny", "legal_review", "closed"], ["deny", "policy", "closed"]] as const;
  await server.db.transaction(server.server.org, async (tx) => {
    for (const [at, [outcome, code, terminal]] of rows.entries())
      await sql`insert into decision (org, id, at, outcome, code, reason, action, resource, surface, policy_version, register_version, terminal, input_tokens, output_tokens)
        values (${server.server.org}, ${newId("decision", since.getTime() + at, (bytes) => bytes.fill(at))}, ${new Date(since.getTime() + at)}, ${outcome}, ${code}, '', 'model.call', 'model:m', 'openai', 'p', 1, ${terminal}, 10, ${at})`.execute(tx);
  });
  const { body } = await get("governance");
  expect(["calls", "allowed", "held", "denied", "boundary", "unknown", "tokens"].map((id) => figure(body, id).value)).toEqual([6, 2, 1, 3, 2, 1, 75]);
  for (const { id, value, query } of body.figures as { id: string; value: number | null; query: string | null }[]) {
    if (query === null) continue;
    const [text, parameters = ""] = query.split(" -- ");
    const values = Object.values(JSON.parse(`{${parameters.replaceAll(/\$(\d+) = /g, '"$1": ')}}`));
    const { rows: again } = await server.db.read(server.server.org, (tx) => tx.executeQuery<{ value: string | null }>(CompiledQuery.raw(`select q.value from (${text}) as q`, values)));
    expect(again[0]!.value === null ? null : Number(again[0]!.value), id).toBe(value);
  }
});

test("G9: what isn't measured says so, and no text claims", async () => {
  const { body, text } = await get("board");
  expect(figure(body, "known")).toMatchObject({ value: null, query: null, why: expect.stringContaining("denominator") });
  expect(text).not.toMatch(/\b(?:compliant|certified|satisfied)\b/i);
  expect(body.figures.length).toBeLessThan((await get("governance")).body.figures.length);
  expect(body.gaps.map((one: { outcome: string }) => one.outcome)).toContain("unproven");
});

test("an earlier month is as it stood then; one to come, and what isn't a month, are refused", async () => {
  const { body } = await get("governance", "2020-01");
  expect(body).toMatchObject({ complete: true, until: "2020-02-01T00:00:00.000Z" });
  expect(figure(body, "pass").value).toBe(0);
  expect((await get("governance", "2099-01")).body).toMatchObject({ status: 400, code: "reports.month" });
  expect((await get("governance", "2026-13")).status).toBe(400);
  expect((await server.request("GET", "/api/v1/reports/other")).status).toBe(400);
});
