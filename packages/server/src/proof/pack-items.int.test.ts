import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkExport } from "@mandate/frameworks/exports";
import { verifyPack, ZipReader } from "@mandate/ledger";
import { annexIvPoints } from "@mandate/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import { parse } from "yaml";
import { packSections } from "../evidence/index.ts";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

interface Section {
  readonly gaps: readonly string[];
  readonly owner: string;
  readonly items: readonly { readonly item: string; readonly status: string; readonly data?: unknown }[];
}
interface Row {
  readonly [member: string]: unknown;
}

const asked = (parse(readFileSync(join(import.meta.dirname, "../../../frameworks/data/evidence-pack.yaml"), "utf8")) as { sections: { id: string; title: string; items: string[] }[] }).sections;

let running: TestServer;
beforeAll(async () => {
  running = await startTestServer();
});
afterAll(() => running.close());

interface Pack {
  readonly zip: ZipReader;
  readonly text: (path: string) => string;
  readonly section: (id: string) => Section;
}

async function pack(body: unknown = {}): Promise<Pack> {
  const response = await fetch(`${running.url}/api/v1/evidence/packs`, { method: "POST", headers: { authorization: `Bearer ${bootstrapToken}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(response.status, Buffer.from(bytes).toString("utf8").slice(0, 500)).toBe(200);
  expect((await verifyPack(bytes)).problems).toEqual([]);
  const zip = new ZipReader(bytes);
  const text = (path: string): string => Buffer.from(zip.read(path)!).toString("utf8");
  return { zip, text, section: (id) => JSON.parse(text(`sections/${id}.json`)) as Section };
}
const itemOf = (section: Section, item: string) => section.items.find((one) => one.item === item) as unknown as { status: string; data: { gaps: string[]; rows: Row[] } };

/** Each item holds something that was read, or a gap that stands in front and says who can close it. */
function expectNothingSilent(read: (id: string) => Section): void {
  for (const { id, items } of asked) {
    const section = read(id);
    expect(section.items.map((one) => one.item), id).toEqual(items);
    expect(section.owner, id).toMatch(/^[a-z-]+$/);
    for (const { item, status, data } of section.items) {
      const gaps = section.gaps.filter((gap) => gap.startsWith(`${item}: `));
      if (status === "answered") expect(data, `${id} ${item}`).toBeTruthy();
      else if (status === "answered with gaps") expect([data !== undefined, gaps.length > 0], `${id} ${item}`).toEqual([true, true]);
      else expect(gaps, `${id} ${item}`).toEqual([expect.stringMatching(/: not recorded: owner \S/)]);
    }
  }
}

test("the sections are those that an auditor asks for, word for word", () => {
  expect(packSections.map(({ id, title, items }) => ({ id, title, items: [...items] }))).toEqual(asked.map(({ id, title, items }) => ({ id, title, items })));
});

test("of an installation that holds nothing, every item of the sixteen sections is answered or names its gap and owner", async () => {
  const { zip, section } = await pack();
  expectNothingSilent(section);
  expect([...zip.paths].filter((path) => path.startsWith("documentation/"))).toEqual([]);
});

describe("with a system of elevated risk", () => {
  let whole: Pack;
  beforeAll(async () => {
    const applied = await running.request("POST", "/api/v1/apply", { body: manifest });
    expect(applied.status, applied.text).toBe(200);
    expect((await running.request("GET", "/api/v1/systems/triage-desk")).body.tier).toMatch(/^T[23]$/);
    whole = await pack();
  });

  test("every item is answered or names its gap; none is left to 'not recorded' alone", () => {
    const { section } = whole;
    expectNothingSilent(section);
    for (const { id } of asked) for (const one of section(id).items) expect(one.status, `${id} ${one.item}`).not.toBe("not recorded");
  });

  test("its technical file is filled from the record, each point of Annex IV with what is missing and who can say it", () => {
    const { text, section } = whole;
    const file = JSON.parse(text("documentation/triage-desk/annex-iv.json")) as { points: { point: string; state: string; gap: string | null; documents: { name: string }[]; facts: Row }[] };
    expect(file.points.map((one) => one.point)).toEqual([...annexIvPoints]);
    const point = (name: string) => file.points.find((one) => one.point === name)!;
    expect(point("1a").facts).toMatchObject({ purposes: [{ id: "triage" }], roles: [expect.stringContaining("deployer halden")] });
    expect(point("1h")).toMatchObject({ state: "recorded", gap: null, documents: [{ name: "manual" }] });
    expect(point("8")).toMatchObject({ state: "not recorded", gap: expect.stringContaining("legal reviewer") });
    expect(point("2d").facts).toMatchObject({ datasets: [{ name: "claims-archive" }] });
    expect(point("6").facts).toMatchObject({ versions: [{ number: 1 }] });
    expect(itemOf(section("E06"), "Annex IV outline filled from the record with gaps marked").data).toMatchObject({ rows: [{ system: "triage-desk", file: "documentation/triage-desk/annex-iv.json", points: annexIvPoints.length }], gaps: [expect.stringMatching(/^triage-desk: points .*8.*owner tom@halden\.example/)] });
  });

  test("its model card and bill of materials are exports that the checker accepts", async () => {
    const { text } = whole;
    for (const name of ["model-card.md", "bom.cdx.json"]) {
      const content = text(`documentation/triage-desk/${name}`);
      expect(content).toContain("triage-desk");
      const checked = await checkExport({ firstLine: async () => content.split("\n", 1)[0]!, text: async () => content, lines: async function* () { yield* content.split("\n"); } });
      expect(checked, name).toMatchObject({ ok: true, problems: [] });
    }
  });

  test("where its data goes is told as granted and as declared, and what nobody knows of a dataset is a gap with its owner", () => {
    const { text, section } = whole;
    const { edges, gaps } = JSON.parse(text("documentation/triage-desk/data-lineage.json")) as { edges: Row[]; gaps: string[] };
    expect(edges).toContainEqual(expect.objectContaining({ from: "dataset:claims-archive", to: "system:triage-desk", basis: "granted" }));
    expect(edges).toContainEqual(expect.objectContaining({ from: "dataset:claims-archive", to: "vendor:modelhouse", basis: "declared" }));
    expect(gaps).toContainEqual(expect.stringMatching(/^dataset:claims-archive: where it comes from.*owner dana@halden\.example/));
    expect(section("E06").gaps.some((gap) => gap.startsWith("data lineage: triage-desk: dataset:claims-archive"))).toBe(true);
  });

  test("an impact assessment and an exit plan are named; without one whoever owes it is", async () => {
    expect(itemOf(whole.section("E05"), "impact assessments").data).toMatchObject({ rows: [{ system: "triage-desk", asked: true, documents: [] }], gaps: [expect.stringMatching(/^triage-desk \(T\d\): not recorded: owner bea@halden\.example/)] });
    expect(itemOf(whole.section("E12"), "exit plans").data).toMatchObject({ rows: [{ vendor: "modelhouse", systems: ["triage-desk"], plans: [] }], gaps: [expect.stringContaining("vendor:modelhouse: not recorded: owner bea@halden.example")] });
    expect((await running.request("POST", "/api/v1/apply", { body: documents })).status).toBe(200);
    const { section } = await pack();
    expect(itemOf(section("E05"), "impact assessments").data).toMatchObject({ rows: [{ documents: [{ name: "claims-dpia", type: "dpia" }] }], gaps: [] });
    expect(itemOf(section("E12"), "exit plans").data).toMatchObject({ rows: [{ plans: [{ name: "leave-modelhouse" }] }], gaps: [] });
  });

  test("what is not asked for at a system's tier is no gap, and what the record answers is not said to lack", async () => {
    expect((await running.request("POST", "/api/v1/apply", { body: lowRisk })).status).toBe(200);
    const { section } = await pack({ system: "word-counter" });
    expect(itemOf(section("E05"), "impact assessments").data).toMatchObject({ gaps: [], rows: [{ system: "word-counter", asked: false }] });
    expect(itemOf(section("E06"), "Annex IV outline filled from the record with gaps marked").data).toMatchObject({ gaps: [], rows: [{ system: "word-counter", asked: false }] });
    expect(itemOf(section("E07"), "policy versions with tests").data.gaps).toEqual([]);
    expect(itemOf(section("E07"), "reassessments and their triggers").data.gaps).toEqual([]);
    expect(itemOf(section("E09"), "latency and approval-rate outliers").data.gaps).toEqual([]);
  });

  test("a role that was taken away stays in the matrix of authority with its end", async () => {
    const invite = (roles: string[]) => running.request("POST", "/api/v1/people", { body: { email: "aud@halden.example", name: "Aud", roles } });
    const first = await invite(["auditor"]);
    expect(first.status, first.text).toBeLessThan(300);
    const second = await invite(["developer"]);
    expect(second.status, second.text).toBeLessThan(300);
    const { data } = itemOf((await pack()).section("E03"), "approval authority matrix") as unknown as { data: { gaps: string[]; ended: Row[] } };
    expect(data.gaps).toEqual([]);
    expect(data.ended).toEqual([expect.objectContaining({ person: "aud@halden.example", role: "auditor", grantedAt: expect.any(String), endedAt: expect.any(String) })]);
  });

  test("the sample is drawn by the head that the pack itself ends in, so that anybody draws it again", async () => {
    const ids = Array.from({ length: 40 }, (_, at) => `dec_${String(at).padStart(26, "0")}`);
    const { org } = (await running.db.organizations())[0]!;
    await running.db.transaction(org, async (tx) => {
      for (const id of ids)
        await sql`insert into decision (org, id, at, outcome, reason, system, action, resource, surface, policy_version, register_version) values (${org}, ${id}, now(), 'allow', 'test', 'triage-desk', 'model.call', 'model:triage-model', 'chat', 'p', 1)`.execute(tx);
    });
    const { section, text } = await pack({ system: "triage-desk" });
    const { data } = itemOf(section("E08"), "sample of 25 or more decisions with full trace") as unknown as { data: { drawnBy: string; rows: { id: string }[] } };
    expect(text("logs/meta/checkpoint")).toContain(data.drawnBy);
    const value = (id: string): string => createHash("sha256").update(`${data.drawnBy} ${id}`).digest("hex");
    expect(data.rows.map((row) => row.id)).toEqual(ids.toSorted((a, b) => (value(a) < value(b) ? -1 : 1)).slice(0, 25));
  });

  test("a pack of another system holds nothing of it", async () => {
    const { zip, text } = await pack({ system: "someone-else" });
    for (const path of zip.paths) if (/^(?:sections|documentation)\//.test(path)) expect(text(path), path).not.toMatch(/triage-desk|modelhouse|dana@/);
  });
});

const manifest = `apiVersion: v1
kind: LegalEntity
metadata: { name: halden }
spec: { name: Halden AG, jurisdiction: DE }
---
apiVersion: v1
kind: Vendor
metadata: { name: modelhouse }
spec: { visibility: full, regions: [EEA] }
---
apiVersion: v1
kind: Model
metadata: { name: triage-model }
spec: { protocol: openai, endpoint: "https://models.example", vendor: vendor:modelhouse, region: EEA, maxSensitivity: confidential }
---
apiVersion: v1
kind: Dataset
metadata: { name: claims-archive }
spec: { owner: dana@halden.example, sensitivity: confidential, classes: [personal], region: EEA, retention: 90d }
---
apiVersion: v1
kind: DataFlow
metadata: { name: archive-to-model }
spec: { system: system:triage-desk, from: dataset:claims-archive, to: vendor:modelhouse, classes: [personal], region: EEA }
---
apiVersion: v1
kind: AISystem
metadata: { name: triage-desk }
spec:
  title: Claims triage
  purposes: [{ id: triage, text: Sort insurance claims }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  roles: [{ entity: halden, role: deployer, jurisdiction: DE }]
  affected: [customers]
  boundary: { sensitivity: confidential, classes: [personal], regions: [EEA] }
  intake: { prohibited: [], annex3: [ANX-III.5.c], annex1: false, article6_3: false, decisionEffect: informs, profiling: false, euNexus: true }
  uses: { models: [model:triage-model], datasets: [dataset:claims-archive] }
---
apiVersion: v1
kind: Document
metadata: { name: manual }
spec: { title: Instructions for use, type: technical, owner: tom@halden.example, systems: [system:triage-desk], annex4: [1h] }
`;

const lowRisk = `apiVersion: v1
kind: AISystem
metadata: { name: word-counter }
spec:
  title: Word counter
  purposes: [{ id: count, text: Count words }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  affected: []
  boundary: { sensitivity: public, classes: [], regions: [EEA] }
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true }
`;

const documents = `apiVersion: v1
kind: Document
metadata: { name: claims-dpia }
spec: { title: Impact on claimants, type: dpia, owner: bea@halden.example, systems: [system:triage-desk] }
---
apiVersion: v1
kind: Document
metadata: { name: leave-modelhouse }
spec: { title: Leaving the model house, type: exit-plan, owner: bea@halden.example, vendor: vendor:modelhouse }
`;
