import { expect, it } from "vitest";
import { definitionOf } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import { Register } from "../registry/index.ts";
import type { StoredObject, ToolPin } from "../registry/index.ts";
import { inUse, waysOf } from "./users.ts";

function object(kind: EntityKind, name: string, spec: object): StoredObject {
  return { kind, name, id: `obj_${name}`, unit: null, labels: {}, spec: definitionOf(kind).spec.parse(spec) as StoredObject["spec"], version: 1, createdAt: new Date(0), updatedAt: new Date(0) };
}
const system = (name: string, uses: object) => object("AISystem", name, { title: name, purposes: [{ id: "p", text: "Does it." }], owners: {}, uses });
const pin = (server: string, tool: string): ToolPin => ({ server, tool, pinnedHash: "a", seenHash: null, definition: {} });

const register = new Register([
  object("Vendor", "acme", {}),
  object("Model", "gpt", { protocol: "openai", endpoint: "https://models.example/v1", vendor: "vendor:acme" }),
  object("McpServer", "orders", { url: "https://orders.example/mcp", vendor: "vendor:acme" }),
  object("Tool", "orders.lookup", { server: "mcp-server:orders", names: ["lookup"], effect: "reads", returns: "dataset:customers" }),
  object("Dataset", "customers", { sensitivity: "confidential" }),
  object("Dataset", "notes", { sensitivity: "internal" }),
  object("Agent", "helper", { tools: ["tool:orders.lookup"] }),
  system("desk", { models: ["model:gpt"], tools: ["tool:orders/*"] }),
  system("bot", { agents: ["agent:helper"], datasets: ["dataset:customers"] }),
  system("idle", {}),
]);
const pins = [pin("orders", "lookup"), pin("orders", "erase")];
const found = inUse(register, pins);
const usersOf = (ref: string) => (found.users.get(ref) ?? []).map((one) => [one.system, one.through]);

it("who uses something is found through everything between: a server's wildcard, an agent, a tool that returns it", () => {
  expect(usersOf("tool:orders.lookup")).toEqual([["bot", ["agent:helper"]], ["desk", []]]);
  expect(usersOf("tool:erase"), "pinned, and nobody labelled it").toEqual([["desk", []]]);
  expect(usersOf("vendor:acme")).toEqual([["bot", ["mcp-server:orders"]], ["desk", ["mcp-server:orders", "model:gpt"]]]);
  expect(usersOf("dataset:customers"), "named by the system itself, the rest is beside the point").toEqual([["bot", []], ["desk", ["tool:orders.lookup"]]]);
});

it("what names it directly, without systems", () => {
  expect(found.namedBy.get("vendor:acme")).toEqual(["mcp-server:orders", "model:gpt"]);
  expect(found.namedBy.get("agent:helper")).toBeUndefined();
});

it("calls that show it are those of what leads there; a prompt or an agent is shown by none", () => {
  const ways = (ref: string) => waysOf(ref, register, pins, found.namedBy);
  expect(ways("dataset:customers")).toEqual(["tool:orders.lookup"]);
  expect(ways("dataset:notes"), "nothing returns it").toBeNull();
  expect(ways("vendor:acme")).toEqual(["model:gpt", "tool:erase", "tool:orders.lookup"]);
  expect(ways("agent:helper")).toBeNull();
});
