import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "./byte-source.ts";

export interface FileSource extends ByteSource {
  close(): void;
}

/** A file read in place. Throws what `node:fs` throws. */
export function fileSource(path: string): FileSource {
  const file = openSync(path, "r");
  return {
    size: fstatSync(file).size,
    read(at, into) {
      for (let done = 0; done < into.length; ) {
        const count = readSync(file, into, done, into.length - done, at + done);
        if (count === 0) throw new RangeError("beyond the end");
        done += count;
      }
    },
    close: () => closeSync(file),
  };
}
