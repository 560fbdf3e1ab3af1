import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { parseHeader } from "@mandate/ledger";
import { generateSigner } from "@mandate/ledger/node";
import { afterAll, describe, expect, test } from "vitest";
import { Journal } from "./journal.ts";
import type { JournalSink } from "./journal-sink.ts";
import { installSuccessor, journalOrigin, prepareSuccessor, settleSuccession } from "./journal-succession.ts";
import { openTestJournal, removeTestDirectories, testDirectory, testDraft, testSigner } from "./test-journal.ts";
import { Sealer } from "./sealer.ts";

afterAll(removeTestDirectories);

const second = generateSigner("localhost/acme/gw-1/2");
const sealer = (origin: string) => new Sealer({ origin, clock: () => 0, random: (bytes) => bytes.fill(1), sealingKey: () => ({ kid: "kek_1", system: null, key: new Uint8Array(32) }) });
const outcome = (id: string) => ({ ...testDraft(id, { type: "call.outcome" }), terminal: "done" as const });
async function headersOf(journal: Journal) {
  const records = await journal.read(0, 1_000_000);
  return records.map((record) => parseHeader(record.leaf)).map(({ type, decision, shard, seq, terminal }) => ({ type, decision, shard, seq, terminal }));
}
async function handOver(sink: JournalSink, folder: string): Promise<Journal> {
  let next: Journal | undefined;
  await sink.handOver(async (old) => {
    prepareSuccessor(folder, second.name, old.openCalls());
    await old.close();
    settleSuccession(folder, second.name);
    next = new Journal({ directory: folder, signer: second });
    return { journal: next, sealer: sealer(second.name), signer: second };
  });
  return next!;
}

describe("a log handed over to the next under running calls", () => {
  test("takes the outcome of a call begun before, and a receipt is signed by the key of the log that holds the entry", async () => {
    const folder = join(testDirectory(), "journal");
    const { sink } = openTestJournal(folder);
    await sink.intent(testDraft("dec_a"));
    const under = sink.intent(testDraft("dec_b"));
    const moving = handOver(sink, folder);
    const waits = sink.outcome(outcome("dec_a"));
    const journal = await moving;
    expect(await under).toMatchObject({ log: testSigner.name });
    expect(await waits).toEqual({ log: second.name, index: 0 });
    await sink.outcome(outcome("dec_b"));
    expect(journal.openCalls()).toEqual([]);
    expect((await headersOf(journal)).map(({ decision, shard, seq }) => [decision, shard, seq])).toEqual([["dec_a", second.name, 0], ["dec_b", second.name, 1]]);
    await journal.close();
  });

  test("that fails changes nothing: calls go on in the old one", async () => {
    const { sink, journal } = openTestJournal(join(testDirectory(), "journal"));
    await expect(sink.handOver(() => Promise.reject(new Error("the database is away")))).rejects.toThrow("away");
    expect(await sink.intent(testDraft("dec_a"))).toEqual({ log: testSigner.name, index: 0 });
    await journal.close();
  });

  test("closes a call that ran across and that nobody ended once, whatever was acknowledged before the next start", async () => {
    const folder = join(testDirectory(), "journal");
    const { sink } = openTestJournal(folder);
    await sink.intent(testDraft("dec_ended"));
    await sink.intent(testDraft("dec_open"));
    const journal = await handOver(sink, folder);
    await sink.outcome(outcome("dec_ended"));
    await journal.acknowledge(journal.size(), journal.size());
    await journal.shed();
    // As after a crash: nothing closes the journal in good order but its lock, which names this living process.
    await journal.close();
    const { sink: started, journal: again } = openTestJournal(folder, { signer: second });
    expect(again.openCalls().map((call) => call.header.decision)).toEqual(["dec_open"]);
    expect(await started.closeOpenCalls()).toBe(1);
    await again.acknowledge(again.size(), again.size());
    await again.shed();
    expect(existsSync(join(folder, "carried.json")), "nothing runs on any more").toBe(false);
    await again.close();
    const { journal: last } = openTestJournal(folder, { signer: second });
    expect(last.openCalls(), "not closed a second time").toEqual([]);
    await last.close();
  });
});

describe("a start after a crash in the middle", () => {
  async function interrupted(): Promise<string> {
    const folder = join(testDirectory(), "journal");
    const { sink, journal } = openTestJournal(folder);
    await sink.intent(testDraft("dec_open"));
    prepareSuccessor(folder, second.name, journal.openCalls());
    await journal.close();
    return folder;
  }

  test("takes the next journal where the store has the next log, and the call runs on into it", async () => {
    const folder = await interrupted();
    settleSuccession(folder, second.name);
    expect(journalOrigin(folder)).toBe(second.name);
    const journal = new Journal({ directory: folder, signer: second });
    expect(journal.openCalls().map((call) => call.header.decision)).toEqual(["dec_open"]);
    await journal.close();
  });

  test("keeps the old one where the store never took the change", async () => {
    const folder = await interrupted();
    settleSuccession(folder, testSigner.name);
    const { journal } = openTestJournal(folder);
    expect([journal.size(), journal.openCalls().length, existsSync(`${folder}.next`)]).toEqual([1, 1, false]);
    await journal.close();
  });

  test("goes on between the two renames, and removes what the closed one left", async () => {
    const folder = await interrupted();
    renameSync(folder, `${folder}.closed`);
    settleSuccession(folder, second.name);
    expect([journalOrigin(folder), existsSync(`${folder}.closed`)]).toEqual([second.name, false]);
    installTwice(folder);
  });

  test("never opens one log's journal as another's", async () => {
    const folder = await interrupted();
    expect(() => new Journal({ directory: folder, signer: second })).toThrow(expect.objectContaining({ code: "journal.broken" }));
  });
});

function installTwice(folder: string): void {
  prepareSuccessor(folder, "localhost/acme/gw-1/3", []);
  installSuccessor(folder);
  expect(journalOrigin(folder)).toBe("localhost/acme/gw-1/3");
}
