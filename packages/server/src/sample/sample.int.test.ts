import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type ServerHandle } from "../main.ts";
import { control, items, type Json, type SampleServer } from "./control.ts";
import { removeSample } from "./remove.ts";

const token = "bootstrap-token-of-the-sample-test-0123456789";
const dataDir = mkdtempSync(join(tmpdir(), "mandate-sample-"));
const printed: string[] = [];
let server: ServerHandle;
let access: SampleServer;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

beforeAll(async () => {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const env = {
    MANDATE_PORT: String(port),
    MANDATE_GATEWAY_PORT: String(gatewayPort),
    MANDATE_DATA_DIR: dataDir,
    MANDATE_BOOTSTRAP_TOKEN: token,
  };
  server = await startServer({ mode: "up", sample: true, env, log: (line) => printed.push(line) });
  access = { controlUrl: `http://127.0.0.1:${port}`, gatewayUrl: server.gatewayUrl, token, log: () => undefined };
});

afterAll(async () => {
  await server?.close();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

async function systems(): Promise<ReadonlyMap<string, Json>> {
  const found = new Map<string, Json>();
  for await (const system of items(control(access), "/systems")) found.set(String(system.name), system);
  return found;
}

test("the company has systems in every tier that may run, and in every state that this release knows", async () => {
  const found = await systems();
  const seen = (field: string) => new Set([...found.values()].map((system) => system[field]));
  expect([...seen("tier")].sort()).toEqual(["T0", "T1", "T2", "T3"]);
  expect([...seen("lifecycle")].sort()).toEqual(["pilot", "production", "proposed", "retired", "suspended"]);
  expect(found.get("returns-desk")).toMatchObject({ tier: "T2", lifecycle: "pilot", status: "operating" });
  expect(found.get("support-concierge")).toMatchObject({ tier: "T3", lifecycle: "proposed", status: "refused" });
  expect(found.get("dispute-triage")).toMatchObject({ tier: "T2", lifecycle: "production", status: "operating" });
  expect(found.get("cv-screening")).toMatchObject({ tier: "T3", authorization: { state: "denied" } });
  expect(found.get("footfall-insights")?.missing).toContain("owners.technical");
});

test("no page is empty: one matter of each kind that people look after is there", { timeout: 40_000 }, async () => {
  const api = control(access);
  const list = async (path: string): Promise<readonly Json[]> => (await api.get(path)).items as readonly Json[];
  expect(await list("/exceptions?state=in_force")).toMatchObject([{ system: "dispute-triage" }]);
  expect(await list("/incidents?state=open")).toMatchObject([{ systems: ["supplier-mail"] }]);
  expect(await list("/legal-reviews?state=asked")).toMatchObject([{ system: "campaign-ideas", target: "model:gpt-4.1" }]);
  expect((await list("/reassessments?state=open")).map((one) => one.subject)).toContain("vendor:openai");
  expect(await list("/risk-acceptances")).toMatchObject([{ risk: "wrong-answers-on-warranty", state: "in-force" }]);
  // The jobs that look for findings have their first turn some seconds after the start.
  await expect.poll(async () => (await list("/findings?state=open&limit=1")).length, { timeout: 30_000 }).toBe(1);
  for (const kind of ["approvals", "documents", "evaluations", "policies", "vendors"]) expect((await list(`/${kind}?limit=1`)).length, kind).toBe(1);
  expect(printed.filter((line) => line.includes("was skipped"))).toEqual([]);
});

async function paste(name: string, change = (line: string) => line): Promise<string> {
  const line = new RegExp(`^\\s*# ${name}\\n(curl .+)$`, "m").exec(printed.join("\n"))?.[1] ?? "";
  const { stdout } = await promisify(execFile)("sh", ["-c", `${change(line)} -w '\\n%{http_code}'`]);
  return stdout;
}

test("the three printed commands do what their comment lines say", async () => {
  expect(await paste("allowed")).toMatch(/"chat\.completion"[\s\S]*\n200$/);
  expect(await paste("held")).toMatch(/"approval_required"[\s\S]*\n403$/);
  expect(await paste("denied")).toMatch(/"not_granted"[\s\S]*\n403$/);
});

test("a tool call inside an answer counts under its tool, and as a read of the dataset the tool returns", async () => {
  const looked = await paste("held", (line) => line.replace("refunds_issue", "orders_lookup").replace("Please refund EUR 146.20 for order A1042.", "When will the parcel of order A1042 arrive?"));
  expect(looked).toMatch(/orders_lookup[\s\S]*\n200$/);
  const { items: held } = await control(access).get("/decisions?system=returns-desk&outcome=hold&limit=1");
  expect(held).toMatchObject([{ tools: [{ tool: "refunds.issue", outcome: "hold" }] }]);
  const { edges } = (await control(access).get("/systems/returns-desk/reach")) as { edges: { from: string; to: string; count24h?: Record<string, number> }[] };
  const count = (to: string) => edges.find((edge) => edge.to === to && edge.from === "system:returns-desk")?.count24h;
  expect(count("tool:refunds.issue")?.hold).toBeGreaterThan(0);
  expect(count("model:mistral-large-2")).toMatchObject({ hold: 0 });
  const tool = count("tool:orders.lookup")!;
  expect(tool.allow).toBeGreaterThan(0);
  expect(count("dataset:order-history")?.allow).toBe(tool.allow);
  const map = (await control(access).get("/systems/returns-desk/reach/map")) as { edges: { from: string; to: string; by: string }[]; systems: number };
  expect(map.systems).toBeGreaterThan(0);
  expect(map.edges, JSON.stringify(map.edges).slice(0, 500)).toContainEqual(expect.objectContaining({ from: "system:returns-desk", to: "tool:orders.lookup", by: expect.stringContaining("authorization") }));
  expect(map.edges).toContainEqual(expect.objectContaining({ from: "tool:orders.lookup", to: "system:support-concierge" }));
});

test("one action removes every sample object but what an own system uses, names that, and takes it once it is let go", async () => {
  const api = control(access);
  const own = {
    metadata: {},
    spec: { title: "Menu Writer", uses: { models: ["model:mistral-large-2"] } },
  };
  await api.send("PUT", "/systems/menu-writer", own);
  const { removed, kept } = (await api.send("DELETE", "/sample")) as { removed: number; kept: Json[] };
  expect(removed).toBeGreaterThan(40);
  expect(kept).toContainEqual(expect.objectContaining({ object: "models/mistral-large-2", users: ["AISystem/menu-writer"] }));
  expect([...(await systems()).keys()]).toEqual(["menu-writer"]);
  const { items: decisions } = await api.get("/decisions?limit=5");
  expect((decisions as readonly Json[]).length).toBe(5);
  await api.send("PUT", "/systems/menu-writer", { ...own, spec: { title: "Menu Writer" } });
  const again = await removeSample(access);
  expect(again.kept).toEqual([]);
  expect(again.removed).toBe(kept.length);
  expect(await removeSample(access)).toEqual({ removed: 0, kept: [] });
});
