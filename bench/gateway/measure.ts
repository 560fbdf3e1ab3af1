import type { ChildProcess } from "node:child_process";
import { closeSync, fdatasync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** The next message of a process; its end is an error. */
export function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => reject(new Error(`a process of the benchmark ended with ${code}`));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      resolve(message as T);
    });
  });
}

export const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** @returns median milliseconds of one write and flush at the pace of single calls: an idle disk is slower to answer */
export async function flushMs(everyMs: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "mandate-bench-"));
  const file = openSync(join(directory, "flush"), "w");
  const bytes = Buffer.alloc(4096, 1);
  const times: number[] = [];
  writeSync(file, Buffer.alloc(300 * bytes.length));
  await promisify(fdatasync)(file);
  for (let i = 0; i < 200; i++) {
    await new Promise((done) => setTimeout(done, everyMs));
    const from = performance.now();
    writeSync(file, bytes, 0, bytes.length, i * bytes.length);
    await promisify(fdatasync)(file);
    times.push(performance.now() - from);
  }
  ftruncateSync(file);
  closeSync(file);
  rmSync(directory, { recursive: true });
  return median(times);
}
