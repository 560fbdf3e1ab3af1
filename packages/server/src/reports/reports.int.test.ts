import { sql } from "kysely";
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
