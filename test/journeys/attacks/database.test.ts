import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "../harness.ts";

// An administrator who holds the database's own password, and the data directory.

let mandate: Mandate;
let upstream: Upstream;
const keys: Record<string, string> = {};
const kept = mkdtempSync(join(tmpdir(), "mandate-kept-"));

/** As the database's superuser, with triggers off: what an administrator can do, the product's own rules don't stop. */
async function intrude(text: string, values: unknown[] = [], triggers: "on" | "off" = "off"): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: readFileSync(join(mandate.dataDir, "database-url"), "utf8").trim() });
  await client.connect();
  try {
    if (triggers === "off") await client.query("set session_replication_role = replica");
    const { rows, rowCount } = await client.query(text, values);
    expect(rowCount, text).toBeGreaterThan(0);
    return rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const call = async (name: string) => {
  const before = upstream.requests.length;
  const answer = await mandate.call("/v1/chat/completions", keys[name]!, chat("hello"));
  if (answer.status !== 200) expect(upstream.requests.length).toBe(before);
  return [answer.status, answer.body?.error?.code ?? null];
};
/** A new snapshot, by something that touches no system. */
const publish = async () => void (await mandate.credential("bystander"));
const verify = (...more: string[]) => runCli(mandate, ["evidence", "verify", ...more, "-o", "json"]);
const problems = (stdout: string) => (JSON.parse(stdout) as { problems: { code: string; path: string; index: number | null }[] }).problems;

beforeAll(async () => {
  [upstream, mandate] = await Promise.all([startUpstream(), startMandate()]);
  for (const name of ["bystander", "notes"]) {
    const applied = await mandate.apply(smallManifest(upstream.url, name));
    expect(applied.status, applied.text).toBe(200);
    keys[name] = (await mandate.credential(name)).key;
    expect(await call(name)).toEqual([200, null]);
  }
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(kept, { recursive: true, force: true });
});

describe("rows of the register changed past the product widen nothing", () => {
  test("a later end of an authorization", async () => {
    const ends = new Date(Date.now() + 3_000).toISOString();
    expect((await mandate.apply(smallManifest(upstream.url, "ending").replace("  audience:", `  pilot: { ends: "${ends}" }\n  audience:`))).status).toBe(200);
    keys.ending = (await mandate.credential("ending")).key;
    expect(await call("ending")).toEqual([200, null]);
    await intrude("update authorizations set ends = ends + interval '1 year' where system = 'ending'");
    await publish();
    await expect.poll(() => call("ending"), { timeout: 10_000, interval: 200 }).toEqual([403, "authorization_expired"]);
  });

  test("a revoked authorization made granted again", async () => {
    expect((await mandate.apply(smallManifest(upstream.url, "taken"))).status).toBe(200);
    keys.taken = (await mandate.credential("taken")).key;
    const { body } = await mandate.api("GET", "/systems/taken");
    const revoked = await mandate.api("POST", `/authorizations/${body.authorization.id}/revoke`, { reason: "a test" });
    expect(revoked.status, revoked.text).toBe(200);
    expect((await call("taken"))[0]).toBe(403);
    await intrude("update authorizations set state = 'granted' where id = $1", [body.authorization.id]);
    await publish();
    expect((await call("taken"))[0]).toBe(403);
  });

  test("another content under the digest that was approved", async () => {
    const [{ manifest }] = (await intrude("select manifest::text as manifest from system_versions where system = 'notes'")) as [{ manifest: string }];
    await intrude("update system_versions set manifest = replace(manifest::text, 'summarize', 'profile')::jsonb where system = 'notes'");
    await publish();
    const refused = await mandate.call("/v1/chat/completions", keys.notes!, chat("hello"));
    expect(refused.body.error, refused.text).toMatchObject({ code: "not_authorized", param: "authorization", rule: "live-authorization" });
    await intrude("update system_versions set manifest = $1::jsonb where system = 'notes'", [manifest]);
    await publish();
    expect(await call("notes")).toEqual([200, null]);
  });

  test.each([
    ["a revoked key", "update credentials set state = 'active' where state = 'revoked'"],
    ["a key's end", "update credentials set not_after = not_after + interval '1 year'"],
    ["a key's system", "update credentials set system = 'notes' where system = 'bystander'"],
    ["a key's scope", "update credentials set scope = '{}'"],
    ["a key's purposes", "update credentials set purposes = '{anything}'"],
    ["the history of an authorization", "update authorization_history set ends = ends + interval '1 year'"],
    ["an approved version", "update system_versions set manifest = manifest"],
  ])("%s: the database itself refuses the statement", async (_name, statement) => {
    const { id } = await mandate.credential("bystander");
    expect((await mandate.api("POST", `/credentials/${id}/revoke`, { reason: "a test" })).status).toBe(200);
    await expect(intrude(statement, [], "on")).rejects.toThrow(/revoked|never change|append-only/);
  });
});

describe("evidence changed past the product is named where it was changed", () => {
  const gatewayLog = "origin like '%/gw-%'";
  const changed = async (there: string, back: string, code: string) => {
    await intrude(there);
    const { code: exit, stdout } = await verify();
    expect(exit, stdout).toBe(6);
    expect(problems(stdout).map((problem) => problem.code)).toContain(code);
    const pack = await runCli(mandate, ["evidence", "pack", "-f", join(kept, "altered.zip")]);
    expect(pack.code, "no pack is made of it").toBe(6);
    await intrude(back);
    expect((await verify()).code).toBe(0);
    return problems(stdout);
  };
  const swap = (from: string, to: string) => `update evidence_entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '${from}', '${to}'), 'UTF8') where ${gatewayLog} and index = 1`;

  test("an entry", async () => {
    const found = await changed(swap('"allow"', '"denyx"'), swap('"denyx"', '"allow"'), "entry.altered");
    expect(found.find((problem) => problem.code === "entry.altered")).toMatchObject({ index: 1, path: expect.stringContaining("/gw-") });
  });

  test("a payload", async () => {
    const flip = "update evidence_payload set bytes = set_bit(bytes, 100, 1 - get_bit(bytes, 100)) where ct = (select min(ct) from evidence_payload)";
    await changed(flip, flip, "payload.altered");
  });

  test("the newest entries taken away, against the signed head; and the start refuses", async () => {
    const pinned = join(kept, "head");
    expect((await runCli(mandate, ["evidence", "head", "-f", pinned])).code).toBe(0);
    await intrude(`delete from evidence_entry where ${gatewayLog} and index >= 1`);
    const { code, stdout } = await verify();
    expect(code, stdout).toBe(6);
    expect(problems(stdout).some((problem) => problem.path.includes("/gw-"))).toBe(true);
    await mandate.kill("SIGTERM");
    await expect(mandate.restart()).rejects.toThrow(/evidence store was altered/);
  });
});

describe("an old copy put back", () => {
  const copy = (from: string, to: string) => {
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  };
  const at = (...path: string[]) => join(mandate.dataDir, ...path);

  beforeAll(async () => {
    await mandate?.stop();
    mandate = await startMandate();
    expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
    keys.notes = (await mandate.credential("notes")).key;
    expect(await call("notes")).toEqual([200, null]);
    await mandate.kill("SIGTERM");
    copy(mandate.dataDir, join(kept, "old"));
    mandate = await mandate.restart();
    for (let i = 0; i < 3; i++) expect(await call("notes")).toEqual([200, null]);
    expect((await runCli(mandate, ["evidence", "head", "-f", join(kept, "head")])).code).toBe(0);
    await mandate.kill("SIGTERM");
    copy(mandate.dataDir, join(kept, "new"));
  });

  test("the database alone: the start refuses, since journal and kept checkpoints know better", async () => {
    copy(join(kept, "old/postgres"), at("postgres"));
    await expect(mandate.restart()).rejects.toThrow(/older|set back|checkpoint|altered/i);
    copy(join(kept, "new"), mandate.dataDir);
  });

  test("the journal alone: nothing is written twice, and what was sequenced stays whole", async () => {
    copy(join(kept, "old/gateway"), at("gateway"));
    const restarted = await mandate.restart().then(
      (started) => (mandate = started),
      (error: unknown) => String(error),
    );
    if (typeof restarted === "string") {
      expect(restarted).toMatch(/journal/i);
      copy(join(kept, "new"), mandate.dataDir);
      return;
    }
    const after = await call("notes");
    expect([200, 503]).toContain(after[0]);
    expect((await verify()).code).toBe(0);
    await mandate.kill("SIGTERM");
    copy(join(kept, "new"), mandate.dataDir);
  });

  test("everything at once: nothing here can tell, and a head kept elsewhere does", async () => {
    copy(join(kept, "old"), mandate.dataDir);
    mandate = await mandate.restart();
    const pack = join(kept, "pack.zip");
    expect((await runCli(mandate, ["evidence", "pack", "-f", pack])).code).toBe(0);
    expect((await runCli(null, ["evidence", "verify", pack])).code).toBe(0);
    const pinned = await runCli(null, ["evidence", "verify", pack, "--pinned", join(kept, "head"), "-o", "json"]);
    expect(pinned.code, pinned.stdout).toBe(6);
    expect(problems(pinned.stdout).length).toBeGreaterThan(0);
  });
});
