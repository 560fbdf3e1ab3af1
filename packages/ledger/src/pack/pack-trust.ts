import { equalBytes, toHex } from "../encoding.ts";
import { parseCheckpoint, splitCheckpoints } from "../tlog/checkpoint.ts";
import type { NoteVerifier, ParsedNote } from "../tlog/note.ts";
import { cosignatureTime, noteVerifier, openNote, parseNote, parseVerifierKey } from "../tlog/note.ts";
import type { TrustPolicy } from "../tlog/policy.ts";
import { meetsQuorum, parseTrust } from "../tlog/policy.ts";
import { messageOf } from "./pack-files.ts";
import type { PackLog } from "./pack-log.ts";
import { extendsCheckpoint } from "./pack-log.ts";
import type { MetaView } from "./pack-meta.ts";
import type { PackTrust, Problems } from "./result.ts";

/** The first `size` entries existed at `seconds` since 1970, on a witness's word. */
export interface TimeBound {
  readonly size: number;
  readonly seconds: number;
}

/** Up to which size someone other than the operator vouches for each log directory. */
type Anchors = Map<string, number>;

function raise(anchors: Anchors, dir: string, size: number): void {
  anchors.set(dir, Math.max(anchors.get(dir) ?? 0, size));
}

/** Compares the pack with what the verifier brought along: trusted keys, witnesses, checkpoints kept from before. */
export function judgeTrust(
  logs: readonly PackLog[],
  meta: MetaView,
  trustText: string | undefined,
  pinned: readonly (string | Uint8Array)[],
  problems: Problems,
): {
  readonly trust: PackTrust;
  readonly anchoredSize: (log: PackLog) => number;
  /** Each witness's own time, and up to which entry a log stood by then. */
  readonly bounds: (log: PackLog) => readonly TimeBound[];
} {
  const anchors: Anchors = new Map();
  const isPinned = comparePinned(logs, pinned, anchors, problems);
  const times = new Map<string, TimeBound[]>();
  const isWitnessed = compareTrust(logs, meta, trustText, anchors, times, problems);
  const metaSize = anchors.get("logs/meta") ?? 0;
  const anchoredSize = (log: PackLog): number => {
    const own = anchors.get(log.dir) ?? 0;
    return log.dir === "logs/meta" ? own : Math.max(own, meta.coveredSize(log, metaSize));
  };
  const bounds = (log: PackLog): TimeBound[] => [
    ...(times.get(log.dir) ?? []),
    ...(log.dir === "logs/meta" ? [] : (times.get("logs/meta") ?? []).map(({ size, seconds }) => ({ size: meta.coveredSize(log, size), seconds }))),
  ];
  return { bounds, trust: isPinned ? "pinned" : isWitnessed ? "witnessed" : "self-attested", anchoredSize };
}

/** True when at least one checkpoint was pinned and the pack extends every one. */
function comparePinned(
  logs: readonly PackLog[],
  pinned: readonly (string | Uint8Array)[],
  anchors: Anchors,
  problems: Problems,
): boolean {
  let count = 0;
  let extended = 0;
  pinned.forEach((file, at) => {
    const path = `--pinned ${at + 1}`;
    let notes: string[];
    try {
      notes = splitCheckpoints(file);
    } catch (error) {
      problems.add("pinned.malformed", messageOf(error), path);
      count++;
      return;
    }
    if (notes.length === 0) problems.add("pinned.malformed", "no checkpoint in this file", path);
    count += Math.max(1, notes.length);
    for (const note of notes) if (extendsPinned(logs, note, path, anchors, problems)) extended++;
  });
  return count > 0 && extended === count;
}

function extendsPinned(
  logs: readonly PackLog[],
  note: string,
  path: string,
  anchors: Anchors,
  problems: Problems,
): boolean {
  const parsed = parseNote(note);
  const pinned = parseCheckpoint(parsed.text);
  const log = logs.find(({ checkpoint }) => checkpoint.origin === pinned.origin);
  if (log === undefined) {
    problems.add("pinned.log_missing", `the pack lacks \`${pinned.origin}\`, of which you keep a checkpoint`, path);
    return false;
  }
  try {
    openNote(parsed, [log.verifier]);
  } catch (error) {
    problems.add(
      "pinned.signature",
      `kept checkpoint and the pack's key don't belong together: ${messageOf(error)}`,
      path,
    );
    return false;
  }
  if (!extendsCheckpoint(log, pinned, path, problems)) return false;
  raise(anchors, log.dir, pinned.size);
  return true;
}

/** True when witnesses vouch for the meta-log, or for each log by itself. */
function compareTrust(
  logs: readonly PackLog[],
  meta: MetaView,
  trustText: string | undefined,
  anchors: Anchors,
  times: Map<string, TimeBound[]>,
  problems: Problems,
): boolean {
  if (trustText === undefined) return false;
  let policy: TrustPolicy;
  try {
    policy = parseTrust(trustText);
  } catch (error) {
    problems.add("trust.malformed", messageOf(error), "--trust");
    return false;
  }
  compareKeys(logs, meta, policy, problems);
  if (policy.quorum === "none") return false;
  const witnesses = new Map([...policy.witnesses].map(([name, key]) => [name, noteVerifier(key)]));
  const cosigned = new Set<string>();
  for (const log of logs) {
    for (const checkpoint of log.checkpoints) {
      const cosigners = cosignersOf(checkpoint.note, witnesses, log, problems);
      for (const seconds of cosigners.values()) times.set(log.dir, [...(times.get(log.dir) ?? []), { size: checkpoint.size, seconds }]);
      if (!meetsQuorum(policy, new Set(cosigners.keys()))) continue;
      cosigned.add(log.dir);
      raise(anchors, log.dir, checkpoint.size);
    }
  }
  const isWitnessed = cosigned.has("logs/meta") || (logs.length > 0 && logs.every((log) => cosigned.has(log.dir)));
  if (!isWitnessed)
    problems.add("trust.quorum", "no checkpoint carries the cosignatures that the policy asks for", "--trust");
  return isWitnessed;
}

/** Witnesses whose cosignature verifies, with the time each states. */
function cosignersOf(
  note: ParsedNote,
  witnesses: ReadonlyMap<string, NoteVerifier>,
  log: PackLog,
  problems: Problems,
): Map<string, number> {
  const names = new Map<string, number>();
  for (const [name, { key, verify }] of witnesses) {
    const line = note.signatures.find((signature) => signature.name === key.name && signature.keyId === key.keyId);
    if (line === undefined) continue;
    if (verify(note.text, line.signature)) names.set(name, cosignatureTime(line.signature) ?? Number.POSITIVE_INFINITY);
    else problems.add("trust.cosignature", `cosignature of \`${key.name}\` does not verify`, `${log.dir}/checkpoint`);
  }
  return names;
}

/** A log's key must be trusted by itself, or recorded at the log's creation by a meta-log whose key is trusted. */
function compareKeys(logs: readonly PackLog[], meta: MetaView, policy: TrustPolicy, problems: Problems): void {
  if (policy.logs.length === 0) return;
  const isTrusted = (log: PackLog): boolean =>
    policy.logs.some(
      ({ name, publicKey }) => name === log.verifier.key.name && equalBytes(publicKey, log.verifier.key.publicKey),
    );
  const metaLog = logs.find((log) => log.dir === "logs/meta");
  const isMetaTrusted = metaLog !== undefined && isTrusted(metaLog);
  for (const log of logs) {
    if (isTrusted(log) || (isMetaTrusted && vouches(meta, log))) continue;
    problems.add("trust.log_key", `the key of \`${log.checkpoint.origin}\` is not one you trust`, `${log.dir}/vkey`);
  }
}

function vouches(meta: MetaView, log: PackLog): boolean {
  const recorded = meta.vkeyOf(log.checkpoint.origin);
  if (recorded === undefined) return false;
  try {
    return toHex(parseVerifierKey(recorded).publicKey) === toHex(log.verifier.key.publicKey);
  } catch {
    return false;
  }
}
