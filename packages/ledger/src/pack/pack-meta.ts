import { equalBytes, fromBase64 } from "../encoding.ts";
import type { PackEntry } from "./pack-entries.ts";
import type { PackLog } from "./pack-log.ts";
import type { Problems } from "./result.ts";

/**
 * Meta-logs of earlier epochs: closed, and covered by the one that stands. `<host>/<organization>/meta/<epoch>`, so that no other
 * writer's log can pass for one.
 */
export function formerMetaLogs(logs: readonly PackLog[]): ReadonlySet<PackLog> {
  const prefix = /^(.+\/)\d+$/.exec(logs.find((log) => log.dir === "logs/meta")?.checkpoint.origin ?? "")?.[1];
  return new Set(logs.filter((log) => log.dir !== "logs/meta" && prefix !== undefined && log.checkpoint.origin.startsWith(prefix) && /^\d+$/.test(log.checkpoint.origin.slice(prefix.length))));
}

/** What the meta-log says of one log. */
interface Covered {
  vkey?: string;
  /** Size at which it was closed: nothing comes after, whoever holds its key. */
  closedAt?: number;
  /** Position in the meta-log, size and root of each checkpoint it took. */
  readonly checkpoints: { readonly metaIndex: number; readonly size: number; readonly root: Uint8Array }[];
}

/**
 * The meta-log's view of the other logs, out of its entries `log.created {log, vkey}`, `log.checkpoint {log, size, root}`
 * and `log.closed {log, size, root}` (root in base64).
 */
export class MetaView {
  readonly #logs = new Map<string, Covered>();
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  readonly addEntry = ({ log, index, header }: PackEntry): void => {
    const { type, log: origin, size, root, vkey } = header;
    if (type !== "log.created" && type !== "log.checkpoint" && type !== "log.closed") return;
    const path = `${log.dir}/entries.jsonl`;
    if (typeof origin !== "string") {
      this.#problems.add("entry.malformed", "a meta-log entry names no log", path, index);
      return;
    }
    const covered = this.#logs.get(origin) ?? { checkpoints: [] };
    this.#logs.set(origin, covered);
    if (typeof vkey === "string") covered.vkey = vkey;
    if (type === "log.created") return;
    try {
      if (typeof size !== "number" || typeof root !== "string") throw new TypeError();
      covered.checkpoints.push({ metaIndex: index, size, root: fromBase64(root) });
      if (type === "log.closed") covered.closedAt = Math.min(size, covered.closedAt ?? size);
    } catch {
      this.#problems.add("entry.malformed", "a meta-log entry lacks size or root", path, index);
    }
  };

  /** Key that the meta-log recorded when the log was created. */
  vkeyOf(origin: string): string | undefined {
    return this.#logs.get(origin)?.vkey;
  }

  /** The meta-log must know each log's newest checkpoint, no log may contradict it, and none it names may be absent. */
  compare(logs: readonly PackLog[]): void {
    const present = new Set(logs.map((log) => log.checkpoint.origin));
    for (const origin of this.#logs.keys()) {
      if (!present.has(origin)) {
        this.#problems.add(
          "log.missing",
          `the meta-log names \`${origin}\`, which the pack lacks`,
          "logs/meta/entries.jsonl",
        );
      }
    }
    for (const log of logs) if (log.dir !== "logs/meta") this.#compareLog(log);
  }

  #compareLog(log: PackLog): void {
    const path = `${log.dir}/checkpoint`;
    const covered = this.#logs.get(log.checkpoint.origin);
    if (covered?.vkey !== undefined && covered.vkey !== log.vkey) {
      this.#problems.add("meta.vkey", "the meta-log recorded another key for this log", `${log.dir}/vkey`);
    }
    if (covered?.closedAt !== undefined && log.tree.size > covered.closedAt) this.#problems.add("log.closed", `the log was closed with ${covered.closedAt} entries and holds ${log.tree.size}`, path);
    let isCovered = log.tree.size === 0;
    for (const { metaIndex, size, root } of covered?.checkpoints ?? []) {
      if (size > log.tree.size) {
        this.#problems.add("log.truncated", `the meta-log took a checkpoint of ${size} entries`, path, metaIndex);
      } else if (!equalBytes(log.tree.root(size), root)) {
        this.#problems.add("log.forked", `the meta-log took another history of ${size} entries`, path, metaIndex);
      } else if (size === log.tree.size) isCovered = true;
    }
    if (!isCovered) this.#problems.add("meta.uncovered", "the meta-log does not hold this checkpoint", path);
  }

  /** Size of a log that the first `metaSize` entries of the meta-log vouch for: by the newest of them that is true. */
  coveredSize(log: PackLog, metaSize: number): number {
    const checkpoints = this.#logs.get(log.checkpoint.origin)?.checkpoints ?? [];
    for (let i = checkpoints.length - 1; i >= 0; i--) {
      const { metaIndex, size, root } = checkpoints[i]!;
      if (metaIndex < metaSize && size <= log.tree.size && equalBytes(log.tree.root(size), root)) return size;
    }
    return 0;
  }
}
