import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testFacts, testSnapshot, testSystem, testTool } from "./testing/facts.ts";
import { startTestGateway, type TestGateway } from "./testing/gateway.ts";
import { chatStream, startTestUpstream, type TestUpstream } from "./testing/upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTestUpstream();
  const grants = { models: ["gpt-test"], tools: ["orders.lookup"], datasets: [], prompts: [], destinations: [] };
  const tools = [testTool("orders.lookup", { output: "trusted" }), testTool("disk.wipe")];
  gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem("T0", { grants }), { tools })));
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const streaming = { model: "gpt-test", stream: true, messages: [{ role: "user", content: "Say hello." }] };
const call = (name: string, index: number) => [
  { tool_calls: [{ index, id: `c${index}`, type: "function", function: { name, arguments: '{"a":' } }] },
  { tool_calls: [{ index, function: { arguments: '"☕"}' } }] },
];

/** Answers with the first `cut` bytes in pieces of `piece`, then ends or breaks the connection. */
function answerCut(wire: Buffer, cut: number, piece: number, broken: boolean): void {
  upstream.answer = (_request, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    for (let at = 0; at < cut; at += piece) res.write(wire.subarray(at, Math.min(cut, at + piece)));
    if (broken) setImmediate(() => res.destroy());
    else res.end();
  };
}

test("cut at any byte, a stream's caller gets a prefix of it, never a piece of a call that was not granted", async () => {
  const wire = Buffer.from(
    chatStream(
      [{ role: "assistant", content: "" }, { content: "Héllo" }, ...call("orders_lookup", 0), ...call("disk_wipe", 1)],
      "tool_calls",
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(wire.length),
      fc.integer({ min: 1, max: 200 }),
      fc.boolean(),
      async (cut, piece, broken) => {
        const before = gateway.evidence.terminals().length;
        answerCut(wire, cut, piece, broken);
        const { text, status } = await gateway.call("/v1/chat/completions", streaming);
        const passed = status === 200 ? text.split("event: error\n")[0]! : "";
        expect(wire.toString().startsWith(passed)).toBe(true);
        expect(passed).not.toMatch(/disk_|wipe/);
        expect(gateway.evidence.terminals().length).toBe(before + 1);
      },
    ),
    { numRuns: 60 },
  );
});

test("granted calls come through unchanged however the network cuts them", async () => {
  const wire = Buffer.from(
    chatStream([{ content: "Héllo" }, ...call("orders_lookup", 0), ...call("orders_lookup", 1)], "tool_calls"),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (piece) => {
      answerCut(wire, wire.length, piece, false);
      expect((await gateway.call("/v1/chat/completions", streaming)).text).toBe(wire.toString());
      expect(gateway.evidence.terminals().at(-1)).toBe("done");
    }),
    { numRuns: 25 },
  );
});
