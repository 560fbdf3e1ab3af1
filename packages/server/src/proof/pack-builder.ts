import { createReadStream } from "node:fs";
import type { ReadStream } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ByteSink, PackProgress } from "@mandate/ledger";

/** A pack that is being built. */
export interface BuildingPack extends PackProgress {
  /** RFC 3339. */
  readonly started: string;
  readonly systems: readonly string[];
}

export interface BuiltPack {
  readonly bytes: number;
  /** Takes its file away when it ends, however it ends. */
  readonly stream: ReadStream;
}

const suffix = ".pack";

/**
 * Builds packs in files: one can be larger than memory, and only a whole one is sent, so that what fails on the way is
 * answered as an error instead of as half an archive.
 * @param directory in the data directory, because a disclosed pack is as secret as the data
 */
export function packBuilder(directory: string, now: () => number) {
  const building = new Set<{ progress: BuildingPack }>();
  // What a crash left behind.
  const ready = mkdir(directory, { recursive: true, mode: 0o700 }).then(async () => {
    for (const name of await readdir(directory)) if (name.endsWith(suffix)) await rm(join(directory, name), { force: true });
  });
  return {
    running: (): readonly BuildingPack[] => [...building].map((one) => one.progress),
    async build(
      systems: readonly string[],
      write: (sink: ByteSink, onProgress: (progress: PackProgress) => void) => Promise<void>,
    ): Promise<BuiltPack> {
      await ready;
      const path = join(directory, `${randomUUID()}${suffix}`);
      const about = { started: new Date(now()).toISOString(), systems };
      const current = { progress: { ...about, entries: 0, payloads: 0, bytes: 0 } };
      building.add(current);
      const file = await open(path, "wx", 0o600);
      let bytes = 0;
      try {
        await write(
          async (part) => {
            bytes += part.length;
            await file.writeFile(part);
          },
          (progress) => (current.progress = { ...about, ...progress }),
        );
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        building.delete(current);
        await file.close();
      }
      const stream = createReadStream(path);
      stream.once("close", () => void rm(path, { force: true }));
      return { bytes, stream };
    },
  };
}
