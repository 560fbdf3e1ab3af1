import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { awsMessage } from "./testing/fake-bedrock.ts";
import { ConverseReader } from "./sse/aws-event-reader.ts";
import { JsonArrayReader } from "./sse/json-array-reader.ts";
import { readBody } from "./http/read-body.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { SseReader, type StreamFramer } from "./sse/sse-reader.ts";

test("what was put in comes out in its order, and what was looked at stays as it was", () => {
  const step = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(30));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const pending = new PendingBytes();
      let model = Buffer.alloc(0);
      const seen: { readonly view: Buffer; readonly copy: Buffer }[] = [];
      for (const one of steps) {
        if (typeof one === "number") {
          const count = Math.min(one, pending.length);
          seen.push({ view: pending.bytes.subarray(0, count), copy: Buffer.from(model.subarray(0, count)) });
          pending.drop(count);
          model = model.subarray(count);
        } else {
          pending.append(Buffer.from(one));
          model = Buffer.concat([model, one]);
        }
        expect(pending.bytes.equals(model)).toBe(true);
      }
      for (const { view, copy } of seen) expect(view.equals(copy)).toBe(true);
      expect(pending.take().equals(model)).toBe(true);
      expect(pending.length).toBe(0);
    }),
  );
});

describe("an event of four megabytes in pieces of sixteen bytes is read at the cost of its bytes, not of their square", () => {
  const size = 4 * 1024 * 1024;
  const text = JSON.stringify({ a: "x".repeat(size) });
  const framers: readonly (readonly [string, StreamFramer, Buffer])[] = [
    ["server-sent events", new SseReader(2 * size), Buffer.from(`data: ${text}\n\n`)],
    ["a JSON array", new JsonArrayReader(2 * size), Buffer.from(`[${text}`)],
    ["Amazon's messages", new ConverseReader(2 * size), awsMessage({ ":message-type": "event", ":event-type": "chunk" }, { a: "x".repeat(size) })],
  ];
  test.each(framers)("%s", (_what, framer, wire) => {
    const events = [];
    // A quarter of a million pieces: half a terabyte, if each were put behind all before it.
    for (let at = 0; at < wire.length; at += 16) events.push(...framer.push(wire.subarray(at, at + 16)));
    expect(events).toHaveLength(1);
    expect(events[0]!.raw.equals(wire)).toBe(true);
  });
});

test("a body in chunks of a byte each is held as its bytes, not as millions of objects", async () => {
  const chunks = 3_000_000;
  const one = Buffer.from("x");
  const request = new EventEmitter() as EventEmitter & Pick<IncomingMessage, "headers" | "pause">;
  request.headers = {};
  const before = process.memoryUsage().heapUsed;
  const reading = readBody(request as IncomingMessage, { maxBodyBytes: 2 * chunks, bodyTimeoutMs: 60_000 });
  // As node's parser gives them: each is an object of its own over the same bytes.
  for (let at = 0; at < chunks; at++) request.emit("data", one.subarray(0, 1));
  // Each object takes more than a hundred bytes: kept, they would be some three hundred megabytes and more.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(150 * 1024 * 1024);
  request.emit("end");
  const body = (await reading) as Buffer;
  expect([body.length, body.every((byte) => byte === one[0])]).toEqual([chunks, true]);
});
