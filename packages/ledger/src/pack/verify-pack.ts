import { readEntries } from "./pack-entries.ts";
import { messageOf, PackFiles } from "./pack-files.ts";
import type { PackLog } from "./pack-log.ts";
import { openPackLog, rootText } from "./pack-log.ts";
import { MetaView } from "./pack-meta.ts";
import { PackApprovals } from "./pack-approvals.ts";
import { PackPayloads } from "./pack-payloads.ts";
import { judgeTrust } from "./pack-trust.ts";
import type { PackResult } from "./result.ts";
import { Problems } from "./result.ts";
import { ZipReader } from "./zip-reader.ts";

export interface VerifyOptions {
  /** Text of a trust file: verifier keys one a line, or a tlog-policy. */
  readonly trust?: string;
  /** Checkpoint files kept from before; the pack's logs must extend each. */
  readonly pinned?: readonly (string | Uint8Array)[];
}

/**
 * Verifies an evidence pack without any server. Never rejects: whatever is wrong with a pack, an unreadable one
 * included, is a problem in the answer.
 */
export async function verifyPack(zipBytes: Uint8Array, options: VerifyOptions = {}): Promise<PackResult> {
  const problems = new Problems();
  try {
    return await verify(zipBytes, options, problems);
  } catch (error) {
    problems.add("pack.unreadable", messageOf(error));
    const nothing = { trust: "self-attested", logs: [], entries: 0, payloads: 0, approvals: 0, unanchored: 0 } as const;
    return { ok: false, ...nothing, problems: problems.finish() };
  }
}

async function verify(zipBytes: Uint8Array, options: VerifyOptions, problems: Problems): Promise<PackResult> {
  const zip = new ZipReader(zipBytes);
  if (!zip.isAsWritten)
    problems.add("pack.archive_altered", "the archive is not as it was written: its checksum differs");
  const files = new PackFiles(zip, problems);
  const logs = openLogs(files, problems);
  const meta = new MetaView(problems);
  const payloads = new PackPayloads(files, problems);
  const approvals = new PackApprovals(files, problems);
  const indexes = new Map<PackLog, number[]>();
  let entries = 0;
  for (const log of logs) {
    const own: number[] = [];
    indexes.set(log, own);
    entries += readEntries(files, log, problems, (entry) => {
      own.push(entry.index);
      payloads.addEntry(entry);
      approvals.addEntry(entry);
      if (log.dir === "logs/meta") meta.addEntry(entry);
    });
  }
  meta.compare(logs);
  const matching = await payloads.finish();
  const signed = await approvals.finish();
  const { trust, anchoredSize } = judgeTrust(logs, meta, options.trust, options.pinned ?? [], problems);
  files.finish();
  let anchored = 0;
  for (const [log, own] of indexes) {
    const size = anchoredSize(log);
    for (const index of own) if (index < size) anchored++;
  }
  return {
    ok: problems.list.length === 0,
    trust,
    logs: logs.map((log) => ({ origin: log.checkpoint.origin, size: log.checkpoint.size, root: rootText(log) })),
    entries,
    payloads: matching,
    approvals: signed,
    unanchored: entries - anchored,
    problems: problems.finish(),
  };
}

function openLogs(files: PackFiles, problems: Problems): PackLog[] {
  const pathsByDir = new Map<string, string[]>();
  for (const path of files.paths) {
    const match = /^(logs\/[^/]+)\//.exec(path);
    if (match === null) continue;
    const paths = pathsByDir.get(match[1]!);
    if (paths === undefined) pathsByDir.set(match[1]!, [path]);
    else paths.push(path);
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
