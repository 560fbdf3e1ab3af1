import { writeFileSync } from "node:fs";
import { verifyPack, ZipReader } from "@mandate/ledger";
import { guardrailsCedar } from "@mandate/policy";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let running: TestServer;
beforeAll(async () => {
  running = await startTestServer();
});
afterAll(() => running.close());

const manifest = `apiVersion: v1
kind: AISystem
metadata: { name: notes }
spec:
  owners: { business: b@halden.example, technical: t@halden.example }
---
apiVersion: v1
kind: Policy
metadata: { name: no-late-notes }
spec:
  cedar: |
    @id("no-late-notes") @because("Notes wait.")
    forbid (principal, action, resource) when { context.now < 0 };
`;

async function pack(body: unknown): Promise<Uint8Array> {
  const response = await fetch(`${running.url}/api/v1/evidence/packs`, { method: "POST", headers: { authorization: `Bearer ${bootstrapToken}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(response.status, Buffer.from(bytes).toString("utf8").slice(0, 500)).toBe(200);
  return bytes;
}

test("a pack verifies offline and holds the policies as enforced and sections with their population", async () => {
  const applied = await running.request("POST", "/api/v1/apply", { body: manifest });
  expect(applied.status, applied.text).toBe(200);
  const bytes = await pack({});
  expect((await verifyPack(bytes)).problems).toEqual([]);
  const zip = new ZipReader(bytes);
  const text = (path: string): string => Buffer.from(zip.read(path)!).toString("utf8");
  expect(text("policies/guardrails.cedar")).toBe(guardrailsCedar);
  expect(text("policies/no-late-notes.v1.cedar")).toContain("context.now < 0");
  expect(JSON.parse(text("policies/index.json")).policies).toEqual([expect.objectContaining({ name: "no-late-notes", version: 1, current: true })]);
  expect(text("policies/schema.cedarschema")).toContain("namespace Mandate");
  const items = (id: string): { item: string; status: string; data?: Record<string, unknown> }[] => JSON.parse(text(`sections/${id}.json`)).items;
  expect(items("E02")[0]!.data).toMatchObject({ atStart: { count: 0 }, atEnd: { count: 1, names: ["notes"] } });
  expect(items("E03")[0]!.data).toMatchObject({ rows: [{ system: "notes", business: "b@halden.example", until: null }] });
  if (process.env["MANDATE_KEEP_PDF"] !== undefined) writeFileSync(process.env["MANDATE_KEEP_PDF"], zip.read("summary.pdf")!);
});

test("a pack of one system tells nothing of another's owners", async () => {
  const zip = new ZipReader(await pack({ system: "someone-else" }));
  for (const path of zip.paths) if (path.startsWith("sections/")) expect(Buffer.from(zip.read(path)!).toString("utf8"), path).not.toContain("b@halden.example");
});
