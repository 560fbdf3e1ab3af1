import { afterAll, beforeAll, expect, it } from "vitest";
import { sql } from "kysely";
import type { RegisterFacts } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import { CredentialMirror, credentialFacts } from "../credentials/index.ts";
import type { Tx } from "../database/index.ts";
import { bootstrap, concierge, helper, openTestRegister } from "./testing.ts";
import { deriveFacts, KeptFacts } from "./index.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());

/** The same numbers at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const atOnce = <T>(ctx: CommandContext<Tx>, work: (tx: Tx) => Promise<T>): Promise<T> => register.db.read(ctx.org, work, { isolation: "repeatable read" });
const system = (name: string, title: string, more = ""): string => helper({ name, spec: more }).replace("title: Helper", `title: ${title}`);

it("gives what a derivation from nothing gives, after whatever changed, by whatever way", async () => {
  const ctx = (await register.organization())(bootstrap);
  const { org } = ctx;
  const kept = new KeptFacts();
  const compare = async (step: string): Promise<RegisterFacts> => {
    const { clock } = register;
    const [again, whole] = await atOnce(ctx, async (tx) => [await kept.derive(tx, clock.now), await deriveFacts(tx, clock.now)] as const);
    expect(again, step).toEqual(whole);
    return again;
  };
  const edit = (change: ReturnType<typeof sql>): Promise<unknown> => register.db.transaction(org, (tx) => change.execute(tx));
  const at = numbers(7);
  const names = ["ada", "bob", "cyd", "dee", "eve", "Fay"];
  await compare("an empty register");
  await register.apply(ctx, concierge);
  for (const name of names) await register.apply(ctx, system(name, "Helper"));
  await compare("systems");
  const steps: readonly (readonly [string, (name: string) => Promise<unknown>])[] = [
    ["another title", (name) => register.apply(ctx, system(name, `Helper ${at(1000)}`))],
    ["a limit", (name) => register.apply(ctx, system(name, "Helper", `  limits: { callsPerDay: ${at(1000) + 1} }`))],
    ["a model's region", (name) => register.apply(ctx, helper({ name, model: `, maxSensitivity: ${["public", "internal", "confidential"][at(3)]}` }))],
    ["an earlier end past the product", (name) => edit(sql`update authorizations set ends = ends - interval '1 day' where org = ${org} and system = ${name}`)],
    ["a later end past the product", (name) => edit(sql`update authorizations set ends = ends + interval '9 days' where org = ${org} and system = ${name}`)],
    ["a halt", (name) => edit(sql`update system_states set halt = case when halt is null then 'suspended' end where org = ${org} and system = ${name}`)],
    ["another tier until a day", (name) => edit(sql`update system_states set tier_until = ${new Date(register.clock.now + 86_400_000)}, tier_after = 'T1' where org = ${org} and system = ${name}`)],
    ["everything stopped and let go", async () => {
      const { rows } = await register.db.transaction(org, (tx) => sql`update stops set ended_at = now(), ended_reason = 'test' where org = ${org} and ended_at is null returning id`.execute(tx));
      if (rows.length === 0) await edit(sql`insert into stops (org, id, scope, name, reason, by_id, at) values (${org}, ${`stop_${at(1e9)}`}, 'all', '*', 'test', 'x', now())`);
    }],
    ["what they all use gone, and back with the next that is applied", () => edit(sql`delete from register_objects where org = ${org} and kind in ('Model', 'Dataset') and name in ('local', 'handbook')`)],
    ["a tool's effect", () => edit(sql`update register_objects set spec = jsonb_set(spec, '{effect}', ${JSON.stringify(["reads", "writes", "pays"][at(3)])}::jsonb) where org = ${org} and kind = 'Tool'`)],
    ["a tool gone", () => edit(sql`delete from register_objects where org = ${org} and kind = 'Tool' and name = (select min(name) from register_objects where org = ${org} and kind = 'Tool')`)],
    ["a server gone and back", () => edit(sql`update register_objects set name = case when name like 'away.%' then substr(name, 6) else 'away.' || name end where org = ${org} and kind = 'McpServer'`)],
    ["a prompt's text", () => edit(sql`update register_objects set spec = jsonb_set(spec, '{template}', ${JSON.stringify(`Be brief. ${at(100)} {{name}}`)}::jsonb) where org = ${org} and kind = 'Prompt'`)],
    ["a policy's text", () => edit(sql`update register_objects set version = version + 1 where org = ${org} and kind = 'Policy'`)],
    ["gone", (name) => edit(sql`delete from register_objects where org = ${org} and kind = 'AISystem' and name = ${name}`)],
    ["the clock", () => Promise.resolve((register.clock.now += at(20) * 86_400_000))],
    ["nothing", () => Promise.resolve()],
  ];
  for (let n = 0; n < 100; n++) {
    const [what, work] = steps[at(steps.length)]!;
    const name = names[at(names.length)]!;
    await work(name);
    await compare(`step ${n}: ${what} of ${name}`);
  }
  const facts = await compare("the end");
  expect(facts.systems.length).toBeGreaterThan(3);
}, 120_000);

it("does again only what changed: a system that nobody touched is the same object", async () => {
  const ctx = (await register.organization())(bootstrap);
  const kept = new KeptFacts();
  const derive = async () => new Map((await atOnce(ctx, (tx) => kept.derive(tx, register.clock.now))).systems.map((one) => [one.name, one]));
  for (const name of ["ada", "bob"]) await register.apply(ctx, system(name, "Helper"));
  await derive();
  const before = await derive();
  await register.apply(ctx, system("ada", "Another"));
  const after = await derive();
  expect(after.get("ada")).not.toBe(before.get("ada"));
  expect(after.get("bob")).toBe(before.get("bob"));
});

it("keys: the same list as from nothing, after whatever changed, and the same objects where nothing did", async () => {
  const ctx = (await register.organization())(bootstrap);
  const { org } = ctx;
  await register.apply(ctx, system("ada", "Helper"));
  const mirror = new CredentialMirror();
  const read = () =>
    atOnce(ctx, async (tx) => {
      const [again, whole] = [await mirror.read(tx, org), await credentialFacts(tx, org)];
      expect(again).toEqual(whole);
      return again;
    });
  const insert = (from: number, to: number) =>
    register.db.transaction(org, (tx) => sql`insert into credentials (org, id, system, name, key_hash, hint, state, accountable, created_by, created_at, not_after, changed_at)
      select ${org}, 'cred_' || n, 'ada', 'key', encode(sha256((${org} || n)::bytea), 'hex'), '', 'active', 'ann@x.example', 'test', now(), now() + interval '1 day', now() from generate_series(${from}::int, ${to}::int) as n`.execute(tx));
  expect(await read()).toEqual([]);
  await insert(1, 50);
  const before = await read();
  expect(before).toHaveLength(50);
  expect(await read()).toBe(await read());
  await register.db.transaction(org, (tx) => sql`update credentials set state = 'revoked', changed_at = to_timestamp(0) where org = ${org} and id = 'cred_7'`.execute(tx));
  const after = await read();
  expect(after.find((one) => one.id === "cred_7")!.state).toBe("revoked");
  expect(after.find((one) => one.id === "cred_8")).toBe((await read()).find((one) => one.id === "cred_8"));
  // One goes and one comes: the count says nothing, the rows do.
  await register.db.transaction(org, (tx) => sql`delete from credentials where org = ${org} and id in ('cred_3', 'cred_4')`.execute(tx));
  await insert(51, 52);
  expect((await read()).map((one) => one.id)).not.toContain("cred_3");
  // What a transaction wrote that was open during a reading is there once it ends.
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const { promise: wrote, resolve: written } = Promise.withResolvers<void>();
  const open = register.db.transaction(org, async (tx) => {
    await sql`update credentials set state = 'suspended' where org = ${org} and id = 'cred_9'`.execute(tx);
    written();
    await go;
  });
  await wrote;
  await insert(60, 61);
  expect((await read()).find((one) => one.id === "cred_9")!.state).toBe("active");
  resolve();
  await open;
  expect((await read()).find((one) => one.id === "cred_9")!.state).toBe("suspended");
});
