import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
}, 60_000);
afterAll(() => server.close());

test("frameworks come with their counts, items with the controls that support them, and nothing is claimed before it was measured", async () => {
  const list = await server.request("GET", "/api/v1/frameworks");
  expect(list.body.items.find((one: { key: string }) => one.key === "nist-ai-600-1")).toMatchObject({ version: "2024-07", items: 212 });
  const one = await server.request("GET", "/api/v1/frameworks/owasp-asi");
  expect(one.body.items).toHaveLength(10);
  expect(one.body.items.every((item: { controls: string[] }) => item.controls.length > 0)).toBe(true);
  const controls = await server.request("GET", "/api/v1/controls");
  expect(controls.body.items).toHaveLength(60);
  expect(new Set(controls.body.items.map((item: { grade: string }) => item.grade))).toEqual(new Set(["cant_tell"]));
  expect((await server.request("GET", "/api/v1/frameworks/none")).body).toMatchObject({ status: 404, code: "frameworks.unknown" });
  expect((await server.request("GET", "/api/v1/controls/OWN-01")).body).toMatchObject({ id: "OWN-01", kind: "query" });
  expect((await server.request("GET", "/api/v1/frameworks", { token: null })).status).toBe(401);
});
