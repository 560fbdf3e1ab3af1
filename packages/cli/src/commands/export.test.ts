import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportFormatNames, renderExport } from "@mandate/frameworks/exports";
import type { ExportSource } from "@mandate/frameworks/exports";
import { seededCorruptions } from "@mandate/frameworks/exports/testing";
import { afterAll, expect, test } from "vitest";
import { run } from "../program.ts";
import { fakeTerminal, type FakeOptions } from "../testing/fake-terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "mandate-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function cli(line: string, options: FakeOptions = {}) {
  const terminal = fakeTerminal({ cwd: folder, ...options });
  return { code: await run(line.split(" "), terminal), out: terminal.stdout(), err: terminal.stderr(), requests: terminal.requests };
}

async function catalog(): Promise<string> {
  const facts = { organization: { id: "org_1", name: "Halden" }, exportedAt: "2026-05-01T09:00:00.000Z", exportedBy: "ada@halden.example", registerVersion: 1, position: [{ origin: "localhost/org/control/1", size: 3, root: Buffer.alloc(32).toString("base64") }], systems: null, systemFacts: [], measured: [] };
  let text = "";
  for await (const part of renderExport("oscal-catalog", { facts } as unknown as ExportSource)) text += part;
  return text;
}

test("export check exits 0 for what means what it says, and 1 with each problem's place for what doesn't", async () => {
  writeFileSync(join(folder, "good.json"), await catalog());
  const good = await cli("export check good.json");
  expect(good.err).toBe("");
  expect(good.code).toBe(0);
  writeFileSync(join(folder, "bad.json"), (await catalog()).replace('"OWN-01"', '"OWN-91"'));
  const bad = await cli("export check bad.json");
  expect(bad.code).toBe(1);
  expect(bad.out).toContain("control.unknown at /catalog/groups/0/controls/0/id");
  const json = await cli("export check bad.json -o json");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({ ok: false, format: "oscal-catalog" });
});

test.each(exportFormatNames)("export check exits 1 for each seeded corruption of %s, and names it", async (format) => {
  const seeded = await seededCorruptions(format);
  expect(seeded.length).toBeGreaterThanOrEqual(5);
  for (const [at, { code, text }] of seeded.entries()) {
    writeFileSync(join(folder, `${format}-${at}`), text);
    const checked = await cli(`export check ${format}-${at} -o json`);
    expect(checked.code, `${format} ${code}`).toBe(1);
    expect((JSON.parse(checked.out) as { problems: { code: string }[] }).problems.map((one) => one.code), `${format} ${code}`).toContain(code);
  }
});

test("a file that isn't there, a folder or another file is not fine", async () => {
  writeFileSync(join(folder, "other.json"), '{"hello":1}');
  for (const name of ["nowhere.json", ".", "other.json"]) expect((await cli(`export check ${name}`)).code, name).toBe(1);
});

test("an export is asked for by format and system and written whole; an unknown format asks nobody", async () => {
  const server = { "POST /api/v1/exports/cyclonedx": { text: '{"bomFormat":"CycloneDX"}' } };
  const done = await cli("export cyclonedx --system notes -f bom.json --url http://localhost:4600 --token t", { server });
  expect(done, done.err).toMatchObject({ code: 0, requests: [{ method: "POST", body: '{"system":"notes"}' }] });
  expect(readFileSync(join(folder, "bom.json"), "utf8")).toBe('{"bomFormat":"CycloneDX"}');
  const unknown = await cli("export pdf -f x --url http://localhost:4600 --token t");
  expect(unknown).toMatchObject({ code: 1, requests: [] });
  expect(unknown.err).toContain("oscal-poam");
});

test("an address that events can't go to is refused before anything is asked", async () => {
  expect(await cli("export stream set siem --to ftp://x --reason why --url http://localhost:4600 --token t")).toMatchObject({ code: 1, requests: [] });
});
