import { type HoldTerms, type Obligation, type RefusalCode, refusalCodes } from "@mandate/model";
import type { Rule } from "./rule.ts";

/** SPEC 3, "Verdicts combine by rule". */

/** The order of the vocabulary is precedence. */
export function precedence(code: RefusalCode): number {
  return refusalCodes.indexOf(code);
}

/** All approver sets, the larger count where two name the same group, and the shortest time. */
export function combineHolds(rules: readonly Rule[]): HoldTerms {
  const counts = new Map<string, number>();
  let withinSeconds = Number.POSITIVE_INFINITY;
  for (const { hold } of rules) {
    if (hold === null) continue;
    withinSeconds = Math.min(withinSeconds, hold.withinSeconds);
    for (const { group, count } of hold.approvers) counts.set(group, Math.max(count, counts.get(group) ?? 0));
  }
  return { approvers: [...counts].map(([group, count]) => ({ group, count })), withinSeconds };
}

/** The union of what the permits oblige to, or `conflict` when it can't all be done. */
export function combineObligations(rules: readonly Rule[]): readonly Obligation[] | "conflict" {
  const redact = new Set<string>();
  const tokenize = new Set<string>();
  const caps = new Map<string, number>();
  let log: Extract<Obligation, { kind: "log" }>["detail"] | null = null;
  for (const obligation of rules.flatMap((rule) => rule.obligations)) {
    switch (obligation.kind) {
      case "redact":
        for (const type of obligation.types) redact.add(type);
        break;
      case "tokenize":
        for (const type of obligation.types) tokenize.add(type);
        break;
      case "cap":
        caps.set(obligation.field, Math.min(obligation.max, caps.get(obligation.field) ?? Number.POSITIVE_INFINITY));
        break;
      case "log":
        if (log !== null && log !== obligation.detail) return "conflict";
        log = obligation.detail;
        break;
    }
  }
  for (const type of tokenize) if (redact.has(type)) return "conflict";
  return [
    ...(redact.size > 0 ? [{ kind: "redact" as const, types: [...redact] }] : []),
    ...(tokenize.size > 0 ? [{ kind: "tokenize" as const, types: [...tokenize] }] : []),
    ...[...caps].map(([field, max]) => ({ kind: "cap" as const, field, max })),
    ...(log === null ? [] : [{ kind: "log" as const, detail: log }]),
  ];
}
