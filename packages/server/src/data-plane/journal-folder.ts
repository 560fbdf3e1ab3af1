import { existsSync } from "node:fs";
import { installSuccessor, Journal, journalOrigin, prepareSuccessor, settleSuccession } from "@mandate/gateway";
import type { Evidence } from "../evidence/index.ts";

/**
 * The journal of a writer's open log. A start finds the folder as a crash left it: before, in the middle of or after a
 * replacement of the log's key. The store says which log is open, and the folder follows.
 */
export async function openJournal(evidence: Evidence, directory: string, origin: string): Promise<Journal> {
  settleSuccession(directory, origin);
  const known = existsSync(directory) ? journalOrigin(directory) : undefined;
  // A backup can hold the folder of one moment and the store of the next: what the closed log's journal held is in the store.
  if (known !== undefined && known !== origin) {
    const before = (await evidence.logs()).find((log) => log.origin === known && log.closed);
    if (before !== undefined) {
      const old = new Journal({ directory, signer: await evidence.openSigner(known) });
      const open = old.openCalls();
      await old.close();
      prepareSuccessor(directory, origin, open);
      installSuccessor(directory);
    }
  }
  return new Journal({ directory, signer: evidence.signerOf(origin) });
}
