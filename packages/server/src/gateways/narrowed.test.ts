import type { Snapshot } from "@mandate/gateway";
import { expect, test } from "vitest";
import { narrowing } from "./narrowed.ts";

const system = (name: string, models: string[], tools: string[] = []) => ({ name, grants: { models, tools, datasets: [], prompts: [], destinations: [] } });
const snapshot = {
  version: 1,
  facts: {
    systems: [system("notes", ["gpt"]), system("payouts", ["claude"], ["bank.pay"]), system("plain", ["local"])],
    models: [{ name: "gpt", credential: "openai" }, { name: "claude", credential: "anthropic" }, { name: "local", credential: null }],
    tools: [{ name: "bank.pay", server: "bank" }, { name: "own", server: null }],
    mcpServers: [{ name: "bank", credential: "bank" }, { name: "wiki", credential: "wiki" }],
    policies: [],
  },
  credentials: [{ id: "cred_1", system: "notes" }, { id: "cred_2", system: "payouts" }, { id: "cred_3", system: null }],
  secrets: ["openai", "anthropic", "bank", "wiki", "unused"].map((name) => ({ name, value: `value of ${name}`, hosts: [] })),
  sealingKeys: [null, "notes", "payouts"].map((name) => ({ kid: `kek_${name}`, system: name, key: new Uint8Array(32) })),
} as unknown as Snapshot;
const names = (made: Snapshot) => [made.facts.systems.map((one) => one.name), made.credentials.map((one) => one.id), made.secrets.map((one) => one.name), made.sealingKeys.map((one) => one.kid)];

test("a gateway gets the secrets, keys and credentials of the systems it serves, and nothing of the others", () => {
  expect(names(narrowing(["notes"])(snapshot))).toEqual([["notes"], ["cred_1"], ["openai"], ["kek_null", "kek_notes"]]);
  expect(names(narrowing(["payouts", "plain"])(snapshot))).toEqual([["payouts", "plain"], ["cred_2"], ["anthropic", "bank"], ["kek_null", "kek_payouts"]]);
  expect(JSON.stringify(narrowing(["plain"])(snapshot))).not.toContain("value of");
  expect(names(narrowing(["nobody"])(snapshot))).toEqual([[], [], [], ["kek_null"]]);
});

test("probes are at every gateway, so that each refuses what is planted, and bring no secret along", () => {
  const probed = { ...snapshot, facts: { ...snapshot.facts, systems: [system("probe:open", ["probe:model"]), ...snapshot.facts.systems] }, credentials: [...snapshot.credentials, { id: "probe:open", system: "probe:open" }, { id: "probe:nowhere", system: null }], sealingKeys: [...snapshot.sealingKeys, { kid: "kek_probe", system: "probe:open", key: new Uint8Array(32) }] } as unknown as Snapshot;
  expect(names(narrowing(["plain"])(probed))).toEqual([["probe:open", "plain"], ["probe:open", "probe:nowhere"], [], ["kek_null", "kek_probe"]]);
});

test("a change elsewhere changes none of its lists; a grant brings the secret along, and its end takes it away", () => {
  const narrow = narrowing(["notes"]);
  const before = narrow(snapshot);
  const elsewhere = narrow({ ...snapshot, version: 2, facts: { ...snapshot.facts, systems: snapshot.facts.systems.map((one) => (one.name === "payouts" ? { ...one } : one)) } });
  expect([elsewhere.facts.systems, elsewhere.credentials, elsewhere.secrets, elsewhere.sealingKeys]).toEqual([before.facts.systems, before.credentials, before.secrets, before.sealingKeys]);
  for (const list of ["credentials", "secrets", "sealingKeys"] as const) expect(elsewhere[list]).toBe(before[list]);
  expect(elsewhere.facts.systems).toBe(before.facts.systems);
  const granted = narrow({ ...snapshot, facts: { ...snapshot.facts, systems: [system("notes", ["gpt"], ["bank.pay"])] as unknown as Snapshot["facts"]["systems"] } });
  expect(granted.secrets.map((one) => one.name)).toEqual(["openai", "bank"]);
  expect(narrow(snapshot).secrets.map((one) => one.name)).toEqual(["openai"]);
});
