import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StreamMode } from "@mandate/model";
import { kinds, type Kind, type SurfaceCells, surfaceCells } from "../testing/cells.ts";
import { testFacts, testModel, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { startTestUpstream, type TestUpstream } from "../testing/upstream.ts";
import { surfacesPage } from "../testing/surfaces-page.ts";

// Plants a secret in each cell of surface × kind × stream, sends it through a whole gateway, and writes down what became
// of it. The page in docs is this table: what it says was measured, not claimed.

const page = new URL("../../../../docs/surfaces.md", import.meta.url);
const secret = "sk-proj-abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst";
const harmless = "order-17";

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startTestUpstream();
});
afterAll(() => upstream.close());

async function open(cells: SurfaceCells, streamMode: StreamMode): Promise<TestGateway> {
  const system = testSystem("T1", {
    grants: { models: ["m"], tools: ["orders.lookup"], datasets: [], prompts: [], destinations: [] },
  });
  const model = testModel(upstream.endpoint, { name: "m", upstream: "m", served: ["m"], protocol: cells.surface.protocols[0]! });
  return startTestGateway(
    testSnapshot(
      testFacts(upstream.endpoint, { ...system, parameters: { ...system.parameters, streamMode } }, {
        models: [model],
        tools: [testTool("orders.lookup", { output: "trusted" })],
      }),
    ),
  );
}

type Verdict = "checked" | "refused" | "leaked";

/** Checked: a harmless value passes and the secret doesn't. Refused: neither does. */
function verdict(passed: boolean, leaked: boolean): Verdict {
  return leaked ? "leaked" : passed ? "checked" : "refused";
}

const holds = (text: string, value: string) => text.includes(value) || text.includes(Buffer.from(value).toString("base64"));

async function answerCell(cells: SurfaceCells, kind: Kind, stream: boolean, mode: StreamMode): Promise<Verdict | null> {
  if (cells.answer(kind, harmless, stream) === null) return null;
  const gateway = await open(cells, mode);
  try {
    const carried = async (value: string) => {
      const wire = cells.answer(kind, value, stream)!;
      upstream.answer = (_request, res) => res.writeHead(wire.status, { "content-type": wire.contentType }).end(wire.body);
      return holds((await gateway.call(cells.path(stream), cells.ask(stream))).text, value);
    };
    const found = verdict(await carried(harmless), await carried(secret));
    expect(gateway.evidence.terminals()).toHaveLength(2);
    return found;
  } finally {
    await gateway.close();
  }
}

async function requestCell(cells: SurfaceCells, kind: Kind): Promise<Verdict | null> {
  if (cells.request(kind, harmless) === null) return null;
  const gateway = await open(cells, "window");
  upstream.answer = (_request, res) => res.writeHead(200, { "content-type": "application/json" }).end("{}");
  try {
    const carried = async (value: string) => {
      const before = upstream.seen.length;
      await gateway.call(cells.path(false), cells.request(kind, value));
      return upstream.seen.slice(before).some((request) => holds(request.body.toString(), value));
    };
    return verdict(await carried(harmless), await carried(secret));
  } finally {
    await gateway.close();
  }
}

test("in each cell a planted secret is checked or refused, and docs/surfaces.md says which", async () => {
  const rows = [];
  for (const cells of surfaceCells) {
    const row = new Map<string, string | null>();
    for (const kind of kinds) {
      row.set(`request ${kind}`, await requestCell(cells, kind));
      row.set(`answer ${kind}`, await answerCell(cells, kind, false, "full"));
      const window = await answerCell(cells, kind, true, "window");
      expect(await answerCell(cells, kind, true, "full"), `${cells.title} ${kind}`).toBe(window);
      row.set(`stream ${kind}`, window);
    }
    for (const [cell, found] of row) expect(found, `${cells.title}: ${cell}`).not.toBe("leaked");
    rows.push({ title: cells.title, row });
  }
  const tables = surfaceCells.map(({ title, surface }) => ({ title, surface }));
  const text = surfacesPage(rows, tables);
  if (process.env.MANDATE_UPDATE_DOCS === "1") writeFileSync(page, text);
  expect(readFileSync(page, "utf8"), "run with MANDATE_UPDATE_DOCS=1").toBe(text);
}, 60_000);

test("the test would notice a cell that nobody checks", async () => {
  const cells = surfaceCells[0]!;
  // In *pass* a stream's text leaves unread, and says so.
  expect(await answerCell(cells, "text", true, "pass")).toBe("leaked");
});
