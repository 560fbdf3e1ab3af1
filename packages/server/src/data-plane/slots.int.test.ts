import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfiguration } from "../configuration.ts";
import { jsonLog } from "../log.ts";
import { openServer } from "../server.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

const masterKey = new Uint8Array(32).fill(6);
const directories: string[] = [];
let first: TestServer;
beforeAll(async () => void (first = await startTestServer({}, { masterKey })));
afterAll(async () => {
  await first?.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** `mandate serve` once more on the same database, with a data directory of its own that holds nothing. */
async function another() {
  const directory = mkdtempSync(join(tmpdir(), "mandate-second-"));
  directories.push(directory);
  let logged = "";
  const server = await openServer({
    configuration: readConfiguration({ MANDATE_DATA_DIR: directory }),
    db: first.db,
    organization: { org: first.server.org, name: "test" },
    masterKey,
    now: Date.now,
    random: (bytes) => randomFillSync(bytes),
    log: jsonLog((line) => (logged += line), Date.now),
    sample: false,
    internalToken: "internal-token-of-the-test-server-000001",
  });
  return { server, logged: () => logged };
}

const closedOf = async (): Promise<Record<string, boolean>> => {
  const { rows } = await first.db.read(first.server.org, (tx) => sql<{ writer: string; closed: boolean }>`select writer, closed_at is not null as closed from evidence_log where org = ${first.server.org} and writer like 'gw-%'`.execute(tx));
  return Object.fromEntries(rows.map((row) => [row.writer, row.closed]));
};

test("a second control plane on the same database leaves the log of one that lives alone, and says so; one that is gone ends", async () => {
  const [mine] = Object.keys(await closedOf());
  const second = await another();
  expect((await closedOf())[mine!]).toBe(false);
  expect(second.logged()).toContain("another control plane writes to this database; its log stays open");
  const others = Object.keys(await closedOf()).filter((name) => name !== mine);
  await second.server.close();
  // The first dies: nobody ends its slot, and it is silent for longer than any that lives.
  await first.db.transaction(first.server.org, (tx) => sql`update own_slot set seen_at = clock_timestamp() - interval '1 minute' where org = ${first.server.org}`.execute(tx));
  const third = await another();
  expect(await closedOf()).toMatchObject({ [mine!]: true, [others[0]!]: true });
  await third.server.close();
});
