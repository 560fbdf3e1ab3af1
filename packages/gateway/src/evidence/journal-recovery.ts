import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EntryHeader } from "@mandate/model";
import { AppError } from "@mandate/model";
import type { Verify } from "./journal-frame.ts";
import { decodeRecords, frameHeaderBytes, hasWholeBody, isSignedHeader, readBatchHeader } from "./journal-frame.ts";
import { Segment, segmentName } from "./journal-segment.ts";
import { readCarried } from "./journal-succession.ts";
import { OpenCalls } from "./open-calls.ts";

export interface RecoveredJournal {
  readonly segments: Segment[];
  readonly nextSeq: number;
  /** Hash of the last batch: what the next one continues. */
  readonly previous: Uint8Array;
  readonly openCalls: OpenCalls;
  /** Bytes of a batch that was being written when the process or machine stopped; nobody was told it is durable. */
  readonly tornBytes: number;
}

const broken = (where: string, why: string): AppError =>
  new AppError({
    code: "journal.broken",
    status: 503,
    message: "The evidence journal has been altered. Keep its directory as it is and run `mandate doctor`.",
    internal: `${where}: ${why}`,
  });

/**
 * Reads every segment, checks chain, numbering and signatures. INVARIANT: a batch is written only after the one before
 * it was flushed, so only the very last one can be torn; damage anywhere else is refused, never skipped.
 */
export function recoverJournal(directory: string, acknowledged: number, verify: Verify): RecoveredJournal {
  const names = readdirSync(directory)
    .filter((name) => segmentName.test(name))
    .sort();
  const segments: Segment[] = [];
  const openCalls = new OpenCalls();
  for (const header of readCarried(directory)) openCalls.carry(header);
  let nextSeq = 0;
  let previous: Uint8Array = Buffer.alloc(32);
  let tornBytes = 0;
  names.forEach((name, place) => {
    const path = join(directory, name);
    const bytes = readFileSync(path);
    const segment = new Segment(path, Number(segmentName.exec(name)![1]));
    let at = 0;
    let last: number | undefined;
    while (at < bytes.length) {
      const header = readBatchHeader(bytes, at);
      if (header === undefined || !hasWholeBody(bytes, at, header)) {
        const written = writtenEnd(bytes, at);
        // A segment grows by zeros ahead of its batches; cutting real ones this way breaks the chain or its count.
        if (written === at) break;
        if (place < names.length - 1 || hasBatchAfter(bytes, at + 1, verify)) throw broken(name, `damage at ${at}`);
        tornBytes = written - at;
        break;
      }
      // What came before the oldest segment was acknowledged and removed; only there is the chain taken up on trust.
      const isFirst = segments.length === 0 && at === 0;
      if (isFirst && header.firstSeq > acknowledged) throw broken(name, "older records are missing");
      if (!isFirst && (header.firstSeq !== nextSeq || !header.previous.every((byte, i) => byte === previous[i]))) {
        throw broken(name, `batch at ${at} does not continue the one before`);
      }
      const body = bytes.subarray(at + frameHeaderBytes, at + frameHeaderBytes + header.bodyBytes);
      const records = decodeRecords(body, header.firstSeq);
      if (records.length !== header.count) throw broken(name, `batch at ${at} lacks records`);
      segment.addBatch(header.firstSeq, header.count, frameHeaderBytes + header.bodyBytes);
      for (const { seq, leaf, sealed } of records) {
        const entry = JSON.parse(Buffer.from(leaf).toString()) as EntryHeader;
        let size = leaf.length;
        for (const part of sealed) size += part.bytes.length;
        segment.addUse(entry.system ?? "", size);
        openCalls.follow(entry, seq);
      }
      nextSeq = header.firstSeq + header.count;
      previous = header.hash;
      last = at;
      at += frameHeaderBytes + header.bodyBytes;
    }
    if (last !== undefined && !isSignedHeader(bytes, last, verify))
      throw broken(name, "not signed by this gateway's key");
    segments.push(segment);
  });
  if (segments.length === 0 && acknowledged > 0) throw broken(directory, "every segment is missing");
  if (nextSeq < acknowledged) throw broken(directory, "an older state was restored");
  return { segments, nextSeq, previous, openCalls, tornBytes };
}

/** One past the last byte that isn't zero. */
function writtenEnd(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end > from && bytes[end - 1] === 0) end--;
  return end;
}

function hasBatchAfter(bytes: Buffer, from: number, verify: Verify): boolean {
  for (let at = bytes.indexOf("MJB1", from); at >= 0; at = bytes.indexOf("MJB1", at + 1)) {
    if (readBatchHeader(bytes, at) !== undefined && isSignedHeader(bytes, at, verify)) return true;
  }
  return false;
}
