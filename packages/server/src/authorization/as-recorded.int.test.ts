import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { bootstrap, helper, openTestRegister } from "./testing.ts";

const day = 86_400_000;
let register: Awaited<ReturnType<typeof openTestRegister>>;
let root: CommandContext<Tx>;

beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());
beforeEach(async () => {
  root = (await register.organization())(bootstrap);
  await register.apply(root, helper());
});

const facts = async () => (await register.facts(root)).systems.find((system) => system.name === "helper")!;

/** As somebody who writes to the table past the product; some other change is what publishes it. */
const editRow = (change: ReturnType<typeof sql>) =>
  root.transact(async (tx, record) => {
    await sql`update authorizations set ${change}`.execute(tx);
    record({ type: "authorization", system: "helper", payload: {} });
  });

it("an end moved in the row alone is the end its history says", async () => {
  const { ends } = (await facts()).authorization!;
  await editRow(sql`ends = ends + interval '1 year'`);
  expect((await facts()).authorization!.ends).toBe(ends);
  register.clock.now += 366 * day;
  expect(await facts()).toMatchObject({ status: "refused", statusCode: "authorization_expired" });
});

it("an earlier end in the row counts: nothing here makes a live one of what was ended", async () => {
  await editRow(sql`starts = starts - interval '2 days', ends = starts - interval '1 day'`);
  expect(await facts()).toMatchObject({ status: "refused" });
});
