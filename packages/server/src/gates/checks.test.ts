import { gateItems } from "@mandate/frameworks";
import { definitionOf } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import { describe, expect, test } from "vitest";
import { Register } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { completing } from "./anchor.ts";
import { checkedGates, checkGate } from "./checks.ts";
import type { GateFacts } from "./checks.ts";

const nowMs = Date.parse("2026-11-20T00:00:00Z");

function object<K extends EntityKind>(kind: K, name: string, spec: Record<string, unknown>): StoredObject<K> {
  return { kind, name, id: `obj_${name}`, unit: null, labels: {}, spec: definitionOf(kind).spec.parse(spec), version: 1, createdAt: new Date(0), updatedAt: new Date(0) } as unknown as StoredObject<K>;
}

const owners = { business: "ann@x.example", technical: "ben@x.example" };
const system = (spec: Record<string, unknown> = {}) => object("AISystem", "helper", { owners, purposes: [{ id: "help", text: "Helps." }], boundary: { sensitivity: "internal", regions: ["EEA"] }, policies: ["policy:limits"], ...spec });
const document = (type: string, more: Record<string, unknown> = {}) => object("Document", `d-${type}`, { title: "A document", type, systems: ["system:helper"], owner: owners.business, ...more });
const good: readonly StoredObject[] = [
  object("Model", "m", { vendor: "vendor:v", protocol: "openai", endpoint: "https://m.example/v1" }),
  object("Vendor", "v", { contract: { dpa: "D-1", expires: "2027-01-31" } }),
  object("Dataset", "d", { sensitivity: "internal", region: "EEA", retention: "30d" }),
  object("McpServer", "s", { url: "https://s.example/mcp" }),
  object("Tool", "pay", { server: "mcp-server:s", effect: "pays", reversible: false }),
  object("Policy", "limits", { rules: [{ id: "limit", on: "tool:pay", holdUnless: "context.input.amount <= 80" }], tests: [{ name: "large", call: "tool:pay", expect: "hold" }] }),
  object("Risk", "r", { title: "Wrong", systems: ["system:helper"], owner: owners.business, likelihood: "low", impact: "low", treatment: "reduce", residual: "medium", controls: ["LOG-05"] }),
  object("TrainingRecord", "t1", { person: owners.business, course: "C", completed: "2026-11-01T00:00:00Z" }),
  object("TrainingRecord", "t2", { person: owners.technical, course: "C", completed: "2026-11-01T00:00:00Z", ends: "2027-11-01T00:00:00Z", systems: ["system:helper"] }),
  document("notice"), document("fria"), document("technical"),
  ...["Provider duties", "Conformity assessment", "EU registration", "Model documentation", "Systemic risk"].map((title, index) => object("Document", `law-${index}`, { title, type: "other", systems: ["system:helper"], owner: owners.business })),
];

const ago = (days: number) => new Date(nowMs - days * 86_400_000);
const gap = { system: "helper", minimum: "full", models: [{ model: "m", visibility: "none" as const, below: true }], capture: "full" as const, gap: { models: ["m"], accepted: null } };

const idleRisk = (grant: string) => object("Risk", "r", { title: `${grant} is for emergencies`, systems: ["system:helper"], owner: owners.business, likelihood: "low", impact: "low", treatment: "accept", residual: "medium", controls: ["NHI-05"] });

function facts(changes: Partial<GateFacts> = {}, objects: readonly StoredObject[] = good): GateFacts {
  return {
    nowMs, type: "production", system: system(), tier: "T3", grants: { models: ["m"], tools: ["pay"], datasets: ["d"], prompts: [], destinations: [] }, flags: [{ flag: "F-ART50", adds: [], because: "chat" }], unanswered: [], register: new Register(objects),
    pins: [{ server: "s", tool: "pay", pinnedHash: "a", seenHash: "a", definition: {} }], departed: new Set(), unseen: new Set(), acceptedRisks: new Set(["r"]),
    evaluations: [{ name: "e", title: "E", metric: "accuracy", state: "met" }, { name: "i", title: "I", metric: "injection-resisted", state: "met" }],
    keys: [{ id: "cred_1", createdAt: new Date(nowMs - 86_400_000) }], credentialMaxDays: 7, lastDrill: new Date(nowMs - 86_400_000),
    flows: { decided: [], undecided: [] }, visibility: { system: "helper", minimum: "full", models: [], capture: "full", gap: null },
    uses: ["model:m", "tool:pay"].map((grant) => ({ grant, since: ago(30), lastUsed: ago(1) })), anchor: { at: ago(0.5), witnesses: ["witness.example"] }, ...changes,
  };
}
const without = (name: string, ...instead: StoredObject[]) => [...good.filter((one) => one.name !== name), ...instead];
const state = (id: string, given: GateFacts) => checkGate(id, given).state;

test("every item that some tier or flag asks has a check of its own, and a good record meets each", () => {
  const all = gateItems("T3", "production", [{ flag: "F-PROVIDER", adds: ["ART-16", "ART-43", "ART-49"] }, { flag: "F-FRIA", adds: ["ART-27"] }, { flag: "F-GPAI", adds: ["ART-53", "ART-55"] }, { flag: "F-BLINDVENDOR", adds: ["LOG-05"] }, { flag: "F-XBORDER", adds: ["DATA-03"] }]).map((item) => item.id);
  expect(all.filter((id) => !checkedGates.includes(id))).toEqual([]);
  for (const id of all) expect([id, state(id, facts())]).toEqual([id, "met"]);
});

describe("a gate isn't met when", () => {
  test.each<[string, string, GateFacts]>([
    ["INV-01", "purposes are missing", facts({ system: system({ purposes: [] }) })],
    ["INV-01", "there is no boundary", facts({ system: system({ boundary: undefined }) })],
    ["OWN-01", "one person holds both seats", facts({ system: system({ owners: { business: "a@x.example", technical: "a@x.example" } }) })],
    ["OWN-01", "an owner left", facts({ departed: new Set(["ben@x.example"]) })],
    ["OWN-01", "a seat is empty", facts({ system: system({ owners: { business: "a@x.example" } }) })],
    ["TIER-01", "a question is open", facts({ unanswered: ["profiling"] })],
    ["VEN-01", "a vendor isn't registered", facts({}, without("v"))],
    ["VEN-01", "a contract is missing", facts({}, without("v", object("Vendor", "v", {})))],
    ["VEN-01", "a contract ended", facts({}, without("v", object("Vendor", "v", { contract: { expires: "2026-11-18" } })))],
    ["INV-05", "nobody said who supplies a model", facts({}, without("m", object("Model", "m", { protocol: "openai", endpoint: "https://m.example/v1" })))],
    ["DATA-01", "a dataset lacks its retention", facts({}, without("d", object("Dataset", "d", { sensitivity: "internal", region: "EEA" })))],
    ["DATA-01", "a flow lacks its sensitivity", facts({}, [...good, object("DataFlow", "f", { system: "system:helper", from: "dataset:d", to: "model:m" })])],
    ["OVS-01", "people aren't told", facts({}, without("d-notice"))],
    ["OVS-03", "a training is another system's", facts({}, without("t2", object("TrainingRecord", "t2", { person: owners.technical, course: "C", completed: "2026-11-01T00:00:00Z", systems: ["system:other"] })))],
    ["OVS-03", "a training has ended", facts({}, without("t1", object("TrainingRecord", "t1", { person: owners.business, course: "C", completed: "2025-01-01T00:00:00Z", ends: "2026-11-19T00:00:00Z" })))],
    ["OVS-03", "a training lies in the future", facts({}, without("t1", object("TrainingRecord", "t1", { person: owners.business, course: "C", completed: "2026-12-01T00:00:00Z" })))],
    ["RT-05", "no policy binds a tool that pays", facts({ system: system({ policies: [] }) })],
    ["RT-05", "nobody labelled a tool", facts({ grants: { ...facts().grants, tools: ["unknown"] } })],
    ["RT-06", "a definition changed since", facts({ pins: [{ server: "s", tool: "pay", pinnedHash: "a", seenHash: "b", definition: {} }] })],
    ["RT-06", "a tool was never pinned", facts({ pins: [] })],
    ["RT-08", "it was never stopped", facts({ lastDrill: null })],
    ["RT-08", "the drill is a year old", facts({ lastDrill: new Date(nowMs - 365 * 86_400_000) })],
    ["NHI-AGE", "a key is too old", facts({ keys: [{ id: "cred_1", createdAt: new Date(nowMs - 8 * 86_400_000) }] })],
    ["OWN-01", "an owner has never signed in", facts({ unseen: new Set(["ben@x.example"]) })],
    ["DATA-03", "a flow is undecided", facts({ flows: { decided: [], undecided: ["model:m, from DE to US."] } })],
    ["NHI-05", "a tool was granted two weeks ago and never used", facts({ uses: [{ grant: "tool:pay", since: ago(14), lastUsed: null }] })],
    ["NHI-05", "a tool was last used a hundred days ago", facts({ uses: [{ grant: "tool:pay", since: ago(200), lastUsed: ago(100) }] })],
    ["NHI-05", "an accepted risk speaks of another grant", facts({ uses: [{ grant: "tool:pay", since: ago(14), lastUsed: null }] }, without("r", idleRisk("tool:other")))],
    ["NHI-05", "the risk that names the grant isn't accepted", facts({ uses: [{ grant: "tool:pay", since: ago(14), lastUsed: null }], acceptedRisks: new Set() }, without("r", idleRisk("tool:pay")))],
    ["LOG-03", "no outside witness is named", facts({ anchor: { witnesses: [], at: null } })],
    ["LOG-03", "no quorum has signed yet", facts({ anchor: { witnesses: ["w"], at: null } })],
    ["LOG-03", "the witness signed a day ago", facts({ anchor: { witnesses: ["w"], at: ago(1) } })],
    ["LOG-05", "a model shows too little and nobody accepted it", facts({ visibility: gap })],
    ["GATE-05", "nothing was evaluated", facts({ evaluations: [] })],
    ["GATE-05", "a score is too old", facts({ evaluations: [{ name: "e", title: "E", metric: "accuracy", state: "missing" }] })],
    ["GATE-06", "no adversarial test ran", facts({ evaluations: [{ name: "e", title: "E", metric: "accuracy", state: "met" }] })],
    ["GATE-08", "there is no impact assessment", facts({}, without("d-fria"))],
    ["GATE-08", "the impact assessment ended", facts({}, without("d-fria", document("fria", { ends: "2026-11-19T00:00:00Z" })))],
    ["GATE-08", "it is another system's", facts({}, without("d-fria", document("fria", { systems: ["system:other"] })))],
    ["ART-27", "a data-protection assessment stands in its place", facts({}, without("d-fria", document("dpia")))],
    ["RISK", "no risk is written down", facts({}, without("r"))],
    ["RISK", "what is left isn't accepted", facts({ acceptedRisks: new Set() })],
    ["POLICY-TESTS", "a policy has no tests", facts({}, without("limits", object("Policy", "limits", { rules: [{ id: "limit", on: "tool:pay", denyUnless: "true" }] })))],
    ["POLICY-TESTS", "it acts and no policy is attached", facts({ system: system({ policies: [] }) })],
    ["ANX-IV", "the technical documentation is missing", facts({}, without("d-technical"))],
    ["ART-43", "the conformity assessment is missing", facts({}, without("law-1"))],
    ["ORG-01", "an organization's own item has no document", facts()],
  ])("%s: %s", (id, _why, given) => {
    const found = checkGate(id, given);
    expect(found.state).toBe("not_met");
    expect(found.detail).toMatch(/\.$/);
  });
});

test("what can't be told yet says so and blocks nobody: too short a watch", () => {
  expect(checkGate("NHI-05", facts({ uses: [{ grant: "tool:pay", since: ago(13), lastUsed: null }] }))).toMatchObject({ state: "cant_tell", detail: expect.stringContaining("tool:pay") });
  expect(state("NHI-05", facts({ uses: [{ grant: "tool:pay", since: null, lastUsed: null }] }))).toBe("cant_tell");
});

test("an unused grant whose keeping was accepted, and a logging gap that was, are met and say by whom", () => {
  expect(state("NHI-05", facts({ uses: [{ grant: "tool:pay", since: ago(14), lastUsed: null }] }, without("r", idleRisk("tool:pay"))))).toBe("met");
  expect(checkGate("LOG-05", facts({ visibility: { ...gap, gap: { models: ["m"], accepted: { risk: "r", by: "cfo@x.example", ends: "2027-01-01T00:00:00Z" } } } }))).toMatchObject({ state: "met", detail: expect.stringContaining("cfo@x.example") });
});

test("an owner who was invited and never came is enough for a pilot, and at T0, whose technical owner signs it", () => {
  expect(state("OWN-01", facts({ tier: "T1", unseen: new Set(["ben@x.example"]) }))).toBe("met");
  expect(state("OWN-01", facts({ tier: "T0", unseen: new Set(["ben@x.example"]) }))).toBe("met");
  expect(state("OWN-01", facts({ type: "pilot", unseen: new Set(["ben@x.example"]) }))).toBe("met");
});

test("an anchor is as old as the signature that completes a quorum of all who are asked", () => {
  expect(completing([])).toBeNull();
  expect(completing([ago(1)])).toEqual(ago(1));
  expect(completing([ago(1), null])).toBeNull();
  expect(completing([ago(1), null, ago(3)])).toEqual(ago(3));
  expect(completing([ago(1), ago(2), ago(3)])).toEqual(ago(2));
});

test("an organization's own item is met by a current document whose title starts with it", () => {
  expect(state("ORG-01", facts({}, [...good, document("minutes", { title: "ORG-01 Ethics board" })]))).toBe("met");
  expect(state("ORG-01", facts({}, [...good, document("minutes", { title: "About ORG-01" })]))).toBe("not_met");
  expect(state("constructor", facts())).toBe("not_met");
});
