import { afterAll, beforeAll, expect, it } from "vitest";
import { sql } from "kysely";
import { bootstrap, openTestRegister } from "../authorization/testing.ts";
import { RowMirror } from "./row-mirror.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());

const settings = () => new RowMirror<{ key: string; value: unknown }, { key: string; value: unknown }>({ table: "settings", columns: sql`key, value`, key: (row) => row.key, make: (row) => ({ ...row }) });

it("an organization's own rows alone, and another organization's from nothing", async () => {
  const [one, other] = [(await register.organization())(bootstrap), (await register.organization())(bootstrap)];
  const put = (org: string, key: string) => register.db.transaction(org, (tx) => sql`insert into settings (org, key, value, changed_at, changed_by) values (${org}, ${key}, '1', now(), 'test')`.execute(tx));
  await put(one.org, "a");
  await put(other.org, "b");
  const mirror = settings();
  const read = (org: string) => register.db.read(org, async (tx) => [...(await mirror.read(tx, org)).keys()].toSorted(), { isolation: "repeatable read" });
  const before = await read(one.org);
  expect(before).toContain("a");
  expect(await read(other.org)).not.toContain("a");
  expect(await read(one.org)).toEqual(before);
  await put(one.org, "c");
  expect(await read(one.org)).toEqual([...before, "c"].toSorted());
});

it("a transaction whose statements see different states is refused: what it misses would be missed for good", async () => {
  const { org } = (await register.organization())(bootstrap);
  await expect(register.db.read(org, (tx) => settings().read(tx, org))).rejects.toThrow(/one state/);
});
