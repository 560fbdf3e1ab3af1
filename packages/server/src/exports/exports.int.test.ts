import { checkExport, exportFormatNames, exportFormats } from "@mandate/frameworks/exports";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startTestServer } from "../testing/running-server.ts";
import type { Reply, TestServer } from "../testing/running-server.ts";

let running: TestServer;

const system = (name: string, unit: string): string => `apiVersion: v1
kind: AISystem
metadata: { name: ${name}, unit: ${unit} }
spec:
  title: ${name}
  purposes: [{ id: support, text: "Answers questions." }]
  owners: { business: marta@halden.example, technical: tomasz@halden.example }
  audience: internal
  autonomy: suggests
  affected: [employees]
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: yes, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [contact], regions: [EEA], training: never }
  uses: { models: [model:mistral], tools: [tool:lookup, tool:hosted.search], datasets: [dataset:help] }
`;
const manifest = `apiVersion: v1
kind: Model
metadata: { name: mistral }
spec: { protocol: openai, endpoint: "http://127.0.0.1:9/v1", region: EEA, training: never, retention: 0d }
---
apiVersion: v1
kind: Tool
metadata: { name: lookup }
spec: { effect: reads }
---
apiVersion: v1
kind: Dataset
metadata: { name: help }
spec: { sensitivity: public, region: EEA }
---
${system("care-desk", "care")}---
${system("hr-desk", "people")}`;

const take = (format: string, body: Record<string, unknown> = {}, token?: string): Promise<Reply> => running.request("POST", `/api/v1/exports/${format}`, { body, ...(token === undefined ? {} : { token }) });
const bodyFor = (format: string): Record<string, unknown> => (exportFormats.find((one) => one.name === format)!.needsSystem ? { system: "care-desk" } : {});
const check = (text: string) =>
  checkExport({
    firstLine: async () => text.split("\n", 1)[0]!,
    text: async () => text,
    lines: async function* () {
      yield* text.replace(/\n$/, "").split("\n");
    },
  });

async function tokenOf(email: string, roles: readonly string[], scopedRoles: readonly { role: string; scope: string }[] = []): Promise<string> {
  await running.request("POST", "/api/v1/people", { body: { email, name: email, roles, scopedRoles } });
  const made = await running.request("POST", `/api/v1/people/${email}/tokens`, { body: { notAfter: new Date(running.now() + 86_400_000).toISOString() } });
  expect(made.status, made.text).toBeLessThan(300);
  return made.body.token as string;
}

beforeAll(async () => {
  running = await startTestServer();
  const applied = await running.request("POST", "/api/v1/apply", { body: manifest });
  expect(applied.status, applied.text).toBe(200);
});
afterAll(() => running.close());

test.each(exportFormatNames)("%s of a running installation means what it says, and leaves no file behind", async (format) => {
  const answer = await take(format, bodyFor(format));
  expect(answer.status, answer.text).toBe(200);
  expect(Number(answer.headers.get("content-length"))).toBe(Buffer.byteLength(answer.text));
  expect(await check(answer.text)).toEqual({ format, ok: true, problems: [], more: 0 });
  await vi.waitFor(() => expect(readdirSync(join(running.directory, "scratch")).filter((name) => name.endsWith(".export"))).toEqual([]));
});

test("an export is itself an entry of the log it states the position of", async () => {
  const sizeOf = (text: string): number => Number(/control\/1 (\d+) /.exec(text)![1]);
  const [first, second] = [await take("oscal-catalog"), await take("oscal-catalog")];
  expect(sizeOf(second.text)).toBeGreaterThan(sizeOf(first.text));
  const events = (await take("ocsf")).text.trim().split("\n").map((line) => JSON.parse(line) as { metadata: { event_code: string } });
  expect(events.filter((one) => one.metadata.event_code === "evidence.read").length).toBeGreaterThanOrEqual(3);
});

test("who has a role for one system gets that system alone, and nobody without a role gets anything", async () => {
  const scoped = await tokenOf("sam@halden.example", [], [{ role: "security-reviewer", scope: "system:care-desk" }]);
  const developer = await tokenOf("dev@halden.example", ["developer"]);
  const whole = await take("oscal-component-definition", {}, scoped);
  expect(whole.status, whole.text).toBe(200);
  expect(whole.text).toContain("care-desk");
  expect(whole.text).not.toContain("hr-desk");
  const events = await take("ocsf", {}, scoped);
  expect(events.text).not.toContain("hr-desk");
  for (const line of events.text.trim().split("\n").slice(0, -1)) expect(JSON.parse(line).unmapped.system).toBe("care-desk");
  expect((await take("cyclonedx", { system: "hr-desk" }, scoped)).status).toBe(403);
  expect((await take("cyclonedx", { system: "care-desk" }, scoped)).status).toBe(200);
  expect((await take("oscal-catalog", {}, developer)).status).toBe(403);
  expect((await running.request("POST", "/api/v1/exports/sarif", { token: null, body: {} })).status).toBe(401);
});

test("what can't be exported is refused with what to do", async () => {
  expect((await take("cyclonedx")).body).toMatchObject({ status: 400, code: "exports.system_needed" });
  expect((await take("cyclonedx", { system: "nothing" })).body).toMatchObject({ status: 404, code: "registry.not_found" });
  expect((await take("pdf")).status).toBe(400);
  expect((await running.request("GET", "/api/v1/exports")).body.items.map((one: { name: string }) => one.name)).toEqual(exportFormatNames);
});

test("a bill of materials names what the register lacks, and no endpoint or prompt", async () => {
  const { text } = await take("cyclonedx", { system: "care-desk" });
  expect(text).toContain("tool:hosted.search");
  expect(text).not.toContain("127.0.0.1:9");
});
