import type { CommandSpec } from "../command.ts";

/** Commands on gateways and witnesses that run beside the control plane. */
export const gatewayCommands: readonly CommandSpec[] = [
  {
    words: "gateway",
    group: "Start",
    summary: "Start a gateway alone: it enforces what a control plane elsewhere decides",
    examples: [
      "MANDATE_CONTROL_URL=https://mandate.example.com MANDATE_GATEWAY_TOKEN=mdg_… MANDATE_DATA_DIR=/var/lib/mandate-eu-1 mandate gateway",
    ],
    server: false,
    load: async () => (await import("../commands/start.ts")).gateway,
  },
  {
    words: "witness",
    group: "Start",
    summary: "Run a witness for somebody else's log: it cosigns what extends its own memory, and refuses anything else",
    options: [
      { flags: "--name <name>", text: "key name, such as witness.example.org", required: true },
      { flags: "--logs <file>", text: "verifier key of each log, one a line, or a tlog-policy", required: true },
      { flags: "--data <folder>", text: "its own key and memory; default ./.mandate-witness" },
      { flags: "--host <host>", text: "default 127.0.0.1" },
      { flags: "--port <port>", text: "default 4610" },
    ],
    examples: ["mandate witness --name witness.audit.example --logs logs.txt --data /var/lib/mandate-witness"],
    server: false,
    load: async () => (await import("../commands/witness.ts")).witness,
  },
  {
    words: "gateway list",
    group: "Identity",
    summary: "Gateways, the register version each enforces, and when each was last heard",
    examples: ["mandate gateway list"],
    load: async () => (await import("../commands/gateway.ts")).list,
  },
  {
    words: "gateway create",
    group: "Identity",
    summary: "Make an enrolment token for a gateway; it is shown once",
    args: [{ name: "name", text: "stable name of the gateway" }],
    options: [{ flags: "--serves <system...>", text: "only these systems: it gets no secret, key or credential of another" }],
    examples: ["mandate gateway create eu-1", "mandate gateway create payouts-1 --serves payouts refunds"],
    load: async () => (await import("../commands/gateway.ts")).create,
  },
  {
    words: "gateway remove",
    group: "Identity",
    summary: "It gets nothing more and nothing it sends is believed; its log stays",
    args: [{ name: "name", text: "name of the gateway" }],
    examples: ["mandate gateway remove eu-1"],
    load: async () => (await import("../commands/gateway.ts")).remove,
  },
];
