import { expect, test } from "vitest";
import { jsonLog, plainLog } from "./log.ts";

const at = () => Date.UTC(2026, 4, 1, 12, 30, 5);
const written = (make: typeof jsonLog): string[] => {
  const lines: string[] = [];
  const log = make((line) => lines.push(line), at);
  log.info("database", { line: "made a new database" });
  log.warn("upstream.failed", { model: "m\u001b[2J\u009b2J\nerror: forged", status: 502 });
  return lines;
};

test("a machine reads one object a line, a person at a terminal one sentence, and no text steers either", () => {
  expect(written(jsonLog).map((line) => JSON.parse(line))).toEqual([
    { at: "2026-05-01T12:30:05.000Z", level: "info", event: "database", line: "made a new database" },
    { at: "2026-05-01T12:30:05.000Z", level: "warn", event: "upstream.failed", model: "m\u001b[2J\u009b2J\nerror: forged", status: 502 },
  ]);
  expect(written(plainLog)).toEqual(["12:30:05 database, line: made a new database\n", "12:30:05 warning: upstream.failed, model: m\\u001b[2J\\u009b2J\\nerror: forged, status: 502\n"]);
});
