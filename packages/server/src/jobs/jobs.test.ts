import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startJobs } from "./jobs.ts";

const log = { info: () => undefined, warn: vi.fn<() => void>(), error: () => undefined };

beforeEach(() => {
  vi.useFakeTimers();
  log.warn.mockClear();
});
afterEach(() => void vi.useRealTimers());

test("a job that still runs isn't started beside itself", async () => {
  const gate = Promise.withResolvers<void>();
  const run = vi.fn(() => gate.promise);
  const jobs = startJobs([{ name: "slow", everyMs: 100, run }], log);
  await vi.advanceTimersByTimeAsync(1000);
  expect(run).toHaveBeenCalledTimes(1);
  gate.resolve();
  await vi.advanceTimersByTimeAsync(100);
  expect(run).toHaveBeenCalledTimes(2);
  await jobs.close();
});

test("a failing job is logged and tried again", async () => {
  const run = vi.fn(() => Promise.reject(new Error("no")));
  const jobs = startJobs([{ name: "bad", everyMs: 100, run }], log);
  await vi.advanceTimersByTimeAsync(250);
  expect(run).toHaveBeenCalledTimes(2);
  expect(log.warn).toHaveBeenCalledTimes(2);
  await jobs.close();
});

test("closing waits for what runs and starts nothing more", async () => {
  const gate = Promise.withResolvers<void>();
  const run = vi.fn(() => gate.promise);
  const jobs = startJobs([{ name: "last", everyMs: 100, run }], log);
  await vi.advanceTimersByTimeAsync(100);
  let closed = false;
  const closing = jobs.close().then(() => void (closed = true));
  await vi.advanceTimersByTimeAsync(500);
  expect(closed).toBe(false);
  gate.resolve();
  await closing;
  expect(run).toHaveBeenCalledTimes(1);
});

test("a job that runs hourly has its first turn soon after the start", async () => {
  const run = vi.fn(() => Promise.resolve());
  const jobs = startJobs([{ name: "hourly", everyMs: 3_600_000, run }], log);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(run).toHaveBeenCalledTimes(2);
  await jobs.close();
});
