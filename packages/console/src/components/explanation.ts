import { queryOptions } from "@tanstack/react-query";
import { client } from "../api.ts";
import type { ruleByRule as words } from "../text/evidence.ts";

export interface Check {
  readonly check: keyof typeof words.checks;
  readonly state: keyof typeof words.checkStates;
  readonly saw: string;
}
export interface TracedRule {
  readonly id: string;
  readonly verdict: keyof typeof words.verdicts;
  readonly decides: boolean;
  readonly guardrail: boolean;
  readonly policy: string | null;
  readonly passes: readonly { readonly attributes: readonly string[]; readonly needs: string; readonly is: string | null }[];
  readonly liftedBy: string | null;
  readonly because: string;
  readonly text: string;
}
export interface Question {
  readonly tool: string | null;
  readonly same: boolean;
  readonly rules: readonly TracedRule[];
  readonly withoutRefusals: "allow" | "hold" | "deny" | null;
}
export interface Explanation {
  readonly unreplayable: keyof typeof words.unreplayable | null;
  readonly checks: readonly Check[];
  readonly questions: readonly Question[];
}

/** What each rule said of a call: the decision is made again for it, once. */
export const explanation = (id: string) =>
  queryOptions({ queryKey: ["explanation", id], staleTime: Number.POSITIVE_INFINITY, queryFn: ({ signal }) => client.request<Explanation>("GET", `/api/v1/decisions/${encodeURIComponent(id)}/explanation`, undefined, { signal }) });
