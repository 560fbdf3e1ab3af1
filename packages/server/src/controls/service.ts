import { controls } from "@mandate/frameworks";
import type { ServerContext } from "../context/index.ts";
import type { Job } from "../jobs/index.ts";
import { callAsProbe, metBy } from "./probes/call.ts";
import type { Listener, ProbeOutcome } from "./probes/call.ts";
import { cleanTwin, probeCases } from "./probes/cases.ts";
import { probeKey } from "./probes/facts.ts";
import type { ControlResult } from "./result.ts";
import { runControls } from "./run.ts";
import type { RunPorts } from "./run.ts";
import { latestResults } from "./store.ts";

export interface ControlRun {
  readonly run: string;
  readonly results: readonly ControlResult[];
}

export interface ControlParts extends Omit<RunPorts, "probe"> {
  readonly masterKey: Uint8Array;
  /** Where this process's gateway listens; null while it doesn't. */
  readonly listener: () => Listener | null;
  /** How long this process has run, by a clock that nobody sets. */
  readonly sinceStartMs: () => number;
}

export interface Controls {
  /** Two who ask at once get one run. @throws AppError `controls.unknown` (400) */
  run(ctx: ServerContext, named: readonly string[]): Promise<ControlRun>;
  job(ctx: ServerContext): Job;
}

/** A start has better to do than to measure: what was measured before it still stands for hours. */
const settleMs = 4 * 60_000;
const lookEveryMs = 5 * 60_000;
const runEveryMs = 6 * 3_600_000;

export function createControls({ masterKey, listener, sinceStartMs, ...ports }: ControlParts): Controls {
  const probe = async (wanted: ReadonlySet<string>): Promise<readonly ProbeOutcome[]> => {
    const at = listener();
    const outcomes: ProbeOutcome[] = [];
    // What LOG-06 reads is what this call sealed.
    const twin = at === null || !(wanted.has("LOG-06") || probeCases.some((one) => wanted.has(one.control))) ? null : await metBy(cleanTwin, at, probeKey(masterKey, ports.org, cleanTwin.key)).catch(() => null);
    for (const one of probeCases) {
      if (!wanted.has(one.control)) continue;
      outcomes.push(at === null ? { control: one.control, planted: one.planted, refused: false, saw: "the gateway doesn't listen", decision: null, distinguishes: false } : await callAsProbe(one, at, probeKey(masterKey, ports.org, one.key), twin));
    }
    return outcomes;
  };
  const running = new Map<string, Promise<ControlRun>>();
  const run = (ctx: ServerContext, named: readonly string[]): Promise<ControlRun> => {
    const key = [...named].toSorted().join(" ");
    const current = running.get(key);
    if (current !== undefined) return current;
    const started = runControls(ctx, { ...ports, probe }, named).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
  return {
    run,
    job: (ctx) => ({
      name: "controls",
      everyMs: lookEveryMs,
      async run() {
        if (sinceStartMs() < settleMs) return;
        const known = await ports.db.read(ports.org, (tx) => latestResults(tx, ports.org, ports.now()));
        const oldest = Math.min(...known.map((one) => Date.parse(one.at)));
        if (known.length < controls().length || ports.now() - oldest >= runEveryMs) await run(ctx, []);
      },
    }),
  };
}
