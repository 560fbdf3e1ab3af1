import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StreamMode } from "@mandate/model";
import { SseReader } from "../sse/sse-reader.ts";
import { testFacts, testModel, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway } from "../testing/gateway.ts";
import { sendSse, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import { geminiSurface } from "./gemini/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";
import type { Surface } from "./surface.ts";

const corpora = process.env.MANDATE_CORPORA;
const recorded = corpora === undefined ? undefined : join(corpora, "sse");

const geminiStream = geminiSurface("/v1beta/models/m:streamGenerateContent", "alt=sse")!;

interface Recording {
  readonly name: string;
  readonly surface: Surface;
  readonly wire: Buffer;
}

function recordings(): Recording[] {
  if (recorded === undefined || !existsSync(recorded)) return [];
  const folders: [string, Surface][] = [
    ["openai-chat", openaiChat],
    ["openai-compatible", openaiChat],
    ["openai-responses", openaiResponses],
    ["anthropic-messages", anthropicMessages],
    ["gemini", geminiStream],
    ["azure", openaiResponses],
  ];
  return folders.flatMap(([folder, surface]) =>
    readdirSync(join(recorded, folder)).flatMap((file) =>
      wires(readFileSync(join(recorded, folder, file), "utf8"), file, surface).map((wire, index) => ({
        name: `${folder}/${file} ${index}`,
        surface,
        wire: Buffer.from(wire),
      })),
    ),
  );
}

/** The wire text of a file, framed as its provider frames it. */
function wires(text: string, file: string, surface: Surface): string[] {
  if (file.endsWith(".chunks.txt")) {
    const payloads = text.split("\n").filter((payload) => payload.trim() !== "");
    if (surface === openaiChat)
      return [`${payloads.map((payload) => `data: ${payload}\n\n`).join("")}data: [DONE]\n\n`];
    if (surface === geminiStream) return [payloads.map((payload) => `data: ${payload}\r\n\r\n`).join("")];
    return [
      payloads
        .map(
          (payload) => `event: ${/^\{\s*"type":\s*"([\w.]+)"/.exec(payload)?.[1] ?? "unknown"}\ndata: ${payload}\n\n`,
        )
        .join(""),
    ];
  }
  if (file.endsWith(".snap.txt"))
    return [...text.matchAll(/= `\n"([\s\S]*?)"\n`;/g)].map((match) => match[1]!.replaceAll("\\\\", "\\"));
  if (/\.sse$|_response\.txt$/.test(file)) return [text];
  return [];
}

/** Whole answers and errors, as their provider sent them. */
function wholeAnswers(): { name: string; surface: Surface; body: Buffer }[] {
  if (recorded === undefined || !existsSync(recorded)) return [];
  const generate = geminiSurface("/v1beta/models/m:generateContent", "")!;
  const folders: [string, Surface][] = [
    ["openai-chat", openaiChat],
    ["openai-compatible", openaiChat],
    ["openai-responses", openaiResponses],
    ["azure", openaiResponses],
    ["anthropic-messages", anthropicMessages],
    ["gemini", generate],
  ];
  return folders.flatMap(([folder, surface]) =>
    readdirSync(join(recorded, folder))
      .filter((file) => file.endsWith(".json") && !file.startsWith("sdk-") && !file.includes("embedding"))
      .map((file) => ({ name: `${folder}/${file}`, surface, body: readFileSync(join(recorded, folder, file)) })),
  );
}

const requestOf = (surface: Surface) =>
  surface === openaiResponses
    ? { model: "m", input: "x", stream: true }
    : surface.errorShape === "gemini"
      ? { contents: [{ role: "user", parts: [{ text: "x" }] }] }
      : { model: "m", max_tokens: 9, messages: [{ role: "user", content: "x" }], stream: true };
const pathOf = (surface: Surface) => (surface === geminiStream ? `${surface.path}?alt=sse` : surface.path);

/** Every model and tool of a recording, so that the test's register can grant exactly those. */
function namesIn({ surface, wire }: Recording) {
  const reader = surface.streamReader();
  const models = new Set<string>();
  const tools = new Set<string>();
  const sse = new SseReader(1 << 24);
  const rest = () => sse.rest();
  for (const event of [...sse.push(wire), rest()]) {
    if (event === undefined) continue;
    const view = reader.accept(event);
    if (view.served !== null) models.add(view.served);
    for (const call of view.calls) tools.add(call.hosted ? `hosted.${call.name}` : call.name);
  }
  for (const call of reader.unfinished()) tools.add(call.hosted ? `hosted.${call.name}` : call.name);
  return { models: [...models], tools: [...tools] };
}

const all = recordings();
let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startTestUpstream();
});
afterAll(() => upstream.close());

if (all.length === 0) console.warn("MANDATE_CORPORA is not set: recorded provider streams are not replayed");

describe.skipIf(all.length === 0)("recorded streams", () => {
  test("the corpus is there", () => expect(all.length).toBeGreaterThan(40));

  for (const mode of ["pass", "window", "full"] as const satisfies readonly StreamMode[]) {
    test.each(all)(`come through event for event in ${mode} mode: $name`, async (recording) => {
      const { models, tools } = namesIn(recording);
      const system = testSystem("T0", {
        grants: { models: ["m"], tools, datasets: [], prompts: [], destinations: [] },
      });
      const protocol = recording.surface.protocols[0]!;
      const facts = testFacts(
        upstream.endpoint,
        { ...system, parameters: { ...system.parameters, streamMode: mode } },
        {
          models: [testModel(upstream.endpoint, { name: "m", upstream: "m", served: models, protocol })],
          tools: tools.map((name) => testTool(name, { names: [name], output: "trusted" })),
        },
      );
      const gateway = await startTestGateway(testSnapshot(facts));
      try {
        // Cut in odd places, as a network does.
        upstream.answer = (_request, res) => {
          res.writeHead(200, { "content-type": "text/event-stream" });
          for (let at = 0; at < recording.wire.length; at += 977) res.write(recording.wire.subarray(at, at + 977));
          res.end();
        };
        const body = requestOf(recording.surface);
        const answer = await gateway.call(pathOf(recording.surface), body);
        expect(answer.status, answer.text).toBe(200);
        expect(answer.text).toBe(recording.wire.toString());
        expect(gateway.evidence.terminals()).toHaveLength(1);
      } finally {
        await gateway.close();
      }
    });
  }

  test("a tool that was not granted never leaves, in any recording that calls one", async () => {
    const calling = all.filter((recording) => namesIn(recording).tools.length > 0);
    expect(calling.length).toBeGreaterThan(15);
    for (const recording of calling) {
      const { models, tools } = namesIn(recording);
      const protocol = recording.surface.protocols[0]!;
      const facts = testFacts(
        upstream.endpoint,
        testSystem("T0", { grants: { models: ["m"], tools: [], datasets: [], prompts: [], destinations: [] } }),
        {
          models: [testModel(upstream.endpoint, { name: "m", upstream: "m", served: models, protocol })],
          tools: tools.map((name) => testTool(name, { names: [name] })),
        },
      );
      const gateway = await startTestGateway(testSnapshot(facts));
      try {
        upstream.answer = (_request, res) => sendSse(res, recording.wire);
        const body = requestOf(recording.surface);
        const answer = await gateway.call(pathOf(recording.surface), body);
        expect(answer.text, recording.name).toMatch(/^data: \{.*"not_granted"/m);
        expect(gateway.evidence.terminals(), recording.name).toEqual(["blocked"]);
      } finally {
        await gateway.close();
      }
    }
  });

  const answers = wholeAnswers();
  test("the corpus of whole answers is there", () => expect(answers.length).toBeGreaterThan(20));

  test.each(answers)("a whole answer comes through byte for byte, its tools granted, and not at all without: $name", async ({ surface, body }) => {
    const value = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
    const failed = value.error !== undefined && value.error !== null;
    const view = surface.readAnswer(value);
    const tools = [...new Set(view.calls.map((call) => (call.hosted ? `hosted.${call.name}` : call.name)))];
    for (const granted of [true, false]) {
      const grants = { models: ["m"], tools: granted ? tools : [], datasets: [], prompts: [], destinations: [] };
      const system = testSystem("T2", { grants, boundary: { ...testSystem("T2").boundary, classes: ["personal", "payment", "health"] } });
      const facts = testFacts(upstream.endpoint, { ...system, parameters: { ...system.parameters, unlistedField: "pass" } }, {
        models: [testModel(upstream.endpoint, { name: "m", upstream: "m", served: [...view.served], protocol: surface.protocols[0]! })],
        tools: tools.map((name) => testTool(name, { names: [name], output: "trusted" })),
      });
      const gateway = await startTestGateway(testSnapshot(facts));
      try {
        upstream.answer = (_request, res) => res.writeHead(failed ? 400 : 200, { "content-type": "application/json" }).end(body);
        const { stream: _stream, ...ask } = requestOf(surface) as Record<string, unknown>;
        const answer = await gateway.call(surface.path, ask);
        if (granted || tools.length === 0) expect(answer.text).toBe(body.toString("utf8"));
        else expect([answer.status, answer.text.includes("not_granted")], answer.text).toEqual([403, true]);
      } finally {
        await gateway.close();
      }
    }
  });
});
