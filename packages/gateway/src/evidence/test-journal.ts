import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomFillSync } from "node:crypto";
import { generateSigner } from "@mandate/ledger/node";
import type { EntryDraft } from "../evidence-sink.ts";
import { Journal } from "./journal.ts";
import type { JournalOptions } from "./journal.ts";
import { JournalSink } from "./journal-sink.ts";
import { Sealer } from "./sealer.ts";

// A journal on a real disk, for tests and the benchmark.

export const testSigner = generateSigner("localhost/acme/gw-1/1");
export const testKey = { kid: "kek_1", system: null, key: new Uint8Array(32).fill(7) };

const made: string[] = [];

export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "mandate-journal-"));
  made.push(directory);
  return directory;
}

/** For `afterAll`: nothing of a run stays behind. */
export function removeTestDirectories(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

export function openTestJournal(
  directory: string,
  options: Partial<JournalOptions> = {},
): { journal: Journal; sink: JournalSink; sealer: Sealer } {
  const journal = new Journal({ directory, signer: testSigner, ...options });
  const sealer = new Sealer({
    origin: testSigner.name,
    clock: () => Date.UTC(2026, 10, 22),
    random: (bytes) => randomFillSync(bytes),
    sealingKey: () => testKey,
  });
  return { journal, sink: new JournalSink(journal, sealer), sealer };
}

export function testDraft(decisionId: string, change: Partial<EntryDraft> = {}): EntryDraft {
  return {
    type: "call.intent",
    decisionId,
    system: "support-concierge",
    policyVersion: "pol_1",
    registerVersion: 3,
    outcome: "allow",
    approvals: [],
    retention: "T1",
    payload: { caller: "cred_1", reason: "granted" },
    messages: [],
    sessionId: null,
    context: null,
    ...change,
  };
}
