import type { Obligation } from "@mandate/model";
import type { Example } from "./example.ts";
import type { Replayed } from "./replay.ts";

/** `cant_tell` is neither: something couldn't be put to the solver, or took it too long. */
export type ProofState = "proven" | "refuted" | "cant_tell";

export interface Provable {
  readonly state: ProofState;
  /** Why it can't be told. */
  readonly reason: string | null;
  /** A call that breaks it, confirmed by the engine. */
  readonly example: Example | null;
}

export interface InvariantProof extends Provable {
  readonly id: string;
  /** The policy it stands in; null: it comes with the product. */
  readonly policy: string | null;
  readonly on: string;
  readonly asks: "denied" | "held";
  readonly condition: string;
  readonly because: string | null;
  readonly mustProve: boolean;
}

export interface Widening {
  readonly state: "no" | "yes" | "cant_tell";
  readonly reason: string | null;
  readonly example: Example | null;
}

/** How a decision became looser, in words; null when it did not. */
export function wideningWords(before: Replayed, after: Replayed): string | null {
  const [was, is] = [before.decision.outcome, after.decision.outcome];
  const passes = after.approved.outcome === "allow";
  if (is === "allow" && was === "deny") return "It was refused and would be allowed.";
  if (is === "allow" && was === "hold") return "It waited for a person and would be allowed at once.";
  if (is === "hold" && was === "deny" && passes) return "It was refused and a person could allow it.";
  if (is === "hold" && was === "hold" && passes && isEasier(before, after)) return "It would wait for fewer people.";
  if (passes && before.approved.outcome === "allow" && showsMore(before.approved.obligations, after.approved.obligations)) return "More of what is sent would be seen.";
  return null;
}

function isEasier(before: Replayed, after: Replayed): boolean {
  const needed = new Map(after.decision.hold?.approvers.map(({ group, count }) => [group, count]));
  return before.decision.hold?.approvers.some(({ group, count }) => (needed.get(group) ?? 0) < count) ?? false;
}

function showsMore(before: readonly Obligation[], after: readonly Obligation[]): boolean {
  const types = (obligations: readonly Obligation[], kinds: readonly string[]): readonly string[] => obligations.flatMap((one) => ((one.kind === "redact" || one.kind === "tokenize") && kinds.includes(one.kind) ? one.types : []));
  const [redacted, masked] = [types(after, ["redact"]), types(after, ["redact", "tokenize"])];
  if (types(before, ["redact"]).some((type) => !redacted.includes(type))) return true;
  if (types(before, ["tokenize"]).some((type) => !masked.includes(type))) return true;
  return before.some((one) => one.kind === "cap" && !after.some((other) => other.kind === "cap" && other.field === one.field && other.max <= one.max));
}
