import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { JournalSink } from "./journal-sink.ts";
import { openTestJournal, removeTestDirectories, testDirectory, testDraft, testSigner } from "./test-journal.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
afterAll(removeTestDirectories);

test("what is kept for receipts weighs what the entries weigh, not the pool they were cut from", async () => {
  const { journal, sealer } = openTestJournal(testDirectory());
  const sink = new JournalSink(journal, sealer, testSigner);
  const write = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) await sink.decision(testDraft(`dec_${n}`, { type: "decision", payload: { text: "x".repeat(8_000) } }));
    await journal.acknowledge(journal.size(), journal.size());
    collect();
  };
  await write(0, 50);
  const before = process.memoryUsage().arrayBuffers;
  await write(50, 550);
  expect(Buffer.from(sink.receipt("dec_549")!, "base64").toString()).toContain("dec_549");
  // What was collected is given back beside the program, a little later.
  const weight = (): number => {
    collect();
    return (process.memoryUsage().arrayBuffers - before) / 500;
  };
  await expect.poll(weight, { timeout: 10_000, interval: 100 }).toBeLessThan(4_096);
  await journal.close();
});
