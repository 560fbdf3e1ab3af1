import { AppError, documentTypes } from "@mandate/model";
import type { ConditionDues } from "@mandate/model";
import { z } from "zod";
import { instant, line } from "../http/index.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, "is not a name of the register");
const consequence = z.enum(["restrict", "suspend", "reassess"]);
const common = { due: instant, consequence, note: line.optional() };
const most = z.number().min(0).max(1e9);
const share = z.number().min(0).max(1);

/** What a grant may ask beside its terms: a measure a machine takes, a threshold, a due date and what follows. */
export const conditionSchema = z.discriminatedUnion("metric", [
  /** An evaluation's newest score meets its own threshold. */
  z.strictObject({ metric: z.literal("evaluation"), subject: name, ...common }),
  /** A current document of this type is registered for the system. */
  z.strictObject({ metric: z.literal("document"), subject: z.enum(documentTypes), ...common }),
  /** The newest outcome review tolerates no more adverse outcomes than this share. */
  z.strictObject({ metric: z.literal("outcome_review"), threshold: share, ...common }),
  z.strictObject({ metric: z.literal("complaints"), threshold: most, ...common }),
  z.strictObject({ metric: z.literal("findings_open"), threshold: most, ...common }),
  /** Shares and counts of the last 24 hours. */
  z.strictObject({ metric: z.literal("refusal_rate"), threshold: share, ...common }),
  z.strictObject({ metric: z.literal("errors"), threshold: most, ...common }),
  z.strictObject({ metric: z.literal("calls_per_hour"), threshold: most, ...common }),
]);
export type Condition = z.output<typeof conditionSchema>;

const longestMs = 366 * 86_400_000;
const maxConditions = 50;

/** @throws AppError `authorization.condition` (400) for what no machine could check, or that is due in the past */
export function parseConditions(given: readonly unknown[], nowMs: number): readonly Condition[] {
  if (given.length > maxConditions) throw bad(`A grant carries at most ${maxConditions} conditions.`);
  return given.map((one) => {
    const parsed = conditionSchema.safeParse(one);
    if (!parsed.success) throw bad(`A condition is {metric, threshold or subject, due, consequence}: ${parsed.error.issues[0]?.path.join(".") ?? ""} ${parsed.error.issues[0]?.message ?? ""}`.trim());
    const due = Date.parse(parsed.data.due);
    if (due <= nowMs || due > nowMs + longestMs) throw bad("A condition is due in the future, within a year.");
    return parsed.data;
  });
}

function bad(message: string): AppError {
  return new AppError({ code: "authorization.condition", status: 400, message, remedies: [{ text: 'Write for example {"metric":"findings_open","threshold":0,"due":"2027-01-31T00:00:00Z","consequence":"suspend"}. Metrics: evaluation, document, outcome_review, complaints, findings_open, refusal_rate, errors, calls_per_hour.' }] });
}

/** What a machine found. `until`: epoch milliseconds after which it says nothing any more. */
export interface Measured {
  readonly met: boolean;
  readonly shown: string;
  readonly until?: number;
}

/** A verification is good for a day; nobody repeating it counts as nobody verifying. */
export const verifiedForMs = 86_400_000;

/** INVARIANT (G11): unmet or unverified, a condition bites from its due date on, by the clock of the call. */
export function duesOf(conditions: readonly Condition[], measured: readonly Measured[], nowMs: number): ConditionDues {
  const dues: { restrict?: number; suspend?: number; reassess?: number } = {};
  for (const [index, condition] of conditions.entries()) {
    const found = measured[index];
    const due = Date.parse(condition.due);
    const bites = found?.met === true ? Math.max(due, Math.min(nowMs + verifiedForMs, found.until ?? Number.POSITIVE_INFINITY)) : due;
    dues[condition.consequence] = Math.min(dues[condition.consequence] ?? Number.POSITIVE_INFINITY, Math.floor(bites / 1000));
  }
  return dues;
}

/** Conditions as stored; one that nobody can read any more bites at once. */
export function storedConditions(stored: readonly unknown[]): readonly Condition[] {
  return stored.map((one) => {
    const parsed = conditionSchema.safeParse(one);
    return parsed.success ? parsed.data : { metric: "findings_open", threshold: 0, due: new Date(0).toISOString(), consequence: "suspend", note: "unreadable condition" };
  });
}
