import { afterAll, beforeAll, expect, test } from "vitest";
import { addSystemsLike } from "../testing/many-systems.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

const systems = 1_205;
let mandate: TestServer;
const get = async (path: string) => (await mandate.request("GET", `/api/v1${path}`)).body;

beforeAll(async () => {
  mandate = await startTestServer();
  const applied = await mandate.request("POST", "/api/v1/apply", {
    body: `apiVersion: v1
kind: AISystem
metadata: { name: system-0 }
spec:
  purposes: [{ id: notes, text: Summarizes meetings. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:m] }
---
apiVersion: v1
kind: Model
metadata: { name: m }
spec: { protocol: openai, endpoint: "http://127.0.0.1:1/v1", served: [m], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
`,
  });
  expect(applied.status, applied.text).toBe(200);
  await addSystemsLike(mandate.db, mandate.server.org, "system-0", 1, systems);
}, 120_000);
afterAll(() => mandate?.close());

test("past a thousand systems the overview counts each, a search finds the last by name, and pages lose none", async () => {
  const { counts, byTier } = await get("/overview");
  expect(counts.total).toBe(systems);
  expect(byTier.reduce((sum: number, tier: { proposed: number; pilot: number }) => sum + tier.proposed + tier.pilot, 0)).toBe(systems);
  expect((await get("/systems?q=SYSTEM-999")).items.map((one: { name: string }) => one.name)).toEqual(["system-999"]);
  const names: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: { items: readonly { name: string }[]; nextCursor: string | null } = await get(`/systems?limit=500${cursor === null ? "" : `&cursor=${cursor}`}`);
    names.push(...page.items.map((one) => one.name));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect([names.length, new Set(names).size]).toEqual([systems, systems]);
  expect((await get("/systems/system-1204")).name).toBe("system-1204");
});
