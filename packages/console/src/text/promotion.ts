import { plural } from "./plural.ts";

export const promotion = {
  title: (system: string) => `Promotion of ${system}`,
  crumb: "Promotion",
  ready: (n: number) =>
    `It may be put to its approvers: all ${n} gates are met, waived or wait for a measure that isn't there yet.`,
  notReady: (open: number, all: number) =>
    `It can't go to production yet: ${open} of ${all} ${open === 1 ? "gates isn't" : "gates aren't"} met.`,
  prohibited: "This practice is prohibited (Article 5). No gate opens production.",
  waiting: "It waits for its approvers.",
  running: "It runs in production. A new authorization replaces this one before it ends.",
  gates: "Gates",
  states: { met: "Met", not_met: "Not met", waived: "Waived", cant_tell: "Can't tell" } as Record<string, string>,
  evidence: "See what shows it",
  fix: "Fix it",
  whoFixes: (who: string) => `${who} can fix it.`,
  holderOf: (role: string) => `Whoever is ${role.toLowerCase()}`,
  waivedBy: (by: string, until: string) => `Waived by ${by} until ${until}.`,
  instead: (what: string) => `Instead: ${what}`,
  ask: "Ask for an exception",
  request: "Request",
  submit: "Ask for production",
  submitTitle: (system: string) => `Ask for production of ${system}`,
  submitEffect: "Each approver is asked about exactly this version. Whatever changes after that needs a new request.",
  approvers: "Approvers",
  nobody: "nobody holds this role yet",
  answered: { approved: "Approved.", refused: "Refused.", lapsed: "It lapsed: nobody answered in time." } as Record<
    string,
    string
  >,
  signed: (who: string, when: string) => `${who} signed ${when}`,
  open: "waits",
  version: "Version",
  tier: "Tier",
  terms: "Terms",
  noEnd: "until the tier's days are over",
  ends: "Ends",
  asked: "Asked for by",
  none: "Nobody has asked for production.",
  yours: "Your answer",
  conditions: "Conditions",
  noConditions: "None.",
  condition: (metric: string, threshold: string, due: string, consequence: string) =>
    `${metric}${threshold}, due ${due}: else ${consequence}`,
  replay: "Last week under the new terms",
  replayWhy: "The calls of the last seven days are decided again as if this version were in production, from what was sealed then.",
  replayNow: "Replay last week",
  replayed: (replayable: number, total: number, differences: number) =>
    total === 0
      ? "It made no call in the last seven days."
      : `Replayable ${replayable} of ${total}. ${differences === 0 ? "Each would come out the same." : `${plural(differences, "decision", "decisions")} would come out otherwise:`}`,
  call: "Call",
  atTheTime: "Then",
  inProduction: "In production",
  when: "When",
} as const;
