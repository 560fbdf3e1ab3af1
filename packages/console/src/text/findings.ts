import { plural } from "./plural.ts";

export const findings = {
  title: "Findings",
  emptyTitle: "Nothing is wrong that we can see.",
  empty: "What a check finds missing or broken appears here, grouped by its cause, with who can fix it.",
  owner: "Owner",
  opened: "Opened",
  due: "Due",
  fix: "Fix",
  other: "Other",
  open: (n: number) => plural(n, "finding is open", "findings are open"),
} as const;
