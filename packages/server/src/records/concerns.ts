import type { SpecOf } from "@mandate/model";
import type { Acceptance } from "./acceptance.ts";

/** Something a record says isn't as it should be now. */
export interface Concern {
  /** One cause, one key. */
  readonly key: string;
  readonly kind: "risk.not_accepted" | "risk.review_due" | "document.ended" | "training.ended" | "evaluation.below" | "evaluation.missing" | "review.below" | "review.due";
  /** Null: it concerns several systems, or none. */
  readonly system: string | null;
  readonly title: string;
  readonly detail: string;
  readonly owner: string;
}

export interface NamedRecord<Spec> {
  readonly name: string;
  readonly spec: Spec;
}

export interface Records {
  readonly risks: readonly NamedRecord<SpecOf<"Risk">>[];
  readonly documents: readonly NamedRecord<SpecOf<"Document">>[];
  readonly trainings: readonly NamedRecord<SpecOf<"TrainingRecord">>[];
  readonly evaluations: readonly NamedRecord<SpecOf<"Evaluation">>[];
  readonly reviews: readonly NamedRecord<SpecOf<"OutcomeReview">>[];
  readonly acceptances: readonly Acceptance[];
}

/** Pure. Everything that the clock or a measure says of the records at `nowMs`. */
export function concernsAt(records: Records, nowMs: number): Concern[] {
  return [
    ...records.risks.flatMap((risk) => riskConcerns(risk, records.acceptances, nowMs)),
    ...records.documents.flatMap(({ name, spec }) => when(past(spec.ends, nowMs), { key: `document:${name}`, kind: "document.ended", system: only(spec.systems), title: `${spec.title} has ended`, detail: `The ${spec.type} ended on ${day(spec.ends)}. Renew it, or take it out of the register.`, owner: spec.owner })),
    ...records.trainings.flatMap(({ name, spec }) => when(past(spec.ends, nowMs), { key: `training:${name}`, kind: "training.ended", system: only(spec.systems), title: `Training of ${spec.person} has ended`, detail: `${spec.course} was good until ${day(spec.ends)}.`, owner: spec.person })),
    ...records.evaluations.flatMap((one) => evaluationConcerns(one, nowMs)),
    ...latestReviews(records.reviews).flatMap((one) => reviewConcerns(one, nowMs)),
  ];
}

function riskConcerns({ name, spec }: NamedRecord<SpecOf<"Risk">>, acceptances: readonly Acceptance[], nowMs: number): Concern[] {
  const acceptance = acceptances.find((one) => one.risk === name);
  const accepted = acceptance?.state === "in-force";
  const why = acceptance === undefined ? "Nobody has accepted it yet." : acceptance.state === "changed" ? "It reads differently than when it was accepted." : acceptance.state === "ended" ? `Its acceptance ended on ${day(acceptance.ends)}.` : "Its acceptance was withdrawn.";
  return [
    ...when(spec.residual !== "low" && !accepted, { key: `risk:${name}`, kind: "risk.not_accepted", system: only(spec.systems), title: `Residual risk is ${spec.residual} and not accepted: ${spec.title}`, detail: `${why} Reduce it, or have it accepted with an end.`, owner: spec.owner }),
    ...when(past(spec.review, nowMs), { key: `risk-review:${name}`, kind: "risk.review_due", system: only(spec.systems), title: `Review is due: ${spec.title}`, detail: `It was to be looked at by ${day(spec.review)}.`, owner: spec.owner }),
  ];
}

/** A score that nobody measured, or that is too old, counts as missed: an evaluation that stopped must not look well. */
function evaluationConcerns({ name, spec }: NamedRecord<SpecOf<"Evaluation">>, nowMs: number): Concern[] {
  const state = evaluationState(spec, nowMs);
  const base = { key: `evaluation:${name}`, system: nameOf(spec.system), owner: spec.owner };
  const wanted = `${spec.threshold.direction === "at-least" ? "at least" : "at most"} ${spec.threshold.value}`;
  if (state === "missing") return [{ ...base, kind: "evaluation.missing", title: `No current score: ${spec.title}`, detail: spec.measured === undefined ? `${spec.metric} was never measured.` : `${spec.metric} was last measured on ${day(spec.measured)}, longer than ${spec.every} ago.` }];
  if (state === "missed") return [{ ...base, kind: "evaluation.below", title: `${spec.title} misses its threshold`, detail: `${spec.metric} is ${spec.score}, wanted ${wanted}.` }];
  return [];
}

export type EvaluationState = "met" | "missed" | "missing";

/** Pure; conditions of authorizations ask the same question. */
export function evaluationState(spec: SpecOf<"Evaluation">, nowMs: number): EvaluationState {
  if (spec.score === undefined || spec.measured === undefined) return "missing";
  if (spec.every !== undefined && Date.parse(spec.measured) + Number.parseInt(spec.every, 10) * 86_400_000 <= nowMs) return "missing";
  const { direction, value } = spec.threshold;
  return (direction === "at-least" ? spec.score >= value : spec.score <= value) ? "met" : "missed";
}

/** A later review settles what an earlier one found. */
function latestReviews(reviews: Records["reviews"]): NamedRecord<SpecOf<"OutcomeReview">>[] {
  return [...Map.groupBy(reviews, (one) => one.spec.system).values()].map((all) => all.toSorted((a, b) => Date.parse(b.spec.until) - Date.parse(a.spec.until))[0]!);
}

function reviewConcerns({ name, spec }: NamedRecord<SpecOf<"OutcomeReview">>, nowMs: number): Concern[] {
  const share = spec.sampled === 0 ? null : spec.adverse / spec.sampled;
  const base = { system: nameOf(spec.system), owner: spec.reviewer };
  return [
    ...when(share !== null && share > spec.tolerated, { ...base, key: `review:${name}`, kind: "review.below", title: `More adverse outcomes than tolerated`, detail: `${spec.adverse} of ${spec.sampled} reviewed outcomes were adverse (${percent(share ?? 0)}); ${percent(spec.tolerated)} is tolerated.` }),
    ...when(past(spec.next, nowMs), { ...base, key: `review-due:${name}`, kind: "review.due", title: "An outcome review is due", detail: `The next one was to be done by ${day(spec.next)}.` }),
  ];
}

function when(holds: boolean, concern: Concern): Concern[] {
  return holds ? [concern] : [];
}

function past(instant: string | undefined, nowMs: number): boolean {
  return instant !== undefined && Date.parse(instant) <= nowMs;
}

function day(instant: string | undefined): string {
  return instant === undefined ? "" : new Date(instant).toISOString().slice(0, 10);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function nameOf(reference: string): string {
  return reference.slice(reference.indexOf(":") + 1);
}

function only(systems: readonly string[]): string | null {
  return systems.length === 1 ? nameOf(systems[0]!) : null;
}
