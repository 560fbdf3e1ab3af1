import { plural } from "./plural.ts";

export const cantTell = "can't tell";

export const none = "None";

export const never = "never";

export const noOne = "No one yet";

export const mark = {
  allow: "Allowed",
  hold: "Held",
  deny: "Denied",
  person: "Decided by a person",
  unknown: "Not known",
  approved: "Approved",
  unconfirmed: "Unconfirmed",
} as const;

export const tier = {
  T0: "T0, minimal",
  T1: "T1, limited",
  T2: "T2, elevated",
  T3: "T3, high risk",
  X: "X, prohibited",
} as const;

export const sensitivity = {
  public: "Public",
  internal: "Internal",
  confidential: "Confidential",
  restricted: "Restricted",
} as Record<string, string>;

export const lifecycle = {
  proposed: "Proposed",
  pilot: "Pilot",
  production: "Production",
  suspended: "Suspended",
  retired: "Retired",
} as Record<string, string>;

export const statusCode = {
  authorization_expired: "Authorization ended",
  not_authorized: "Not authorized yet",
  system_suspended: "Suspended",
  system_retired: "Retired",
  reassessment_required: "Waits for a reassessment",
  prohibited: "Prohibited practice",
} as Record<string, string>;

export const states = {
  crashed: "This page can't be shown",
  crashedPage: "The page",
  failedTitle: (what: string) => `${what} can't be shown`,
  unchanged: "Nothing was changed.",
  request: "Request",
  retry: "Try again",
  loading: "Loading",
  noRight: "You don't have the right to see this.",
  noRightRole: (role: string) => `This is for the role ${role}.`,
  noRightWho: "An administrator can grant you a role under Settings.",
  notThere: "There is nothing at this address.",
  notThereMore: "It may have been renamed, or you may not have the right to see it.",
  filtered: (filters: string) => `Nothing matches ${filters}.`,
  clear: "Clear filters",
  missingPart: (what: string) => `${what} did not come`,
  sampleCommand: "npx mandate up --sample",
  orSample: "Or start with a sample organization:",
  empty: "Nothing here yet.",
  signInFirst: "Sign in to see this.",
} as const;

export const table = {
  csv: "CSV",
  json: "JSON",
  download: "Download as",
  more: "Show more",
  older: "Older rows",
  rows: (n: number) => plural(n, "row", "rows"),
  all: (n: number) => `Show all ${n} rows`,
  sort: "Sort by",
  asTable: "As a table",
  asGraph: "As a graph",
  actions: "Actions",
  actionsFor: (name: string) => `Actions for ${name}`,
} as const;

export const action = {
  cancel: "Cancel",
  reason: "Reason",
  why: "Say why. It stands in the evidence.",
  copy: "Copy",
  copied: "Copied",
  done: "Done",
  open: "Open",
} as const;

export const decisions = {
  time: "Time, UTC",
  system: "System",
  decision: "Decision",
  call: "Call",
  reason: "Reason",
  entry: "Entry",
  pending: "unlogged",
  within: (model: string) => `in an answer of ${model}`,
} as const;

export const copyOnce = {
  title: "Your key",
  once: "This is the only time it is shown. Only its hash is stored.",
  copy: "Copy key",
  copied: "Copied",
  ends: "Valid until",
  done: "I have stored it",
} as const;
