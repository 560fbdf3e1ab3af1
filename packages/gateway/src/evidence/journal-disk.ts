import { closeSync, constants, fdatasync, fsyncSync, ftruncateSync, openSync, read, writeSync } from "node:fs";
import { promisify } from "node:util";

/** The disk as the journal uses it; a parameter so that tests can make it fail. */
export interface JournalDisk {
  open(path: string): number;
  /** Writes all of it at a position, or throws. */
  write(fd: number, bytes: Uint8Array, position: number): void;
  /** Resolves when what was written is on the medium. */
  datasync(fd: number): Promise<void>;
  truncate(fd: number, length: number): void;
  read(fd: number, bytes: Uint8Array, position: number): Promise<void>;
  close(fd: number): void;
  /** Makes a new or removed name in a directory durable. */
  syncDirectory(path: string): void;
}

const datasync = promisify(fdatasync);
const readAt = promisify(read);

export const nodeDisk: JournalDisk = {
  // Mode 0600: segments hold wrapped keys beside what they open.
  open: (path) => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600),
  write(fd, bytes, position) {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  },
  datasync: (fd) => datasync(fd),
  truncate: (fd, length) => ftruncateSync(fd, length),
  async read(fd, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await readAt(fd, bytes, done, bytes.length - done, position + done);
      if (bytesRead === 0) throw new Error("journal segment is shorter than its index");
      done += bytesRead;
    }
  },
  close: (fd) => closeSync(fd),
  syncDirectory(path) {
    const fd = openSync(path, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
};
