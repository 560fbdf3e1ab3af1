import type { RegisterFacts } from "@mandate/model";
import { now, registerFacts, systemFacts, toolFacts } from "@mandate/policy/testing";
import { expect, test } from "vitest";
import { reachTable } from "./reach-table.ts";

const base = registerFacts();
const grants = { models: ["mistral-large-2"], tools: [], datasets: [], prompts: [], destinations: [] };
const dataset = { ...base.datasets[0]!, name: "customers" };
const facts: RegisterFacts = {
  ...base,
  datasets: [...base.datasets, dataset],
  tools: [...base.tools, toolFacts({ name: "crm.read", returns: "customers" }), toolFacts({ name: "crm.move", returns: "customers", changed: true })],
  models: [...base.models, { ...base.models[0]!, name: "far-away", region: "US", vendor: "acme" }],
  systems: [
    systemFacts({ name: "desk", policies: [], grants: { ...grants, tools: ["crm.read", "crm.move"], datasets: ["customers"], models: ["mistral-large-2", "far-away"] } }),
    systemFacts({ name: "stopped", policies: [], status: "refused", statusCode: "system_suspended", lifecycle: "suspended", grants: { ...grants, tools: ["crm.read"], datasets: ["customers"] } }),
    systemFacts({ name: "wanting", policies: [], grants, differences: ["dataset:customers"] }),
  ],
};
const rows = (filter: object) => reachTable(facts, filter, 100, now).rows.map((row) => [row.system, row.node.id, row.outcome]);

test("who reaches a dataset, through which tools; who is stopped or only asks for it doesn't", () => {
  expect(rows({ of: "dataset:customers" })).toEqual([
    ["desk", "dataset:customers", "allow"],
    ["stopped", "dataset:customers", "deny"],
    ["wanting", "dataset:customers", "deny"],
  ]);
  expect(reachTable(facts, { of: "dataset:customers", system: "desk" }, 100, now).rows[0]!.through).toEqual(expect.arrayContaining(["tool:crm.read"]));
});

test("what a call with nothing in it is refused is never shown as reached, though it was granted", () => {
  const { rows: found } = reachTable(facts, { system: "desk" }, 100, now);
  const of = (id: string) => found.find((row) => row.node.id === id);
  expect(of("model:far-away"), "outside its regions").toMatchObject({ outcome: "deny", terms: expect.stringContaining("regions") });
  expect(of("tool:crm.move"), "not the definition that was reviewed").toMatchObject({ outcome: "deny" });
  expect(of("tool:crm.read"), JSON.stringify(of("tool:crm.read"))).toMatchObject({ outcome: "allow" });
});

test("what exists only to be refused is nobody's system", () => {
  const probed = { ...facts, systems: [...facts.systems, systemFacts({ name: "probe:open", policies: [], grants: { ...grants, tools: ["crm.read"] } })] };
  expect(reachTable(probed, {}, 100, now).rows.filter((row) => row.system.startsWith("probe:"))).toEqual([]);
});

test("a bound says how many there are", () => {
  const bounded = reachTable(facts, {}, 2, now);
  expect(bounded.rows).toHaveLength(2);
  expect(bounded.total).toBe(reachTable(facts, {}, 100, now).rows.length);
});
