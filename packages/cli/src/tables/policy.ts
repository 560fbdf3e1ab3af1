import type { CommandSpec, OptionSpec } from "../command.ts";
import { reason } from "./options.ts";

const file: OptionSpec = { flags: "-f, --file <path...>", text: "manifest with the policy's proposed version; default as registered" };
const system: OptionSpec = { flags: "--system <name...>", text: "systems that would carry it besides those that do" };
const policy = [{ name: "policy", text: "its name" }];

/** Commands about what a policy would do before it does it, and what is reached under those in force. */
export const policyCommands: readonly CommandSpec[] = [
  {
    words: "reach",
    group: "Explain",
    summary: "Who reaches what under the rules in force: of a thing, of a system, or all",
    args: [{ name: "thing", text: "dataset:NAME, vendor:NAME, model:NAME, tool:NAME, destination:NAME, or system:NAME", optional: true }],
    options: [{ flags: "--kind <kind>", text: "only these", choices: ["model", "tool", "dataset", "destination", "vendor", "prompt"] }],
    examples: ["mandate reach dataset:customers", "mandate reach system:support-concierge --kind dataset"],
    load: async () => (await import("../commands/reach.ts")).reach,
  },
  {
    words: "used",
    group: "Explain",
    summary: "Who uses an object of the register, by which authorization, and when it was last seen",
    args: [{ name: "kind/name", text: "such as tool/refunds.issue, model/gpt-eu, vendor/acme" }],
    examples: ["mandate used tool/refunds.issue", "mandate used vendor/acme -o json"],
    load: async () => (await import("../commands/used.ts")).used,
  },
  {
    words: "policy check",
    group: "Explain",
    summary: "Check a version of a policy before it is published: its tests, what must stay true, and whether it widens access",
    args: policy,
    options: [file, system, { flags: "--fail-on-widening", text: "fail when it lets through what is not let through now" }],
    examples: ["mandate policy check refund-limits -f refund-limits.yaml", "mandate policy check refund-limits -f new.yaml --fail-on-widening"],
    load: async () => (await import("../commands/policy-proofs.ts")).check,
  },
  {
    words: "policy invariants",
    group: "Explain",
    summary: "What must stay true of every call, and whether it is: proven, or refuted by an example",
    examples: ["mandate policy invariants"],
    load: async () => (await import("../commands/policy-proofs.ts")).invariants,
  },
  {
    words: "policy simulate",
    group: "Explain",
    summary: "Decide recorded traffic again with a version of a policy, and list the decisions that flip",
    args: policy,
    options: [file, system, { flags: "--since <instant>", text: "from; default seven days ago" }, { flags: "--until <instant>", text: "to; default now" }],
    examples: ["mandate policy simulate refund-limits -f refund-limits.yaml", "mandate policy simulate refund-limits -f new.yaml --since 2026-05-01 -o json"],
    load: async () => (await import("../commands/policy-versions.ts")).simulate,
  },
  {
    words: "policy watch",
    group: "Lifecycle",
    summary: "Compare a version with what is enforced, for at most 14 days and without effect on any call",
    args: policy,
    options: [file, system, { flags: "--days <days>", text: "1 to 14", required: true }, reason],
    examples: ['mandate policy watch refund-limits -f refund-limits.yaml --days 7 --reason "Is 50 enough?"'],
    load: async () => (await import("../commands/policy-versions.ts")).watch,
  },
  {
    words: "policy watches",
    group: "Explain",
    summary: "What was or is watched of a policy, and how much would have come out otherwise; with an id, which decisions",
    args: [...policy, { name: "id", text: "wat_…", optional: true }],
    examples: ["mandate policy watches refund-limits", "mandate policy watches refund-limits wat_01…"],
    load: async () => (await import("../commands/policy-versions.ts")).watches,
  },
  {
    words: "policy end-watch",
    group: "Lifecycle",
    summary: "End a watch before its time",
    args: [...policy, { name: "id", text: "wat_…" }],
    examples: ["mandate policy end-watch refund-limits wat_01…"],
    load: async () => (await import("../commands/policy-versions.ts")).endWatch,
  },
  {
    words: "policy history",
    group: "Explain",
    summary: "Versions of a policy: who changed it, when, why",
    args: policy,
    examples: ["mandate policy history refund-limits"],
    load: async () => (await import("../commands/policy-versions.ts")).history,
  },
  {
    words: "policy diff",
    group: "Explain",
    summary: "What changed between two versions of a policy; default the last two",
    args: [...policy, { name: "from", text: "number of a version", optional: true }, { name: "to", text: "number of a later one", optional: true }],
    examples: ["mandate policy diff refund-limits", "mandate policy diff refund-limits 1 3"],
    load: async () => (await import("../commands/policy-versions.ts")).diff,
  },
  {
    words: "policy roll-back",
    group: "Lifecycle",
    summary: "Publish an earlier version of a policy again",
    args: [...policy, { name: "version", text: "its number" }],
    options: [reason],
    examples: ['mandate policy roll-back refund-limits 2 --reason "50 held too much."'],
    load: async () => (await import("../commands/policy-versions.ts")).rollBack,
  },
];
