import { exceptRules, type Lifted, liftRules } from "./break-glass.ts";
import type { Evaluation } from "./decision-point.ts";
import type { Rule } from "./rule.ts";

/** What each matching forbid comes to, once exceptions, break-glass and approvals are counted. */
export interface Settled {
  readonly denials: readonly Rule[];
  /** Holds that nobody answered yet. */
  readonly held: readonly Rule[];
  /** Holds that people answered with yes. */
  readonly approved: readonly Rule[];
  readonly excepted: Lifted["by"];
  readonly brokenGlass: Lifted["by"];
}

export function settle({ forbids, subject: { system, request } }: Evaluation): Settled {
  const { binding, by: excepted } = exceptRules(forbids, system, request.now);
  const { binding: bound, by: brokenGlass } = liftRules(binding, system, request.now);
  const yes = new Set(request.approval?.rules);
  const holds = bound.filter((rule) => rule.hold !== null);
  return {
    denials: bound.filter((rule) => rule.hold === null),
    held: holds.filter((rule) => !yes.has(rule.id)),
    approved: holds.filter((rule) => yes.has(rule.id)),
    excepted,
    brokenGlass,
  };
}
