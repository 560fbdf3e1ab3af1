import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Tier } from "@mandate/model";
import type { GatewayLimits } from "../options.ts";
import { type SurfaceCells, surfaceCells } from "../testing/cells.ts";
import { changedMessages } from "../testing/fake-bedrock.ts";
import { testFacts, testModel, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

// What a provider, or whoever sits in its place, may put into a tool call: on every surface that carries one, streamed and whole.

let upstream: TestUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startTestUpstream();
});
afterAll(() => upstream.close());
afterEach(() => gateway.close());

const carriers = surfaceCells.filter((cells) => cells.answer("tool call", "x", false) !== null);

async function start(cells: SurfaceCells, tier: Tier = "T0", limits: Partial<GatewayLimits> = {}): Promise<void> {
  const tools = [testTool("orders.lookup", { output: "trusted" })];
  const grants = { models: ["m"], tools: ["orders.lookup"], datasets: [], prompts: [], destinations: [] };
  const models = [testModel(upstream.endpoint, { name: "m", upstream: "m", served: ["m"], protocol: cells.surface.protocols[0]! })];
  gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem(tier, { grants }), { models, tools })), { limits });
}

/** The surface's own tool call, its text changed; a stream of binary frames is written anew. */
function answered(cells: SurfaceCells, stream: boolean, value: string, change: (text: string) => string): void {
  const wire = cells.answer("tool call", value, stream)!;
  const body = typeof wire.body === "string" ? change(wire.body) : changedMessages(wire.body, change);
  upstream.answer = (_request, res) => void res.writeHead(wire.status, { "content-type": wire.contentType }).end(body);
}

const call = (cells: SurfaceCells, stream: boolean) => gateway.call(cells.path(stream), cells.ask(stream));
const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

const lookalikes: readonly (readonly [string, string])[] = [
  ["a Cyrillic letter", "оrders_lookup"],
  ["a full-width letter", "ｏrders_lookup"],
  ["a zero-width space", "orders\u200B_lookup"],
  ["a zero-width joiner at the end", "orders_lookup\u200D"],
  ["a combining mark", "o\u0308rders_lookup"],
  ["a soft hyphen", "orders\u00AD_lookup"],
  ["a variation selector", "orders_lookup\uFE0F"],
  ["a letter of the tag block", "orders_lookup\u{E0061}"],
  ["a byte order mark", "\uFEFForders_lookup"],
  ["a text-direction mark", "\u202Epukool_sredro"],
  ["capitals", "Orders_Lookup"],
  ["white space around it", " orders_lookup "],
  ["a NUL", "orders_lookup\u0000"],
  ["a line break", "orders_lookup\nevent: x"],
  ["half of a surrogate pair", "orders_lookup\uD83D"],
  ["a name of the language", "__proto__"],
  ["nothing at all", ""],
];

describe.each(carriers)("$title", (cells) => {
  test.each(lookalikes)("a tool under a granted name with %s is another, which nobody granted", async (_what, name) => {
    await start(cells);
    for (const stream of [false, true]) {
      answered(cells, stream, "o-1", (text) => text.replaceAll("orders_lookup", escaped(name)));
      const { text } = await call(cells, stream);
      expect(text, text.slice(0, 300)).toContain("unknown_tool");
    }
    expect(gateway.evidence.terminals()).toEqual(["blocked", "blocked"]);
  });

  test("the granted one under its own name passes, so that the others mean something", async () => {
    await start(cells);
    for (const stream of [false, true]) {
      answered(cells, stream, "o-1", (text) => text);
      expect((await call(cells, stream)).text).toContain("orders_lookup");
    }
    expect(gateway.evidence.terminals()).toEqual(["done", "done"]);
  });

  test("arguments larger than can be held or checked are given up, and no piece of the call leaves", async () => {
    await start(cells, "T0", { maxHeldBytes: 32 * 1024, maxAnswerBytes: 128 * 1024 });
    for (const stream of [false, true]) {
      answered(cells, stream, "x".repeat(300_000), (text) => text);
      const { text } = await call(cells, stream);
      expect(text).not.toContain("orders_lookup");
      expect(text).not.toContain("xxxxxxxx");
      expect(text).toContain("upstream_unreachable");
    }
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut", "upstream_cut"]);
  });

  test("an answer beside which no bytes are left for it is given up and recorded, and what it held is given back", async () => {
    await start(cells, "T0", { maxBytesInFlight: 40_000, maxInFlight: 4 });
    for (const stream of [false, true]) {
      answered(cells, stream, "x".repeat(300_000), (text) => text);
      const { text } = await call(cells, stream);
      expect(text).not.toContain("xxxxxxxx");
      expect(text).toMatch(/"rate"|"upstream_unreachable"/);
    }
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut", "upstream_cut"]);
    await expect.poll(() => gateway.gateway.counts().bytesInFlight).toBe(0);
  });

  const hidden: readonly (readonly [string, string])[] = [
    ["a second member of that name", '"zz":{"a":1,"a":2},'],
    ["a second member, once escaped", '"zz":{"a":1,"\\u0061":2},'],
    ["a hundred lists", `"zz":${"[".repeat(100)}${"]".repeat(100)},`],
    ["a hundred thousand lists", `"zz":${"[".repeat(100_000)}${"]".repeat(100_000)},`],
  ];
  test.each(hidden)("%s beside the call: two readers could differ on it, so it doesn't leave", async (_what, member) => {
    for (const tier of ["T0", "T3"] as const) {
      await start(cells, tier);
      for (const stream of [false, true]) {
        // In front of the first object of whatever names the tool.
        answered(cells, stream, "o-1", (text) => text.replace(/\{(?=[^{}]*"name":"orders_lookup")/g, (brace) => brace + member));
        const { text } = await call(cells, stream);
        expect(text, text.slice(0, 300)).not.toContain("orders_lookup");
        expect(text).toContain("upstream_unreachable");
      }
      expect(gateway.evidence.terminals()).toEqual(["upstream_cut", "upstream_cut"]);
      if (tier === "T0") await gateway.close();
    }
  });
});
