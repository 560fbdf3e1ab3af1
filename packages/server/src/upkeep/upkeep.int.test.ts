import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

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
  expect(first.evidence.daysLeft).toBe(Math.floor(first.disk.freeBytes / first.evidence.bytesPerDay));
  running.advance(10 * 86_400_000);
  const later = await upkeep();
  expect(later.evidence.entries).toBeGreaterThanOrEqual(first.evidence.entries);
  expect(later.evidence.entriesPerDay).toBeLessThan(first.evidence.entriesPerDay / 4);
  running.advance(-10 * 86_400_000);
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
