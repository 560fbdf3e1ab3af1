/** Classes of change (SPEC 2, Reassessment). `C` stops the system at once, `B` denies the difference alone, `A` is recorded. */
export type ChangeClass = "A" | "B" | "C";

/** Days in which a class B change is decided; after them calls are refused. */
export const reassessmentDays = 14;

/** What re-opens an authorization, each with its class. SPEC 2's list, as data. */
export const triggers = {
  "purpose": "C",
  "affected-people": "C",
  "legal-answer": "C",
  "irreversible-effect": "C",
  "data-above-boundary": "C",
  "model-provider": "C",
  "vendor-sanction": "C",
  "vendor-breach": "C",
  "model-version": "B",
  "tool-added": "B",
  "tool-definition": "B",
  "prompt": "B",
  "dataset": "B",
  "region": "B",
  "recipient": "B",
  "autonomy": "B",
  "audience": "B",
  "new-consumer": "B",
  "vendor-terms": "B",
  "vendor-sub-processor": "B",
  "vendor-region": "B",
  "vendor-training": "B",
  "logging": "B",
  "owner-vacant": "B",
  "limits": "B",
  "policy": "B",
  "definition": "B",
  "tier": "B",
  "exception-ended": "B",
  "condition-unmet": "B",
  "incident": "B",
  "outcome-review": "B",
  "spike": "B",
  "cosmetic": "A",
  "refused-attempt": "A",
} as const satisfies Readonly<Record<string, ChangeClass>>;
export type Trigger = keyof typeof triggers;
export const triggerNames = Object.keys(triggers) as Trigger[];

const rank: Readonly<Record<ChangeClass, number>> = { A: 0, B: 1, C: 2 };

export function worst(classes: readonly ChangeClass[]): ChangeClass {
  return classes.toSorted((a, b) => rank[b] - rank[a])[0] ?? "A";
}
