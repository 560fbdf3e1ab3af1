import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AwsEventReader } from "../sse/aws-event-reader.ts";
import { JsonArrayReader } from "../sse/json-array-reader.ts";
import { SseReader, type StreamFramer } from "../sse/sse-reader.ts";
import { kinds, surfaceCells } from "../testing/cells.ts";
import { FieldProblem, type Members } from "./fields.ts";

/** Bounded, so that every run of the tests can afford it; longer by the environment. */
const interruptAfterTimeLimit = Number(process.env.MANDATE_FUZZ_MS ?? 250);
const bounded = { numRuns: 1_000_000, interruptAfterTimeLimit, markInterruptAsFailure: false } as const;

/** Words that readers look for, so that nonsense reaches their insides. */
const words =
  "type role content parts text tools tool_calls function name arguments input output message user assistant model tool_use tool_result function_call functionCall partialArgs willContinue jsonPath $.a[0] fileData fileUri source image_url choices delta index candidates content_block content_block_start content_block_stop response item output_index response.completed response.output_item.added finish_reason finishReason __proto__ constructor".split(" ");
const word = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string() });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(word, tie("value"), { maxKeys: 5 }),
  ),
}));
const object = fc.dictionary(word, value, { maxKeys: 6 }) as fc.Arbitrary<Members>;

/** A copy with one value, picked by `at`, put in another's place. */
function planted(whole: unknown, at: number, other: unknown): unknown {
  let left = at % 40;
  const walk = (inner: unknown): unknown => {
    if (left-- === 0) return other;
    if (Array.isArray(inner)) return inner.map(walk);
    if (typeof inner === "object" && inner !== null)
      return Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, walk(one)]));
    return inner;
  };
  return walk(whole);
}

for (const { title, surface, request, answer } of surfaceCells) {
  const requests = kinds.flatMap((kind) => request(kind, "x") ?? []);
  const body = fc
    .tuple(fc.constantFrom(...requests), fc.nat(), value, object)
    .map(([whole, at, other, more]) => ({ ...more, ...(planted(whole, at, other) as Members) }));

  describe(title, () => {
    test("whatever a request holds, it is read or refused with the field's name, and no hosted tool passes unseen", () => {
      fc.assert(
        fc.property(body, (given) => {
          if (typeof given !== "object" || given === null || Array.isArray(given)) return;
          const tools = [...(Array.isArray(given.tools) ? (given.tools as unknown[]) : []), hosted];
          const offered = { ...given, tools, toolConfig: { tools: [{ systemTool: {} }] } };
          try {
            const view = surface.readRequest(offered);
            expect(view.effects.length).toBeGreaterThan(0);
            for (const turn of view.turns) expect(typeof turn.text).toBe("string");
          } catch (error) {
            expect(error).toBeInstanceOf(FieldProblem);
          }
        }),
        title.includes("embeddings") ? { numRuns: 0 } : bounded,
      );
    });

    const answers = kinds.flatMap((kind) => answer(kind, "x", false)?.body ?? []).map((text) => JSON.parse(text.toString()) as unknown);
    test("whatever an answer holds, reading it ends without a fault", () => {
      fc.assert(
        fc.property(fc.oneof(object, fc.tuple(fc.constantFrom(...answers), fc.nat(), value).map(([whole, at, other]) => planted(whole, at, other))), (given) => {
          if (typeof given !== "object" || given === null || Array.isArray(given)) return;
          const view = surface.readAnswer(given as Members);
          for (const call of view.calls) expect(typeof call.argumentsText + typeof call.name).toBe("stringstring");
        }),
        bounded,
      );
    });

    test("whatever a stream's events hold, each call that began is judged by its end", () => {
      fc.assert(
        fc.property(fc.array(object, { maxLength: 6 }), (events) => {
          const reader = surface.streamReader();
          for (const one of events) reader.accept({ raw: Buffer.alloc(0), name: typeof one.type === "string" ? one.type : "", data: JSON.stringify(one) });
          const pending = reader.pending;
          const unfinished = reader.unfinished();
          if (pending) expect(unfinished.length).toBeGreaterThan(0);
          expect(reader.pending).toBe(false);
        }),
        bounded,
      );
    });
  });
}

const hosted = { type: "web_search_20250305", googleSearch: {} };

test("whatever bytes a stream holds, its framer gives back no byte that it wasn't given", () => {
  const framers: (() => StreamFramer)[] = [() => new SseReader(4096), () => new JsonArrayReader(4096)];
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.array(fc.constantFrom("data: {}", "\n", "\r", "[", "]", "{", "}", ",", '"', "\\", " ", "\uFEFF"), { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""))),
  );
  fc.assert(
    fc.property(noise, fc.integer({ min: 1, max: 50 }), (bytes, piece) => {
      for (const make of framers) {
        const framer = make();
        const given: Buffer[] = [];
        try {
          for (let at = 0; at < bytes.length; at += piece) given.push(...framer.push(bytes.subarray(at, at + piece)).map((event) => event.raw));
        } catch {
          // What can't be divided is cut, not guessed at.
        }
        const rest = Buffer.concat(given);
        expect(bytes.subarray(0, rest.length).equals(rest)).toBe(true);
      }
    }),
    bounded,
  );
});

test("whatever bytes an Amazon stream holds, no event comes of them without its checksum", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        expect(new AwsEventReader(4096).push(Buffer.from(bytes))).toEqual([]);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    bounded,
  );
});
