import { describe, expect, test } from "vitest";
import { AddedTimes, addedBoundsMs, quantileMs } from "./added-times.ts";
import { CallTime } from "./call-time.ts";

const minuteMs = 60_000;

describe("what Mandate takes of a call", () => {
  test("is its own turns alone, each said as often as one likes", async () => {
    let at = 0;
    const time = new CallTime(() => at);
    at = 2;
    time.pause();
    time.pause();
    at = 50;
    time.run();
    at = 51;
    time.run();
    at = 53;
    expect(time.ownMs).toBe(5);
    await time.during(Promise.resolve().then(() => (at = 500)));
    at = 501;
    expect(time.ownMs).toBe(6);
    await expect(time.during(Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    at = 502;
    expect(time.ownMs).toBe(7);
  });
});

describe("figures of the last hour", () => {
  const filled = (clock: { nowMs: number }) => {
    const times = new AddedTimes(() => clock.nowMs);
    for (let call = 0; call < 98; call++) times.add({ kind: "model", ownMs: 3 });
    times.add({ kind: "model", ownMs: 9 });
    times.add({ kind: "model", ownMs: 60_000 });
    return times;
  };

  test("give median and 99th percentile, by kind and together; what lies beyond the last bound is told as that bound", () => {
    const clock = { nowMs: 30 * minuteMs };
    const times = filled(clock);
    times.add({ kind: "decision", ownMs: 0.1 });
    times.add({ kind: null, ownMs: 5_000 });
    const { calls, medianMs, p99Ms, kinds, sinceMs } = times.lastHour();
    expect([calls, sinceMs]).toEqual([101, 30 * minuteMs]);
    expect(medianMs).toBeGreaterThan(2);
    expect(medianMs).toBeLessThanOrEqual(3);
    expect(p99Ms).toBeGreaterThan(8);
    expect(p99Ms).toBeLessThanOrEqual(10);
    expect(kinds.map(({ kind, calls: each }) => [kind, each])).toEqual([["model", 100], ["mcp", 0], ["decision", 1]]);
    expect(kinds[1]).toEqual({ kind: "mcp", calls: 0, medianMs: null, p99Ms: null });
    expect(quantileMs(times.totals()[0]!.counts, 1)).toBe(addedBoundsMs.at(-1));
  });

  test("forget what is an hour old, while totals since the start stay for the scraper", () => {
    const clock = { nowMs: 0 };
    const times = filled(clock);
    clock.nowMs = 59 * minuteMs;
    expect(times.lastHour().calls).toBe(100);
    times.add({ kind: "mcp", ownMs: 1 });
    clock.nowMs = 60 * minuteMs;
    expect(times.lastHour()).toMatchObject({ calls: 1, sinceMs: minuteMs });
    clock.nowMs = 200 * minuteMs;
    expect(times.lastHour()).toMatchObject({ calls: 0, medianMs: null, p99Ms: null });
    expect(times.totals().map(({ counts }) => counts.reduce((sum, count) => sum + count, 0))).toEqual([100, 1, 0]);
  });
});
