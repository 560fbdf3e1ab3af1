import { spawn } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "mandate-backups-"));
const inFolder = (name: string): string => join(folder, name);
const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const secretWords = "the aubergine budget";

let mandate: Mandate;
let upstream: Upstream;
let key = "";
let taken = "";

/** A command on the server's machine, with its data directory unless another is given. */
async function onHost(arguments_: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const own = { MANDATE_DATA_DIR: mandate.dataDir, MANDATE_PORT: new URL(mandate.url).port, MANDATE_GATEWAY_PORT: new URL(mandate.gateway).port };
  const child = spawn(process.execPath, [cli, ...arguments_], { env: { ...process.env, NO_COLOR: "1", ...own, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}

const call = async (words: string) => {
  const answer = await mandate.call("/v1/chat/completions", key, chat(words));
  expect(answer.status, answer.text).toBe(200);
};
const decisions = async (): Promise<number> => ((await mandate.api("GET", "/decisions?limit=100")).body.items as unknown[]).length;
async function backup(): Promise<string> {
  const { code, stdout, stderr } = await onHost(["backup", "--to", inFolder("kept")]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}
const people = ["--token-file", inFolder("ada.token"), inFolder("grace.token"), "--reason", "disk failed"];
/** A copy to do harm to. */
function copyOf(backupFolder: string, name: string): string {
  cpSync(backupFolder, inFolder(name), { recursive: true });
  return inFolder(name);
}

beforeAll(async () => {
  [upstream, mandate] = await Promise.all([startUpstream(), startMandate()]);
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
  for (const [name, role] of [["ada", "governance-lead"], ["grace", "technical-owner"]] as const) {
    const email = `${name}@halden.example`;
    expect((await mandate.api("POST", "/people", { email, name, roles: [role] })).status).toBeLessThan(300);
    writeFileSync(inFolder(`${name}.token`), await mandate.personToken(email));
  }
  for (let at = 0; at < 3; at += 1) await call(`${secretWords} ${at}`);
}, 120_000);
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a backup", () => {
  test("is taken while calls go on, and holds nothing that opens without the master key", async () => {
    await expect.poll(decisions, { timeout: 10_000 }).toBe(3);
    const calls = Promise.all(Array.from({ length: 10 }, (_, at) => call(`during ${at}`)));
    taken = await backup();
    await calls;
    const all = readdirSync(taken, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(all.some((entry) => entry.name === "master-key")).toBe(false);
    const bearer = readFileSync(inFolder("ada.token"), "utf8").trim();
    for (const entry of all) {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      const text = (entry.name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
      for (const secret of [secretWords, key, bearer]) expect(text.includes(secret), `${entry.name} holds ${secret.slice(0, 6)}…`).toBe(false);
    }
  });

  test("verifies: loaded elsewhere, every entry hashed again, nothing of the installation touched", async () => {
    const { code, stdout, stderr } = await onHost(["restore", taken, "--verify", "-o", "json"]);
    expect(code, stderr).toBe(0);
    const checked = JSON.parse(stdout) as { rows: number; entries: number; keys: string; logs: unknown[] };
    expect(checked.keys).toBe("there");
    expect(checked.entries).toBeGreaterThan(10);
    expect(checked.logs.length).toBeGreaterThanOrEqual(3);
    await call("still served");
  });

  test.each([
    ["a row altered", (at: string) => truncateSync(join(at, "tables/people.gz"), 40), "tables/people.gz"],
    ["a table missing", (at: string) => rmSync(join(at, "tables/evidence_entry.gz")), "tables/evidence_entry.gz is missing"],
    ["the manifest rewritten to match", (at: string) => appendFileSync(join(at, "manifest.json"), "\n"), "altered, or it is another installation's"],
    ["one key taken out", (at: string) => rmSync(join(at, "keys/evidence_kek.gz")), "keys/evidence_kek.gz is missing"],
    ["cut off before its end", (at: string) => rmSync(join(at, "manifest.mac")), "no whole backup"],
  ])("is refused with %s", async (name, harm, told) => {
    const harmed = copyOf(taken, name.replaceAll(" ", "-"));
    harm(harmed);
    const { code, stderr } = await onHost(["restore", harmed, "--verify"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(told);
  });

  test("of another installation is refused by its master key, and so is a missing one", async () => {
    const other = mkdtempSync(join(tmpdir(), "mandate-other-"));
    try {
      const missing = await onHost(["restore", taken, "--verify"], { MANDATE_DATA_DIR: other });
      expect(missing.code).not.toBe(0);
      expect(missing.stderr).toContain("holds no master key");
      writeFileSync(join(other, "master-key"), `${"ab".repeat(32)}\n`, { mode: 0o600 });
      const wrong = await onHost(["restore", taken, "--verify"], { MANDATE_DATA_DIR: other });
      expect(wrong.code).not.toBe(0);
      expect(wrong.stderr).toContain("another installation's");
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

describe("a restore", () => {
  test("is refused while the server runs, over a database that is there, by one person, and by nobody", async () => {
    expect((await onHost(["restore", taken, ...people])).stderr).toContain("the server seems to run");
    await mandate.kill("SIGTERM");
    expect((await onHost(["restore", taken])).stderr).toContain("two people and a reason");
    expect((await onHost(["restore", taken, ...people])).stderr).toContain("--replace");
    const alone = await onHost(["restore", taken, "--replace", "--token-file", inFolder("ada.token"), inFolder("ada.token"), "--reason", "x"]);
    expect(alone.code).not.toBe(0);
    expect(alone.stderr).toContain("two people");
    // Whoever was refused left everything as it was.
    mandate = await mandate.restart();
    await call("as before");
  });

  test("puts back what was there, counts what is lost, carries out erasures since, and begins a new epoch", { timeout: 120_000 }, async () => {
    const before = await decisions();
    for (let at = 0; at < 5; at += 1) await call(`after the backup ${at}`);
    await expect.poll(decisions, { timeout: 10_000 }).toBe(before + 5);
    await mandate.kill("SIGTERM");
    // Erased after the backup: known from the data directory alone, and destroyed again before anything serves.
    const erasure = { id: "ers_after_backup", scope: { kind: "system", system: "notes" }, basis: "GDPR Art. 17", askedBy: "ada@halden.example", approval: null, erasedAt: new Date().toISOString() };
    appendFileSync(join(mandate.dataDir, "erasures.jsonl"), `${JSON.stringify(erasure)}\n`);

    const done = await onHost(["restore", taken, "--replace", ...people, "-o", "json"]);
    expect(done.code, done.stderr).toBe(0);
    const restored = JSON.parse(done.stdout) as { setAside: string; epoch: { lost: Record<string, number>; people: string[] } };
    expect(restored.epoch.people.sort()).toEqual(["ada@halden.example", "grace@halden.example"]);
    expect(Object.values(restored.epoch.lost).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);
    expect(readdirSync(restored.setAside)).toContain("PG_VERSION");

    mandate = await mandate.restart();
    await call("and on it goes");
    expect(mandate.output()).toContain("erasures were carried out again");
    const erased = (await mandate.api("GET", "/evidence/erasures")).body.items as { id: string }[];
    expect(erased.map((one) => one.id)).toContain(erasure.id);
    const findings = (await mandate.api("GET", "/findings?limit=100")).body.items as { title: string }[];
    expect(findings.some((one) => one.title.includes("older database was restored"))).toBe(true);
    const pack = inFolder("pack.zip");
    expect((await runCli(mandate, ["evidence", "pack", "-f", pack])).code).toBe(0);
    expect((await runCli(null, ["evidence", "verify", pack])).code).toBe(0);
  });

  test("goes to a machine that has nothing but the backup and the master key; cut off, nothing serves until it is finished", { timeout: 120_000 }, async () => {
    const newest = await backup();
    const fresh = mkdtempSync(join(tmpdir(), "mandate-fresh-"));
    const ports = { MANDATE_PORT: "1", MANDATE_GATEWAY_PORT: "2" };
    try {
      cpSync(join(mandate.dataDir, "master-key"), join(fresh, "master-key"));
      const env = { MANDATE_DATA_DIR: fresh, ...ports };
      // What a killed restore leaves.
      writeFileSync(join(fresh, "restore-unfinished.json"), JSON.stringify({ folder: newest, takenAt: (JSON.parse(readFileSync(join(newest, "manifest.json"), "utf8")) as { takenAt: string }).takenAt, loaded: false }));
      const early = await onHost(["serve"], { ...env, MANDATE_PORT: "0" }).catch(() => null);
      expect(early?.code).not.toBe(0);
      await expect(startMandate({ dataDir: fresh })).rejects.toThrow(/isn't finished/);
      const done = await onHost(["restore", newest, ...people], env);
      expect(done.code, done.stderr).toBe(0);
      const there = await startMandate({ dataDir: fresh });
      const answer = await there.call("/v1/chat/completions", key, chat("from the new machine"));
      expect(answer.status, answer.text).toBe(200);
      await there.stop();
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });

  test("after the keys' time brings everything but what opens content", { timeout: 120_000 }, async () => {
    const fresh = mkdtempSync(join(tmpdir(), "mandate-late-"));
    const late = inFolder("late.mjs");
    // 36 days later; the tokens of the two are older than that, so this looks and does not restore.
    writeFileSync(late, "const real = Date.now; Date.now = () => real() + 36 * 86_400_000;");
    try {
      const { code, stdout, stderr } = await onHost(["restore", taken, "--verify", "-o", "json"], { NODE_OPTIONS: `--import=${late}` });
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ keys: "ended" });
      const again = await onHost(["backup", "--to", inFolder("kept")], { NODE_OPTIONS: `--import=${late}` });
      expect(again.code, again.stderr).toBe(0);
      expect(readdirSync(taken)).not.toContain("keys");
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });
});
