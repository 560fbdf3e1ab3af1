import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ReadStream } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const suffix = ".export";

/** Builds an export in a file: it can be larger than memory, and what fails on the way is an error, not half a document. */
export function exportFiles(directory: string) {
  // What a crash left behind.
  const ready = mkdir(directory, { recursive: true, mode: 0o700 }).then(async () => {
    for (const name of await readdir(directory)) if (name.endsWith(suffix)) await rm(join(directory, name), { force: true });
  });
  return async (write: (sink: (text: string) => Promise<void>) => Promise<void>): Promise<{ readonly bytes: number; readonly stream: ReadStream }> => {
    await ready;
    const path = join(directory, `${randomUUID()}${suffix}`);
    const file = await open(path, "wx", 0o600);
    let bytes = 0;
    try {
      await write(async (text) => {
        bytes += Buffer.byteLength(text);
        await file.writeFile(text);
      });
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    const stream = createReadStream(path);
    stream.once("close", () => void rm(path, { force: true }));
    return { bytes, stream };
  };
}
