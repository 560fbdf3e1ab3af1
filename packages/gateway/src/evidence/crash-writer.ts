import { signerFromPem } from "@mandate/ledger/node";
import { openTestJournal, testDraft } from "./test-journal.ts";

// Child process of the crash test: 32 appenders without pause; prints each number that was acknowledged.

const [directory, name, pem] = process.argv.slice(2) as [string, string, string];
const { journal, sink } = openTestJournal(directory, { signer: signerFromPem(name, pem), segmentBytes: 200_000 });
await sink.closeOpenCalls();
process.stdout.write(`ready ${journal.size()}\n`);
let count = 0;
async function appendForever(): Promise<void> {
  for (;;) {
    const id = `dec_${process.pid}_${count++}`;
    const { index } = await sink.intent(testDraft(id));
    process.stdout.write(`${index} ${id}\n`);
    if (count % 3 !== 0) await sink.outcome({ ...testDraft(id, { type: "call.outcome" }), terminal: "done" });
  }
}
await Promise.all(Array.from({ length: 32 }, appendForever));
