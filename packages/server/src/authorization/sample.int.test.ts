import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listSystems } from "./index.ts";
import { bootstrap, openTestRegister } from "./testing.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());

const sample = (name: string) => readFileSync(new URL(`../sample/manifest/${name}.yaml`, import.meta.url), "utf8");

it("the sample company applies as one manifest, with systems in every tier that may run, and again unchanged", async () => {
  const root = (await register.organization())(bootstrap);
  const text = ["company", "systems", "gates", "support-concierge"].map(sample).join("\n---\n");
  await register.apply(root, text);
  const items = await root.read((tx) => listSystems(tx, root.org, root.now()));
  expect(new Set(items.map((item) => item.tier))).toEqual(new Set(["T0", "T1", "T2", "T3"]));
  expect(items.find((item) => item.name === "returns-desk")).toMatchObject({ tier: "T2", authorization: { state: "submitted" } });
  expect(items.find((item) => item.name === "support-concierge")).toMatchObject({ tier: "T3" });
  const { changes } = await register.apply(root, text);
  expect(changes.filter((change) => change.action !== "unchanged")).toEqual([]);
});
