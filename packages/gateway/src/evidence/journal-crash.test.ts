import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { parseHeader } from "@mandate/ledger";
import { openTestJournal, removeTestDirectories, testDirectory, testSigner } from "./test-journal.ts";

afterAll(removeTestDirectories);

const writer = fileURLToPath(new URL("./crash-writer.ts", import.meta.url));

/** Runs the writer until it has acknowledged some records, kills it there, and returns what it had acknowledged. */
async function runAndKill(directory: string, afterLines: number): Promise<Map<number, string>> {
  const child = spawn(process.execPath, [writer, directory, testSigner.name, testSigner.exportPem()], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.split("\n").length > afterLines) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  const lines = output.split("\n").slice(0, -1);
  expect(lines[0]).toMatch(/^ready \d+$/);
  return new Map(lines.slice(1).map((line) => [Number(line.split(" ")[0]), line.split(" ")[1]!]));
}

test("twenty kills under load lose no acknowledged record, and each start works", { timeout: 120_000 }, async () => {
  const directory = testDirectory();
  const acknowledged = new Map<number, string>();
  for (let round = 0; round < 20; round++) {
    for (const [index, id] of await runAndKill(directory, 20 + round * 40)) {
      expect(acknowledged.has(index)).toBe(false);
      acknowledged.set(index, id);
    }
  }
  const { journal, sink } = openTestJournal(directory);
  await sink.closeOpenCalls();
  const intents = new Map<number, string>();
  const outcomes = new Map<string, number>();
  for (let seq = 0; seq < journal.size(); ) {
    const records = await journal.read(seq, 1_000_000);
    for (const record of records) {
      const header = parseHeader(record.leaf);
      expect(header.seq).toBe(seq++);
      const id = String(header.decision);
      if (header.type === "call.intent") intents.set(record.seq, id);
      else outcomes.set(id, (outcomes.get(id) ?? 0) + 1);
    }
  }
  for (const [index, id] of acknowledged) expect(intents.get(index)).toBe(id);
  for (const id of intents.values()) expect(outcomes.get(id)).toBe(1);
  await journal.close();
});
