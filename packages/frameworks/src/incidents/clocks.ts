import { readFileSync } from "node:fs";
import { parse } from "yaml";

interface ClockFile {
  readonly questions: readonly { readonly id: string; readonly q: string }[];
  readonly clocks: readonly { readonly id: string; readonly title: string; readonly citation: string; readonly refs: readonly string[]; readonly applies_from: string; readonly hours: number; readonly to: string; readonly all: readonly string[]; readonly any: readonly string[]; readonly unless?: readonly string[] }[];
}

const file = parse(readFileSync(new URL("../../data/incident-clocks.yaml", import.meta.url), "utf8")) as ClockFile;

export const incidentQuestions: ReadonlyMap<string, string> = new Map(file.questions.map((one) => [one.id, one.q]));

/** A question that nobody answered is absent, and counts as "perhaps". */
export type IncidentAnswers = Readonly<Partial<Record<string, boolean>>>;

/** A duty to tell somebody within a time that runs from awareness. */
export interface LegalClock {
  readonly id: string;
  readonly title: string;
  /** Where the law says so. */
  readonly citation: string;
  /** Ids in the framework's own file. */
  readonly refs: readonly string[];
  /** Day from which the duty applies. */
  readonly appliesFrom: string;
  readonly hours: number;
  /** Who is told. */
  readonly to: string;
}

export interface DerivedClock extends LegalClock {
  /** `likely`: every answer it rests on is yes. `perhaps`: some were left open, and open never means no. */
  readonly derived: "likely" | "perhaps";
  /** Questions it rests on that nobody answered. */
  readonly open: readonly string[];
}

const clocks: readonly LegalClock[] = file.clocks.map((one) => ({ id: one.id, title: one.title, citation: one.citation, refs: one.refs, appliesFrom: one.applies_from, hours: one.hours, to: one.to }));

export function legalClock(id: string): LegalClock | undefined {
  return clocks.find((one) => one.id === id);
}

/** Which clocks may run, shortest first. Pure; whether each does is for a person to confirm. @param awareAt RFC 3339 */
export function deriveClocks(answers: IncidentAnswers, awareAt: string): readonly DerivedClock[] {
  return file.clocks
    .flatMap((clock): DerivedClock[] => {
      const possible = (id: string): boolean => answers[id] !== false;
      if (Date.parse(clock.applies_from) > Date.parse(awareAt)) return [];
      if (!clock.all.every(possible) || (clock.any.length > 0 && !clock.any.some(possible))) return [];
      if ((clock.unless ?? []).some((id) => answers[id] === true)) return [];
      const certain = clock.all.every((id) => answers[id] === true) && (clock.any.length === 0 || clock.any.some((id) => answers[id] === true));
      return [{ ...legalClock(clock.id)!, derived: certain ? "likely" : "perhaps", open: [...clock.all, ...clock.any].filter((id) => answers[id] === undefined) }];
    })
    .toSorted((a, b) => a.hours - b.hours);
}
