import { controls } from "@mandate/frameworks";
import { askListener } from "@mandate/gateway";
import type { Listener, ProbeCall } from "@mandate/gateway";
import type { ServerContext } from "../context/index.ts";
import type { Job } from "../jobs/index.ts";
import { outcomeOf } from "./probes/call.ts";
import type { ProbedGateway, ProbeOutcome } from "./probes/call.ts";
import { cleanTwin, probeCases } from "./probes/cases.ts";
import type { ProbeCase } from "./probes/cases.ts";
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
  /** Name of this process's gateway. */
  readonly slot: string;
  /** Gateways elsewhere that enrolled, connected or not. */
  readonly elsewhere: () => Promise<readonly Elsewhere[]>;
  /** How long this process has run, by a clock that nobody sets. */
  readonly sinceStartMs: () => number;
}

export interface Elsewhere extends ProbedGateway {
  readonly canBeProbed: boolean;
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

export function createControls({ masterKey, listener, slot, elsewhere, sinceStartMs, ...ports }: ControlParts): Controls {
  const here: ProbedGateway = {
    name: slot,
    origin: null,
    ask: async (calls) => {
      const at = listener();
      return at === null ? null : askListener(at, calls);
    },
  };
  const callOf = ({ path, body, key }: Pick<ProbeCase, "path" | "body" | "key">): ProbeCall => ({ path, body, key: probeKey(masterKey, ports.org, key) });
  const probe = async (wanted: ReadonlySet<string>): Promise<readonly ProbeOutcome[]> => {
    const cases = probeCases.filter((one) => wanted.has(one.control));
    // What LOG-06 reads is what the twin's call sealed here.
    if (cases.length === 0 && wanted.has("LOG-06")) await here.ask([callOf(cleanTwin)]);
    if (cases.length === 0) return [];
    const gateways = [here, ...(await elsewhere())];
    const calls = [cleanTwin, ...cases].map(callOf);
    const met = await Promise.all(gateways.map((one) => one.ask(calls)));
    return gateways.flatMap((one, at) => cases.map((each, place) => outcomeOf(each, one, met[at]?.[place + 1] ?? null, met[at]?.[0] ?? null)));
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
        if (known.length < controls().length || ports.now() - oldest >= runEveryMs) return void (await run(ctx, []));
        // A gateway that could not be probed, or is new, is as soon as it can be.
        const connected = (await elsewhere()).flatMap((one) => (one.canBeProbed ? [one.name] : []));
        const due = known.filter((one) => isProbed(one.control) && connected.some((name) => !one.gateways.some((each) => each.gateway === name && each.outcome !== "not_known")));
        if (due.length > 0) await run(ctx, due.map((one) => one.control));
      },
    }),
  };
}

const isProbed = (control: string): boolean => probeCases.some((one) => one.control === control);
