import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bootstrap, openTestRegister } from "../authorization/testing.ts";
import { usedBefore } from "./used-before.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());

it("counts what went out today and this month, calls of tools through MCP included, and nothing that was refused, only asked about, or older", async () => {
  const { org } = (await register.organization())(bootstrap);
  const rows: readonly (readonly [at: string, outcome: string, action: string, surface: string, tokens: number])[] = [
    ["2026-11-20T00:00:00Z", "allow", "model.call", "openai-chat", 10],
    ["2026-11-20T08:00:00Z", "allow", "model.call", "openai-chat", 5],
    ["2026-11-19T23:59:59Z", "allow", "model.call", "openai-chat", 100],
    ["2026-10-31T23:59:59Z", "allow", "model.call", "openai-chat", 1000],
    ["2026-11-20T08:00:00Z", "deny", "model.call", "openai-chat", 1],
    ["2026-11-20T08:00:00Z", "allow", "tool.call", "openai-chat", 1],
    ["2026-11-20T08:00:00Z", "allow", "model.call", "authzen", 1],
    ["2026-11-20T08:00:00Z", "allow", "tool.call", "mcp", 0],
    ["2026-11-19T08:00:00Z", "allow", "tool.call", "mcp", 0],
    ["2026-11-20T08:00:00Z", "deny", "tool.call", "mcp", 0],
  ];
  await register.db.transaction(org, async (tx) => {
    for (const [index, [at, outcome, action, surface, tokens]] of rows.entries())
      await sql`insert into decision (org, id, at, outcome, reason, system, action, resource, surface, input_tokens, output_tokens, policy_version, register_version)
        values (${org}, ${`dec_${index}`}, ${at}, ${outcome}, 'test', 'helper', ${action}, 'model:local', ${surface}, ${tokens}, ${tokens * 2}, 'p', 1)`.execute(tx);
  });
  const options = { org, nowMs: Date.parse("2026-11-20T09:00:00Z"), assumed: { input: 3, output: 15 }, unknownTokens: { input: 0, output: 0 }, origins: null };
  // The price of the day counts: what was spent before a new one keeps its own.
  const models = [{ name: "local", prices: [{ from: Date.parse("2026-11-01") / 1000, input: 1, output: 2 }, { from: Date.parse("2026-11-20") / 1000, input: 10, output: 20 }] }];
  const used = await register.db.read(org, (tx) => usedBefore(tx, { ...options, models }));
  expect(used).toEqual([{ system: "helper", credential: null, calls: 3, tokens: 45, microEuros: 750, microEurosThisMonth: 750 + 500 }]);
  const assumed = await register.db.read(org, (tx) => usedBefore(tx, { ...options, models: [] }));
  expect(assumed[0]).toMatchObject({ microEuros: 15 * 3 + 30 * 15 });
});
