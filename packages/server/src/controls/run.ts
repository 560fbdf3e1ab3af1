import { controls } from "@mandate/frameworks";
import type { Control } from "@mandate/frameworks";
import { AppError, newId } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import { gateSubjects } from "../authorization/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { logSummaries } from "../evidence/index.ts";
import { exceptionsInForce } from "../exceptions/index.ts";
import type { Exception } from "../exceptions/index.ts";
import type { NewFinding } from "../findings/index.ts";
import { checkGate, loadGateSurroundings, readGateFacts } from "../gates/index.ts";
import type { GateFacts } from "../gates/index.ts";
import type { ServerLog } from "../log.ts";
import { countMembers, countRows, queryText } from "./count.ts";
import type { Count } from "./count.ts";
import { tiersOf } from "./measure.ts";
import type { Counted, Measure, Scope } from "./measure.ts";
import { measures } from "./measures/index.ts";
import type { ProbeOutcome } from "./probes/call.ts";
import { checkLogCopy } from "./probes/log-copy.ts";
import { heldToTheirLogs } from "./probes/own-logs.ts";
import type { ReadingCheck } from "./probes/readings.ts";
import { provePlanted, sawFault } from "./prove.ts";
import type { ControlFault, ControlOutcome, ControlProof, ControlResult, SystemCount } from "./result.ts";
import { keepResult } from "./store.ts";

export interface RunPorts {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly log: ServerLog;
  /** What gateways enforce now. */
  readonly facts: () => RegisterFacts;
  /** Calls every gateway to be refused; one outcome for each of them and each case. */
  readonly probe: (controls: ReadonlySet<string>) => Promise<readonly ProbeOutcome[]>;
  /** Readings of a probe's own content that must not succeed; null: none could be tried. */
  readonly readings: () => Promise<ReadingCheck | null>;
  /** Moves what gateways wrote into the store first, so that the result's place in the log covers it. */
  readonly drain: () => Promise<unknown>;
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], stillOpen: ReadonlySet<string>) => Promise<void>;
}

const windowDays = 30;
export const findingKind = "control.failed";

interface Found {
  readonly count: Count;
  readonly query: string;
  readonly proof: ControlProof | null;
  /** Members of which nothing can be said yet. */
  readonly untold: number;
}

/**
 * Measures controls now: all, or those named. Each result stands in the history and, with its population, exceptions, query,
 * window and place, in one entry of the log.
 * @throws AppError `controls.unknown` (400)
 */
export async function runControls(ctx: ServerContext, ports: RunPorts, named: readonly string[] = []): Promise<{ readonly run: string; readonly results: readonly ControlResult[] }> {
  const chosen = named.length === 0 ? controls() : named.map(control);
  const run = newId("controlRun", ctx.now(), ctx.random);
  const startedMs = ports.now();
  const told = await ports.probe(new Set(chosen.map((one) => one.id)));
  await ports.drain();
  const probes = await ports.db.read(ports.org, (tx) => heldToTheirLogs(tx, ports.org, told, startedMs));
  const nowMs = ports.now();
  const scope: Scope = { org: ports.org, now: new Date(nowMs), since: new Date(nowMs - windowDays * 86_400_000) };
  const { position, exceptions, gates } = await ports.db.read(ports.org, async (tx) => ({
    position: (await logSummaries(tx, ports.org)).map(({ origin, size }) => ({ origin, size })),
    exceptions: (await exceptionsInForce(tx, ports.org, nowMs)).filter((one) => one.scope === "control" || one.scope === "gate"),
    gates: chosen.some((one) => measures.get(one.id)?.kind === "gate") ? await gateFactsOfAll(tx, ports.org, nowMs) : [],
  }));
  const results: ControlResult[] = [];
  for (const one of chosen) {
    const own = probes.filter((probe) => probe.control === one.id);
    const about = { id: newId("controlResult", ctx.now(), ctx.random), run, control: one.id, at: new Date(nowMs).toISOString(), window: { since: scope.since.toISOString(), until: scope.now.toISOString() }, position, startedBy: ctx.actor.email ?? ctx.actor.id };
    results.push({ ...about, ...(await resultOf(one, own, { ports, scope, exceptions, gates })) });
  }
  await ctx.transact(async (tx, record) => {
    for (const one of results) await keepResult(tx, ports.org, one);
    record({ type: "control", payload: { event: "run", run, controls: results.length, results } });
  });
  await tell(ports, results);
  return { run, results };
}

function control(id: string): Control {
  const found = controls().find((one) => one.id === id);
  if (found === undefined) throw new AppError({ code: "controls.unknown", status: 400, message: `There is no control ${id}.`, remedies: [{ text: "List them.", command: "npx mandate get controls" }] });
  return found;
}

interface Surroundings {
  readonly ports: RunPorts;
  readonly scope: Scope;
  readonly exceptions: readonly Exception[];
  readonly gates: readonly GateFacts[];
}

type Said = Omit<ControlResult, "id" | "run" | "control" | "at" | "window" | "position" | "startedBy">;

async function resultOf(one: Control, probes: readonly ProbeOutcome[], around: Surroundings): Promise<Said> {
  const measure = measures.get(one.id);
  const nothing = { unit: "", population: 0, faults: 0, excepted: 0, exceptions: [], systems: {}, query: "", proof: null, gateways: probedAt(probes) };
  if (measure === undefined || measure.kind === "unmeasured") return { ...nothing, grade: "cant_tell", outcome: "unproven", reason: measure?.why ?? "Nothing measures it." };
  try {
    const found = await find(one, measure, probes, around);
    return say(one, measure, found, probes, around);
  } catch (error) {
    // INC-03: a test that errs counts as failed.
    around.ports.log.error("a control's measure failed", { control: one.id, internal: error instanceof Error ? error.message : String(error) });
    return { ...nothing, unit: measure.unit, query: measure.asks, grade: "cant_tell", outcome: "fail", reason: "Its measure could not run, which counts as a fail." };
  }
}

async function find(one: Control, measure: Exclude<Measure, { kind: "unmeasured" }>, probes: readonly ProbeOutcome[], { ports, scope, gates }: Surroundings): Promise<Found> {
  const at = scope.now.toISOString();
  const tiers = tiersOf(one.appliesTo);
  switch (measure.kind) {
    case "query": {
      const select = measure.select(scope);
      const { count, query } = await ports.db.read(ports.org, async (tx) => ({ count: await countRows(tx, scope, select, tiers), query: queryText(tx, select) }));
      return { count, query, proof: planted(await provePlanted(ports.db, ports.org, scope.now.getTime(), measure), at), untold: 0 };
    }
    case "read":
      return { count: countMembers(await ports.db.read(ports.org, (tx) => measure.read(tx, scope))), query: measure.asks, proof: planted(await provePlanted(ports.db, ports.org, scope.now.getTime(), measure), at), untold: 0 };
    case "facts": {
      const facts = ports.facts();
      const members = measure.select(facts, scope);
      return { count: countMembers(members), query: measure.asks, proof: sawFault(members, measure.select(measure.plant(facts), scope)) ? { how: "sample", saw: "facts with a fault were refused", at } : null, untold: 0 };
    }
    case "gate": {
      const inTier = gates.filter((facts) => tiers.includes(facts.tier));
      const checked = inTier.map((facts) => ({ facts, ...checkGate(one.id, facts) }));
      const members = checked.flatMap(({ facts, state, detail }): Counted[] => (state === "cant_tell" ? [] : [{ subject: facts.system.name, system: facts.system.name, fault: state === "met" ? null : detail }]));
      const sample = inTier[0];
      const refused = sample === undefined ? undefined : checkGate(one.id, measure.plant(sample));
      return { count: countMembers(members), query: measure.asks, proof: refused?.state === "not_met" ? { how: "sample", saw: refused.detail, at } : null, untold: checked.length - members.length };
    }
    case "probe": {
      if (one.id === "LOG-02") {
        const copy = await ports.db.read(ports.org, (tx) => checkLogCopy(tx, ports.org));
        return {
          count: { population: copy.entries, faults: copy.missing.length, systems: {}, exceptions: copy.missing.slice(0, 200).map((subject) => ({ subject, system: null, fault: "Its signed tree doesn't hold it." })) },
          query: measure.asks, proof: copy.mutationsRefused ? { how: "log", saw: `each of ${copy.entries} copies with one byte changed was refused`, at } : null, untold: 0,
        };
      }
      if (one.id === "LOG-06") {
        const readings = await ports.readings();
        const saw = (readings?.tried ?? []).map((each) => `${each.planted}: ${each.saw}`).join("; ");
        return {
          count: countMembers((readings?.tried ?? []).map((each) => ({ subject: each.planted, system: null, fault: each.refused ? null : `Not refused: ${each.saw}.` }))),
          query: measure.asks, proof: readings?.opens === true ? { how: "sample", saw: `${saw}; the same with a reason and a log that takes it was shown`, at } : null, untold: readings === null ? 1 : 0,
        };
      }
      return { count: countMembers(known(probes).map((probe) => ({ subject: whereOf(probe), system: null, fault: probe.met === "refused" ? null : `Not refused: ${probe.saw}.` }))), query: measure.asks, proof: null, untold: 0 };
    }
  }
}

const known = (probes: readonly ProbeOutcome[]): readonly ProbeOutcome[] => probes.filter((probe) => probe.met !== "not_known");

/** Where several are told apart, the one of this process goes without its name. */
const whereOf = ({ planted: what, gateway, origin }: ProbeOutcome): string => (origin === null ? what : `${what}, at ${gateway}`);

const worstFirst = ["not_refused", "not_known", "refused"] as const;

/** One line a gateway, the worst of what it met. */
function probedAt(probes: readonly ProbeOutcome[]): ControlResult["gateways"] {
  return [...Map.groupBy(probes, (probe) => probe.gateway)].map(([gateway, met]) => {
    const outcome = worstFirst.find((one) => met.some((probe) => probe.met === one))!;
    return { gateway, outcome, saw: [...new Set(met.filter((probe) => probe.met === outcome).map((probe) => probe.saw))].join("; ") };
  });
}

const planted = (saw: string | null, at: string): ControlProof | null => (saw === null ? null : { how: "planted", saw, at });

/** What was found, as one result. A probe that wasn't refused outweighs any count. */
function say(one: Control, measure: Exclude<Measure, { kind: "unmeasured" }>, found: Found, probes: readonly ProbeOutcome[], { exceptions, scope }: Surroundings): Said {
  const passed = probes.filter((probe) => probe.met === "not_refused");
  const silent = [...new Set(probes.flatMap((probe) => (probe.met === "not_known" ? [probe.gateway] : [])))];
  // A measure that counts calls, beside a probe that makes one: what the probe met is a fault of its own.
  const extra = measure.kind === "probe" ? [] : passed.map((probe) => ({ subject: `probe: ${whereOf(probe)}`, system: null, fault: `Not refused: ${probe.saw}.` }));
  const of = (system: string | null): string | null => (system === null ? null : (exceptions.find((each) => each.system === system && each.target === one.id)?.id ?? null));
  const systems: Record<string, SystemCount> = Object.fromEntries(Object.entries(found.count.systems).map(([name, count]) => [name, { ...count, excepted: of(name) === null ? 0 : count.faults }]));
  const listed: readonly ControlFault[] = [...extra, ...found.count.exceptions].slice(0, 200).map((fault) => ({ ...fault, exception: of(fault.system) }));
  const population = found.count.population + extra.length;
  const faults = found.count.faults + extra.length;
  const excepted = Object.values(systems).reduce((sum, count) => sum + count.excepted, 0);
  const refusedAll = probes.length > 0 && passed.length === 0 && silent.length === 0;
  const proof = proofOf(measure, found.proof, probes, scope);
  // A gateway of which nothing is known passes nothing, whatever the others did.
  const outcome: ControlOutcome = faults > 0 ? "fail" : silent.length > 0 ? "unproven" : population === 0 && !refusedAll ? (found.untold > 0 ? "unproven" : "not_applicable") : proof === null ? "unproven" : "pass";
  return { grade: outcome === "unproven" ? "cant_tell" : measure.grade, outcome, reason: reasonOf(measure.unit, { population, faults, excepted, untold: found.untold, outcome, first: listed[0]?.fault ?? null, refusedAll, silent }), unit: measure.unit, population, faults, excepted, exceptions: listed, systems, query: found.query === measure.asks ? measure.asks : `${measure.asks}. ${found.query}`, proof, gateways: probedAt(probes) };
}

/** Both have to be seen to fail: the question, on a planted fault, and the probe, on a call with nothing wrong in it. */
function proofOf(measure: Exclude<Measure, { kind: "unmeasured" }>, found: ControlProof | null, probes: readonly ProbeOutcome[], scope: Scope): ControlProof | null {
  const asksRows = measure.kind === "query" || measure.kind === "read" || measure.kind === "facts";
  if (probes.length === 0 || (asksRows && found === null)) return found;
  const heard = known(probes);
  if (heard.length === 0 || !heard.every((probe) => probe.distinguishes)) return null;
  const saw = [...Map.groupBy(heard, (probe) => `${probe.planted}: ${probe.saw}`)].map(([words, same]) => (same.length === 1 ? words : `${words} (at ${same.length} gateways)`)).join("; ");
  return { how: "gateway", saw: found === null ? saw : `${saw}; in the rows: ${found.saw}`, at: scope.now.toISOString(), decisions: probes.flatMap((probe) => probe.decision ?? []) };
}

interface Told {
  readonly population: number;
  readonly faults: number;
  readonly excepted: number;
  readonly untold: number;
  readonly outcome: ControlOutcome;
  readonly first: string | null;
  readonly refusedAll: boolean;
  /** Gateways of which nothing is known. */
  readonly silent: readonly string[];
}

function reasonOf(unit: string, { population, faults, excepted, untold, outcome, first, refusedAll, silent }: Told): string {
  const untoldWords = untold === 0 ? "" : ` Of ${untold} more it can't be told yet.`;
  if (outcome === "fail") return `${faults} of ${counted(population, unit)}: ${first ?? "not as they should be."}${excepted === 0 ? "" : ` ${excepted} of them under an exception.`}${untoldWords}`;
  if (outcome === "not_applicable") return `There are no ${unit} that it is about.`;
  if (outcome === "unproven" && silent.length > 0) return `${silent.slice(0, 5).join(", ")}${silent.length > 5 ? ` and ${silent.length - 5} more gateways` : ""} could not be probed, so nothing is known of what is refused there.`;
  if (outcome === "unproven") return untold > 0 && population === 0 ? `Of ${untold} ${unit} it can't be told yet.` : "Its measure was never seen to fail, so that it passes says nothing.";
  return `${population === 0 ? `No ${unit} in the window` : `${counted(population, unit)}, ${population === 1 ? "as it" : "all as they"} should be`}${refusedAll ? "; what was planted was refused at every gateway" : ""}.${untoldWords}`;
}

/** Units are written in the plural. */
function counted(count: number, unit: string): string {
  return `${count} ${count !== 1 ? unit : unit.replace(/^months of/, "month of").replace(/ies$/, "y").replace(/s$/, "")}`;
}

async function gateFactsOfAll(tx: Tx, org: string, nowMs: number): Promise<readonly GateFacts[]> {
  const around = await loadGateSurroundings(tx, org, nowMs);
  const all: GateFacts[] = [];
  for (const subject of await gateSubjects(tx, org, around, nowMs)) all.push(await readGateFacts(tx, org, subject, subject.type, nowMs, around));
  return all;
}

/** A fail that no exception covers is a finding, until the control passes (INC-02). */
async function tell(ports: RunPorts, results: readonly ControlResult[]): Promise<void> {
  const failed = results.filter((one) => one.outcome === "fail" && (one.faults === 0 || one.faults > one.excepted));
  for (const one of failed) {
    const statement = control(one.control).statement;
    await ports.report({ key: `${findingKind}:${one.control}`, system: null, kind: findingKind, title: `${one.control} fails: ${statement}`, detail: one.reason, owner: null });
  }
  // Only those that ran say anything about what is still open.
  if (results.length === controls().length) await ports.settle([findingKind], new Set(failed.map((one) => `${findingKind}:${one.control}`)));
}
