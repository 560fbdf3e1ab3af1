import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks on the terminal's error stream, so that a pipe on standard output stays clean. Hidden answers are not echoed. */
export async function askPerson(question: string, hidden: boolean, signal: AbortSignal): Promise<string> {
  let muted = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = reader.question(question, { signal });
    muted = hidden;
    return await answer;
  } finally {
    reader.close();
    if (hidden) process.stderr.write("\n");
  }
}
