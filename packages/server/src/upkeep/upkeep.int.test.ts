import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { readFigures } from "./figures.ts";

let running: TestServer;
beforeAll(async () => {
  running = await startTestServer();
});
afterAll(() => running?.close());

const upkeep = async () => (await running.request("GET", "/api/v1/upkeep")).body;

test("growth is what was written in the last week, not since ever", async () => {
  for (let at = 0; at < 20; at += 1) expect((await running.request("POST", "/api/v1/people", { body: { email: `p${at}@halden.example`, name: "P", roles: [] } })).status).toBeLessThan(300);
  await running.server.evidence.publishCheckpoints();
  const first = await upkeep();
  expect(first.evidence.entriesPerDay).toBe(first.evidence.entries);
  expect(first.evidence.bytesPerDay).toBeGreaterThan(0);
  expect(first.evidence.kinds.map((one: { kind: string }) => one.kind)).toEqual(["entries", "tree", "content", "keys", "search", "register"]);
  expect(first.evidence.kinds.reduce((sum: number, one: { bytes: number }) => sum + one.bytes, 0)).toBe(first.database.bytes);
  expect(first.evidence.roomBytes).toBe(first.disk.freeBytes);
  expect(first.evidence.daysLeft).toBe(Math.floor(first.disk.freeBytes / first.evidence.bytesPerDay));
  running.advance(10 * 86_400_000);
  const later = await upkeep();
  expect(later.evidence.entries).toBeGreaterThanOrEqual(first.evidence.entries);
  expect(later.evidence.entriesPerDay).toBeLessThan(first.evidence.entriesPerDay / 4);
  running.advance(-10 * 86_400_000);
});

test("a quota ends the room before the disk does, and a database elsewhere has no other", async () => {
  const { server, db, directory } = running;
  const deps = { db, org: server.org, now: running.now, dataDir: directory, isEmbedded: true, quotaBytes: null };
  const { database, evidence } = await readFigures({ ...deps, quotaBytes: 10_000_000_000 });
  expect(evidence.roomBytes).toBe(10_000_000_000 - database.bytes);
  expect(evidence.daysLeft).toBe(Math.floor(evidence.roomBytes! / evidence.bytesPerDay));
  expect((await readFigures({ ...deps, quotaBytes: 1 })).evidence).toMatchObject({ roomBytes: 0, daysLeft: 0 });
  expect((await readFigures({ ...deps, isEmbedded: false })).evidence).toMatchObject({ roomBytes: null, daysLeft: null });
  expect((await readFigures({ ...deps, isEmbedded: false, quotaBytes: 10_000_000_000 })).evidence.roomBytes).toBe(10_000_000_000 - database.bytes);
});

test("the last backup's age is told and measured, and absent where nobody can say", async () => {
  expect((await upkeep()).backup).toBeNull();
  const metrics = async () => (await running.request("GET", "/metrics")).text;
  expect(await metrics()).not.toContain("mandate_backup_age_seconds");
  const file = join(running.directory, "last-backup.json");
  writeFileSync(file, JSON.stringify({ at: new Date(running.now() - 3_600_000).toISOString(), folder: "/srv/x", bytes: 5, rows: 1 }));
  expect((await upkeep()).backup).toMatchObject({ bytes: 5 });
  expect(JSON.stringify(await upkeep()), "where it lies is nobody's business who may only read").not.toContain("/srv/x");
  expect(Number(/^mandate_backup_age_seconds (\d+)/m.exec(await metrics())?.[1])).toBeGreaterThanOrEqual(3_600);
  writeFileSync(file, "torn");
  expect((await upkeep()).backup).toBeNull();
  rmSync(file);
});

test("nobody who isn't signed in learns how much there is", async () => {
  expect((await running.request("GET", "/api/v1/upkeep", { token: null })).status).toBe(401);
});
