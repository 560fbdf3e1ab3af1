import { expect, test } from "vitest";
import { countMembers, maxExceptions } from "./count.ts";
import { tiersOf } from "./measure.ts";
import { measures } from "./measures/index.ts";
import { goodForMs, outcomeAt, outcomeFor } from "./result.ts";
import type { ControlResult } from "./result.ts";
import { controls } from "@mandate/frameworks";
import { probeCases } from "./probes/cases.ts";
import { probeCredentials, probeKey, withProbes } from "./probes/facts.ts";

const at = "2026-11-01T00:00:00.000Z";
const result = (outcome: ControlResult["outcome"], systems: ControlResult["systems"] = {}): ControlResult => ({
  id: "cres_1", run: "crun_1", control: "OWN-01", at, grade: "enforced", outcome, reason: "", unit: "systems", population: 2, faults: 1, excepted: 0, exceptions: [], systems, query: "", window: { since: at, until: at }, position: [], proof: null, gateways: [], startedBy: "",
});

test("INC-03: a pass and a fail grow stale after a day; what says nothing stays what it is", () => {
  const later = Date.parse(at) + goodForMs;
  expect(outcomeAt(result("pass"), later)).toBe("pass");
  expect(outcomeAt(result("pass"), later + 1)).toBe("stale");
  expect(outcomeAt(result("fail"), later + 1)).toBe("stale");
  expect(outcomeAt(result("unproven"), later + 1)).toBe("unproven");
});

test("one system's outcome is its own: another's fault isn't its fault, and a system it doesn't count isn't concerned", () => {
  const found = result("fail", { good: { population: 1, faults: 0, excepted: 0 }, bad: { population: 1, faults: 1, excepted: 0 } });
  expect(outcomeFor(found, [])).toBe("fail");
  expect(outcomeFor(found, ["good"])).toBe("pass");
  expect(outcomeFor(found, ["good", "bad"])).toBe("fail");
  expect(outcomeFor(found, ["elsewhere"])).toBe("not_applicable");
  expect(outcomeFor(result("unproven", found.systems), ["good"])).toBe("unproven");
  // A name that every object answers to isn't a system.
  expect(outcomeFor(found, ["constructor"])).toBe("not_applicable");
});

test("every control of the catalog has a measure or says why not, and every probe belongs to one", () => {
  expect([...measures.keys()].toSorted()).toEqual(controls().map((one) => one.id).toSorted());
  for (const one of probeCases) expect(["query", "gate", "probe"], one.control).toContain(measures.get(one.control)!.kind);
  for (const one of measures.values()) if (one.kind === "probe" && one.control !== "LOG-02" && one.control !== "LOG-06") expect(probeCases.some((probe) => probe.control === one.control), one.control).toBe(true);
});

test("tiers as the catalog writes them", () => {
  expect(tiersOf("all")).toEqual(["T0", "T1", "T2", "T3", "X"]);
  expect(tiersOf("T2+")).toEqual(["T2", "T3", "X"]);
  expect(tiersOf("T3")).toEqual(["T3"]);
});

test("a long list of faults is counted whole and shown in part", () => {
  const count = countMembers(Array.from({ length: maxExceptions + 50 }, (_, n) => ({ subject: String(n), system: "one", fault: "wrong" })));
  expect(count).toMatchObject({ population: 250, faults: 250, systems: { one: { population: 250, faults: 250 } } });
  expect(count.exceptions).toHaveLength(maxExceptions);
});

test("probes hold nothing that could be allowed, under names that no register takes, with keys of one organization and master key", () => {
  const { systems, models, tools } = withProbes({ systems: [], models: [], tools: [], mcpServers: [], datasets: [], destinations: [], vendors: [], groups: [], policies: [], externals: [] });
  for (const one of [...systems, ...models, ...tools]) expect(one.name).toMatch(/^probe:/);
  for (const one of systems) expect([...one.grants.datasets, ...one.grants.prompts, ...one.grants.destinations]).toEqual([]);
  expect(models.every((one) => one.region === null && one.endpoint === "https://probe.invalid/v1" && one.credential === null)).toBe(true);
  expect(tools.every((one) => one.changed && one.server === null)).toBe(true);
  const master = new Uint8Array(32).fill(7);
  expect(probeKey(master, "org_a", "open")).not.toBe(probeKey(master, "org_b", "open"));
  expect(new Set(probeCredentials(master, "org_a").map((one) => one.keyHash)).size).toBe(probeCredentials(master, "org_a").length);
  expect(JSON.stringify(probeCredentials(master, "org_a"))).not.toContain(probeKey(master, "org_a", "open"));
});
