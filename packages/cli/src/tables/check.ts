import type { CommandSpec, OptionSpec } from "../command.ts";

const system: OptionSpec = { flags: "--system <name>", text: "the system that would do it", required: true };
const approval: OptionSpec = { flags: "--approval <id>", text: "of an earlier hold of the very same question; spent once" };
const context: readonly OptionSpec[] = [
  { flags: "--class <class...>", text: "classes of the data" },
  { flags: "--region <region>", text: "where the data is from" },
  { flags: "--purpose <id>", text: "one of the system's purposes" },
  { flags: "--sensitivity <level>", text: "of the data", choices: ["public", "internal", "confidential", "restricted"] },
];

/** Questions to the decision API, for pipelines: exit 0 when allowed, 3 when refused, 5 when a person has to decide. */
export const checkCommands: readonly CommandSpec[] = [
  {
    words: "check export",
    group: "Explain",
    summary: "May this data go there: asked before a job sends it, and recorded",
    options: [system, { flags: "--to <destination>", text: "its name in the register", required: true }, ...context, approval],
    examples: [
      "mandate check export --system nightly-report --to lake-eu --class contact --region DE --purpose reporting",
      "mandate check export --system nightly-report --to lake-eu --class contact --approval apr_01k…",
    ],
    load: async () => (await import("../commands/check.ts")).checkExport,
  },
  {
    words: "check deploy",
    group: "Explain",
    summary: "Is this the version that was approved: asked before it runs",
    options: [system, { flags: "--digest <digest>", text: "of the system version about to run", required: true }, approval],
    examples: ["mandate check deploy --system refunds-desk --digest 3f9a…"],
    load: async () => (await import("../commands/check.ts")).checkDeploy,
  },
  {
    words: "check what",
    group: "Explain",
    summary: "What a system may do now: tools, models and destinations, and which need a person",
    args: [{ name: "system", text: "its name" }],
    options: context,
    examples: ["mandate check what refunds-desk", "mandate check what refunds-desk -o json"],
    load: async () => (await import("../commands/check.ts")).what,
  },
  {
    words: "check who",
    group: "Explain",
    summary: "Which systems may use a tool, a model or a destination now",
    args: [{ name: "resource", text: "tool:NAME, model:NAME or destination:NAME" }],
    options: context,
    examples: ["mandate check who tool:payments.send", "mandate check who destination:lake-us --class contact --region DE"],
    load: async () => (await import("../commands/check.ts")).who,
  },
];
