import { LedgerError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { readEntries } from "./pack-entries.ts";
import { messageOf, PackFiles } from "./pack-files.ts";
import type { PackLog } from "./pack-log.ts";
import { openPackLog, rootText } from "./pack-log.ts";
import { formerMetaLogs, MetaView } from "./pack-meta.ts";
import { PackApprovals } from "./pack-approvals.ts";
import { PackAudits } from "./pack-audits.ts";
import { PackComplete } from "./pack-complete.ts";
import { PackPayloads } from "./pack-payloads.ts";
import { checkReceipts } from "./pack-receipts.ts";
import { judgeTrust } from "./pack-trust.ts";
import type { TimeBound } from "./pack-trust.ts";
import type { PackResult } from "./result.ts";
import { Problems } from "./result.ts";
import { ZipReader } from "./zip-reader.ts";

export interface VerifyOptions {
  /** Text of a trust file: verifier keys one a line, or a tlog-policy. */
  readonly trust?: string;
  /** Checkpoint files kept from before; the pack's logs must extend each. */
  readonly pinned?: readonly (string | Uint8Array)[];
  /** `x-mandate-receipt` headers that callers kept; each promised entry must stand where it was promised. */
  readonly receipts?: readonly string[];
}

/**
 * Verifies an evidence pack without any server and without holding it: from a file (`fileSource`), a pack of any size.
 * Never rejects: whatever is wrong with a pack, an unreadable one included, is a problem in the answer.
 */
export async function verifyPack(pack: Uint8Array | ByteSource, options: VerifyOptions = {}): Promise<PackResult> {
  const problems = new Problems();
  try {
    return await verify(pack, options, problems);
  } catch (error) {
    problems.add("pack.unreadable", messageOf(error));
    const nothing = { trust: "self-attested", logs: [], entries: 0, payloads: 0, approvals: 0, unanchored: 0, receipts: 0, samples: [], complete: null, scope: null } as const;
    return { ok: false, ...nothing, problems: problems.finish() };
  }
}

async function verify(pack: Uint8Array | ByteSource, options: VerifyOptions, problems: Problems): Promise<PackResult> {
  const zip = new ZipReader(pack);
  if (!zip.isAsWritten)
    problems.add("pack.archive_altered", "the archive is not as it was written: its checksum differs");
  const files = await PackFiles.open(zip, problems);
  const logs = openLogs(files, problems);
  const meta = new MetaView(problems);
  const payloads = new PackPayloads(files, problems);
  const approvals = new PackApprovals(files, problems);
  const former = formerMetaLogs(logs);
  const audits = new PackAudits(files, logs, former, problems);
  const complete = new PackComplete(files.scope, audits.systems(), former, problems);
  const indexes = new Map<PackLog, ShownEntries>();
  let entries = 0;
  for (const log of logs) {
    const own = new ShownEntries(log.tree.size);
    indexes.set(log, own);
    entries += await readEntries(files, log, problems, (entry) => {
      own.add(entry.index, entry.header.at);
      payloads.addEntry(entry);
      approvals.addEntry(entry);
      audits.addEntry(entry);
      complete.addEntry(entry);
      if (log.dir === "logs/meta") meta.addEntry(entry);
    });
  }
  meta.compare(logs);
  const matching = await payloads.finish();
  const signed = await approvals.finish();
  const samples = audits.finish(logs, complete);
  const isComplete = complete.finish(logs);
  const { trust, anchoredSize, bounds } = judgeTrust(logs, meta, options.trust, options.pinned ?? [], problems);
  for (const [log, own] of indexes) own.compareClock(log, bounds(log), problems);
  const receipts = checkReceipts(logs, options.receipts ?? [], options.trust, problems);
  await files.finish();
  let anchored = 0;
  for (const [log, own] of indexes) anchored += own.countBelow(anchoredSize(log));
  return {
    ok: problems.list.length === 0,
    trust,
    logs: logs.map((log) => ({ origin: log.checkpoint.origin, size: log.checkpoint.size, root: rootText(log) })),
    entries,
    payloads: matching,
    approvals: signed,
    unanchored: entries - anchored,
    receipts,
    samples,
    complete: isComplete,
    scope: files.scope ?? null,
    problems: problems.finish(),
  };
}

/** Two machines' clocks may be this far apart; Mandate itself refuses calls beyond 30 s. */
const clockToleranceSeconds = 300;

/** Which of a log's entries are shown, and when each says it was written, in seconds. */
class ShownEntries {
  /** 0: not shown. */
  readonly #seconds: Uint32Array;

  constructor(size: number) {
    this.#seconds = new Uint32Array(size);
  }

  add(index: number, at: unknown): void {
    const ms = typeof at === "string" ? Date.parse(at) : Number.NaN;
    this.#seconds[index] = Number.isNaN(ms) ? 1 : Math.max(1, Math.floor(ms / 1000));
  }

  countBelow(size: number): number {
    let count = 0;
    for (let index = 0; index < size; index++) if (this.#seconds[index] !== 0) count++;
    return count;
  }

  /** Order comes from the tree; a writer's clock is believed no further than the witnesses' own. */
  compareClock(log: PackLog, bounds: readonly TimeBound[], problems: Problems): void {
    // Each entry against the earliest time by which it existed: bounds by size, the running minimum from the largest down.
    const falling = bounds.filter(({ size }) => size > 0).sort((a, b) => b.size - a.size);
    let seconds = Number.POSITIVE_INFINITY;
    falling.forEach((bound, at) => {
      seconds = Math.min(seconds, bound.seconds);
      for (let index = falling[at + 1]?.size ?? 0; index < bound.size && index < this.#seconds.length; index++) {
        if (this.#seconds[index]! <= seconds + clockToleranceSeconds) continue;
        problems.add("entry.clock", "entry claims a time after a witness had already signed it", `${log.dir}/entries.jsonl`, index);
      }
    });
  }
}

/** Tiles, checkpoints and consistency proofs of all logs; a pack of a billion entries has fewer. */
const maxLogFiles = 4_000_000;

function openLogs(files: PackFiles, problems: Problems): PackLog[] {
  const pathsByDir = new Map<string, string[]>();
  let kept = 0;
  for (const path of files.pathsBelow("logs/")) {
    const match = /^(logs\/[^/]+)\/([^/]*)/.exec(path);
    if (match === null) continue;
    const dir = match[1]!;
    let paths = pathsByDir.get(dir);
    if (paths === undefined) pathsByDir.set(dir, (paths = []));
    // One an entry, each looked up by its name.
    if (match[2] === "proofs") continue;
    if (++kept > maxLogFiles) throw new LedgerError("pack.unreadable", "the pack's logs have too many files");
    paths.push(path);
  }
  if (!pathsByDir.has("logs/meta")) problems.add("log.missing", "the pack has no meta-log", "logs/meta");
  const logs: PackLog[] = [];
  for (const dir of [...pathsByDir.keys()].sort()) {
    const log = openPackLog(files, dir, pathsByDir.get(dir)!, problems);
    if (log === undefined) continue;
    if (logs.some((other) => other.checkpoint.origin === log.checkpoint.origin)) {
      problems.add("log.origin", "two logs of the pack have one origin", `${dir}/checkpoint`);
    }
    logs.push(log);
  }
  return logs;
}
