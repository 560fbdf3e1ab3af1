import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { undecided, undecidedAt } from "./store.ts";
import type { CaseSystem } from "./store.ts";

/** What undecided cases do to the next call of a system, beside what its own version says. */
export interface OpenEffect {
  /** A class C change: calls are refused now. */
  readonly stopped: boolean;
  /** Denied alone, as `kind:name`. */
  readonly differences: readonly string[];
  /** The first due date of a class B change: calls are refused from then on. */
  readonly due: Date | null;
  /** When the newest of them opened: an authorization asked for earlier doesn't settle it. */
  readonly newest: Date | null;
  readonly titles: readonly string[];
}

export const noEffect: OpenEffect = { stopped: false, differences: [], due: null, newest: null, titles: [] };

/** By system. INVARIANT (G5, G6): read with each snapshot, compared with the clock at the call, so no job has to run. */
export async function openEffects(tx: Tx, org: string): Promise<Map<string, OpenEffect>> {
  const all = await undecided(tx, org);
  return new Map([...all].flatMap(([system, cases]) => {
    const effect = effectOf(cases);
    return effect === noEffect ? [] : [[system, effect] as const];
  }));
}

/** By system, as it was at a moment: what the version itself held then is known by its case alone, so those count too. */
export async function effectsAt(tx: Tx, org: string, at: Date): Promise<Map<string, OpenEffect>> {
  return new Map([...(await undecidedAt(tx, org, at))].map(([system, cases]) => [system, effectOf(cases.map((one) => ({ ...one, heldBy: "case" as const })))]));
}

/** Pure. Cases that the version itself holds are left out: the register's own comparison refuses for them. */
export function effectOf(cases: readonly CaseSystem[]): OpenEffect {
  const counted = cases.filter((one) => one.heldBy === "case" && one.class !== "A");
  if (counted.length === 0) return noEffect;
  const dues = counted.flatMap((one) => (one.class === "B" && one.dueAt ? [one.dueAt] : []));
  const earliest = dues.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;
  return {
    stopped: counted.some((one) => one.class === "C"),
    differences: [...new Set(counted.flatMap((one) => one.differences))].toSorted(),
    due: earliest,
    newest: counted.map((one) => one.openedAt).toSorted((a, b) => b.getTime() - a.getTime())[0] ?? null,
    titles: counted.flatMap((one) => one.changes.map((change) => `${change.subject}: ${change.what}`)),
  };
}

export function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a.getTime() <= b.getTime() ? a : b;
}

export interface ServedSince {
  readonly model: string;
  readonly served: string;
  /** Epoch seconds. */
  readonly since: number;
  /** Somebody found it still fine, for the version in force. */
  readonly accepted: boolean;
}

/**
 * Served ids outside the accepted lists, with the instant each was first seen: kept here so that a gateway that
 * restarts doesn't start the 14 days again.
 */
export async function servedSince(tx: Tx, org: string): Promise<Map<string, ServedSince[]>> {
  const { rows } = await sql<{ system: string; subject: string; since: Date; accepted: boolean }>`
    select s.system, r.subject, min(s.opened_at) as since, coalesce(bool_or(s.outcome in ('reaffirmed', 'tightened')), false) as accepted
    from reassessment_systems s join reassessments r on r.org = s.org and r.id = s.reassessment_id
    where s.org = ${org} and r.subject like 'served:%' group by s.system, r.subject order by s.system, r.subject limit 5000`.execute(tx);
  const parsed = rows.flatMap(({ system, subject, since, accepted }) => {
    const [model, served] = splitServed(subject);
    return served === undefined ? [] : [{ system, one: { model, served, since: Math.floor(since.getTime() / 1000), accepted } }];
  });
  const grouped = Map.groupBy(parsed, (row) => row.system);
  return new Map([...grouped].map(([system, all]) => [system, all.map((row) => row.one)]));
}

/** `served:MODEL ID`: names hold no space, what a provider answers may. */
export function servedSubject(model: string, served: string): string {
  return `served:${model} ${served}`;
}

function splitServed(subject: string): [string, string | undefined] {
  const rest = subject.slice("served:".length);
  const space = rest.indexOf(" ");
  return space < 0 ? [rest, undefined] : [rest.slice(0, space), rest.slice(space + 1)];
}

const promptSubject = "prompt:sha256:";
const maxAcceptedPrompts = 200;

/** System prompts outside every template that people found fine word for word, newest first, by system: hex digests. */
export async function acceptedPrompts(tx: Tx, org: string): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ system: string; subject: string }>`
    select s.system, r.subject from reassessment_systems s join reassessments r on r.org = s.org and r.id = s.reassessment_id
    where s.org = ${org} and r.subject like ${`${promptSubject}%`} and s.outcome in ('reaffirmed', 'tightened') order by s.decided_at desc limit 5000`.execute(tx);
  return new Map([...Map.groupBy(rows, (row) => row.system)].map(([system, all]) => [system, [...new Set(all.map((row) => row.subject.slice(promptSubject.length)))].slice(0, maxAcceptedPrompts)]));
}
