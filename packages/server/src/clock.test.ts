import { expect, it } from "vitest";
import { steadyClock } from "./clock.ts";

const hour = 3_600_000;

function clockAt(startMs: number, recordedMs = 0) {
  const machine = { wallMs: startMs, elapsedMs: 500 };
  const now = steadyClock(() => machine.wallMs, () => machine.elapsedMs, recordedMs);
  return { machine, now };
}

it("follows the machine's clock forward", () => {
  const { machine, now } = clockAt(10 * hour);
  machine.wallMs += 5;
  expect(now()).toBe(10 * hour + 5);
  machine.wallMs += hour;
  expect(now()).toBe(11 * hour + 5);
});

it("never goes backward, and doesn't stand still: what ends in an hour ends, whatever the clock is set to", () => {
  const { machine, now } = clockAt(10 * hour);
  machine.wallMs = 0;
  expect(now()).toBe(10 * hour);
  let before = now();
  for (let minute = 0; minute < 61; minute++) {
    machine.elapsedMs += 60_000;
    expect(now()).toBeGreaterThanOrEqual(before);
    before = now();
  }
  expect(now()).toBeGreaterThan(11 * hour);
});

it("a start after the clock was set back goes on from what was written down", () => {
  const { machine, now } = clockAt(2 * hour, 10 * hour);
  expect(now()).toBe(10 * hour);
  machine.elapsedMs += 2 * hour;
  expect(now()).toBe(12 * hour - 30_000);
  machine.wallMs = 13 * hour;
  expect(now()).toBe(13 * hour);
});
