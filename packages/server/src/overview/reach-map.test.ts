import type { RegisterFacts } from "@mandate/model";
import { now, registerFacts, systemFacts, toolFacts } from "@mandate/policy/testing";
import { expect, test } from "vitest";
import { reachMap, type UsersOf } from "./reach-map.ts";

const base = registerFacts();
const grants = { models: [], tools: ["mail.send"], datasets: [], prompts: ["tone"], destinations: [] };
const facts: RegisterFacts = {
  ...base,
  tools: [...base.tools, toolFacts({ name: "mail.send" })],
  models: [{ ...base.models[0]!, name: "one", credential: "provider" }, { ...base.models[0]!, name: "two", credential: "provider" }],
  systems: [
    systemFacts({ name: "desk", policies: [], grants }),
    systemFacts({ name: "shop", policies: [], grants }),
    systemFacts({ name: "stopped", policies: [], grants, status: "refused", statusCode: "system_suspended", lifecycle: "suspended" }),
    systemFacts({ name: "alone", policies: [], grants: { ...grants, tools: [], prompts: [] } }),
  ],
};
const by = (...names: string[]) => names.map((system) => ({ system, through: [] }));
const users: UsersOf = new Map([
  ["tool:mail.send", by("desk", "shop", "stopped")],
  ["prompt:tone", by("desk", "shop")],
  ["dataset:own", by("desk")],
  ["vendor:acme", by("desk", "shop", "alone")],
  ["model:one", by("desk")],
  ["model:two", by("alone")],
]);
const map = (name: string, limit = 50) => reachMap(facts, users, facts.systems.find((one) => one.name === name)!, limit, now);

test("systems are joined by what they share: tools, prompts, and a credential behind different models", () => {
  const { edges, systems } = map("desk");
  expect(systems).toBe(3);
  expect(edges.map((edge) => `${edge.from} > ${edge.to}`)).toEqual(expect.arrayContaining(["system:desk > tool:mail.send", "tool:mail.send > system:shop", "prompt:tone > system:shop", "system:desk > secret:provider", "secret:provider > system:alone"]));
  expect(edges.some((edge) => /vendor:|dataset:own/.test(edge.from + edge.to)), "what carries nothing, or isn't shared, is no path").toBe(false);
});

test("each edge names the authorization; a stopped system's is denied, and says why", () => {
  const { edges } = map("desk");
  expect(edges.find((edge) => edge.from === "system:desk")!.by).toMatch(/authorization \d/);
  expect(edges.find((edge) => edge.to === "system:stopped")).toMatchObject({ outcome: "deny", by: "the system is suspended" });
});

test("a bound says how many there are", () => {
  const bounded = map("desk", 1);
  expect(bounded.nodes.filter((node) => node.kind === "system")).toHaveLength(2);
  expect(bounded.systems).toBe(3);
});
