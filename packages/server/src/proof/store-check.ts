import { entriesCheckedAtStart, logSummaries, rehash } from "../evidence/index.ts";
import type { LogKeys, RehashResult } from "../evidence/index.ts";
import type { Database } from "../database/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";

export interface StoreCheckState {
  readonly running: { readonly startedAt: string; readonly entries: number; readonly total: number } | null;
  /** RFC 3339; null when the store was never gone through since this start. */
  readonly checkedAt: string | null;
  readonly ok: boolean | null;
  readonly problems: RehashResult["problems"];
}

export interface StoreCheck {
  /** Goes through the whole store now; two who ask at once get one answer. */
  run(): Promise<RehashResult>;
  state(): StoreCheckState;
  readonly job: Job;
}

export interface StoreCheckParts {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly keys: LogKeys;
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], open: ReadonlySet<string>) => Promise<void>;
}

const everyMs = 24 * 3_600_000;
const lookEveryMs = 60_000;
const kind = "evidence.altered";

/**
 * The scheduled full re-hash (LEDGER, Threats): a start goes through small stores by itself and leaves large ones to this, which
 * runs beside the calls once after the start and then daily. What it finds is a finding, and is said wherever the store's
 * state is shown.
 */
export function createStoreCheck({ db, org, now, keys, report, settle }: StoreCheckParts): StoreCheck {
  let running: { promise: Promise<RehashResult>; startedAtMs: number; entries: number; total: number } | undefined;
  let last: { atMs: number; ok: boolean; problems: RehashResult["problems"] } | undefined;
  let isFirst = true;

  async function entriesStored(): Promise<number> {
    return (await db.read(org, (tx) => logSummaries(tx, org))).reduce((sum, log) => sum + log.size, 0);
  }

  async function goThrough(progress: { entries: number; total: number }): Promise<RehashResult> {
    // A head that doesn't verify is for the re-hash to name.
    progress.total = await entriesStored().catch(() => 0);
    const result = await rehash(db, org, { keys, onProgress: (entries) => (progress.entries = entries) });
    last = { atMs: now(), ok: result.ok, problems: result.problems };
    const [first] = result.problems;
    if (first === undefined) await settle([kind], new Set());
    else await report({ key: kind, system: null, kind, title: "The evidence store was altered", detail: `${first.message} (${first.path}${first.index === null ? "" : `, index ${first.index}`})${result.problems.length > 1 ? `, and ${result.problems.length - 1} more` : ""}. Keep the database as it is.`, owner: null });
    return result;
  }

  const run = (): Promise<RehashResult> => {
    if (running !== undefined) return running.promise;
    const progress = { startedAtMs: now(), entries: 0, total: 0 };
    const promise = goThrough(progress).finally(() => (running = undefined));
    running = Object.assign(progress, { promise });
    return promise;
  };

  return {
    run,
    state: () => ({
      running: running === undefined ? null : { startedAt: new Date(running.startedAtMs).toISOString(), entries: running.entries, total: running.total },
      checkedAt: last === undefined ? null : new Date(last.atMs).toISOString(),
      ok: last?.ok ?? null,
      problems: last?.problems ?? [],
    }),
    job: {
      name: "store check",
      everyMs: lookEveryMs,
      async run() {
        if (isFirst) {
          isFirst = false;
          // Gone through while it started: an alteration would have kept it from starting.
          if ((await entriesStored()) <= entriesCheckedAtStart) last ??= { atMs: now(), ok: true, problems: [] };
        }
        if (last === undefined || now() - last.atMs >= everyMs) await run();
      },
    },
  };
}
