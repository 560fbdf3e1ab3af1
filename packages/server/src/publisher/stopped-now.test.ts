import type { Snapshot } from "@mandate/gateway";
import { describe, expect, test } from "vitest";
import { type StoppedNow, withoutStopped } from "./stopped-now.ts";

const snapshot = {
  version: 4,
  factsDigest: "d",
  facts: { systems: [{ name: "a", status: "operating", statusCode: null }, { name: "b", status: "refused", statusCode: "authorization_expired" }], models: [{ name: "m" }] },
  credentials: [{ id: "k1", state: "active" }, { id: "k2", state: "suspended" }],
} as unknown as Snapshot;
const nothing: StoppedNow = { credentials: new Map(), halted: new Map(), everything: false };
const applied = (stopped: Partial<StoppedNow>, facts = snapshot.facts) => withoutStopped(snapshot, facts, { ...nothing, ...stopped });

describe("what was taken away meanwhile", () => {
  test("changes what it names, and leaves the rest the same objects", () => {
    const made = applied({ credentials: new Map([["k1", "revoked"]]), halted: new Map([["a", "retired"]]) });
    expect(made.credentials[0]).toMatchObject({ state: "revoked" });
    expect(made.facts.systems[0]).toMatchObject({ status: "refused", statusCode: "system_retired" });
    expect([made.credentials[1] === snapshot.credentials[1], made.facts.systems[1] === snapshot.facts.systems[1], made.facts.models === snapshot.facts.models]).toEqual([true, true, true]);
    expect(made.version).toBe(4);
  });

  test("gives nothing back: no key comes alive, no refusal is lifted or renamed", () => {
    const made = applied({ credentials: new Map([["k2", "active"]]), halted: new Map([["b", "suspended"]]) });
    expect(made).toBe(snapshot);
  });

  test("of everything halts every system", () => {
    expect(applied({ everything: true }).facts.systems.map((one) => one.status)).toEqual(["refused", "refused"]);
  });

  test("that rules would see differently is replayed as nothing, not as something else", () => {
    expect(applied({ credentials: new Map([["k1", "revoked"]]) }).factsDigest).toBe("d");
    const facts = { ...snapshot.facts, models: [{ name: "m", stopped: true }] } as unknown as Snapshot["facts"];
    expect("factsDigest" in applied({}, facts)).toBe(false);
  });
});
