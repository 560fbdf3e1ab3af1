import { plural } from "./plural.ts";

export const approvals = {
  title: "Approvals",
  emptyTitle: "Nothing waits for a decision.",
  empty: "Held calls, changes and promotions appear here, soonest to lapse first.",
  waits: (n: number) => `${plural(n, "decision waits", "decisions wait")}, soonest to lapse first.`,
  lapses: (left: string) => `Lapses to a refusal in ${left}`,
  requestedBy: "Asked by",
  decide: "Decide",
  own: "You can't decide this one",
} as const;

export const approve = {
  waiting: "Waiting for a person",
  approved: "Approved once",
  refused: "Refused",
  lapsed: "Lapsed, so refused",
  reason: "Reason",
  approve: "Approve once",
  refuse: "Refuse",
  needReason: "Say why first. It stands in the evidence.",
  claim: "Its reason",
  claimNote: "the agent's claim",
  paid: "Asked by",
  system: "System",
  call: "Call",
  rule: "Rule",
  covers: (left: string) => `Covers exactly this call. Refused by itself in ${left}.`,
  method: "Confirmed with your session. Passkeys are not available yet.",
  binding: "Bound to",
  seeEntry: "See the entry",
  told: "The caller is told who decided.",
  generic: (system: string, call: string) => `May ${system} call ${call}?`,
  lapsedText: "Nobody decided in time, so the call stays refused. The caller can ask again.",
  another: "All approvals",
  failed: "Your decision was not recorded.",
} as const;
