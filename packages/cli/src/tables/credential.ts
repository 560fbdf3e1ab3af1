import type { CommandSpec, OptionSpec } from "../command.ts";
import { reason } from "./options.ts";

const machineOptions = [
  { flags: "--scope <action...>", text: "actions it may ask tokens for; default: all" },
  { flags: "--purpose <id...>", text: "purposes it is bound to; default: its system's" },
  { flags: "--actor <id...>", text: "credentials that may act on its tokens" },
  { flags: "--accountable <email>", text: "who answers for it; default: you" },
  { flags: "--dpop", text: "bind its tokens to a key; always so at T3" },
] as const satisfies readonly OptionSpec[];

const credential = (verb: string, summary: string): CommandSpec => ({
  words: `credential ${verb}`,
  group: "Identity",
  summary,
  args: [{ name: "id", text: "cred_…" }],
  options: [reason],
  examples: [`mandate credential ${verb} cred_01k… --reason "…"`],
  load: async () => (await import("../commands/credential.ts")).changeCredential(verb),
});

/** Commands on what machines sign in with, and the secrets kept for them. */
export const credentialCommands: readonly CommandSpec[] = [
  {
    words: "credential create",
    group: "Identity",
    summary: "Make a gateway key for a system; it is shown once",
    options: [
      { flags: "--system <name>", text: "the system that calls", required: true },
      { flags: "--name <name>", text: "what it is for; default cli" },
      { flags: "--ttl <duration>", text: "15m, 8h, 30d; at most what the tier allows", default: "8h" },
      { flags: "--key-only", text: "print the key and nothing else" },
      { flags: "--kind <kind>", text: "client: the machine keeps its own key", choices: ["gateway-key", "client"], default: "gateway-key" },
      { flags: "--jwk <file>", text: "the client's public key, a JWK in a file" },
      { flags: "--jwks-uri <url>", text: "or where it publishes its keys" },
      ...machineOptions,
    ],
    examples: [
      "mandate credential create --system meeting-notes --ttl 8h",
      "export OPENAI_API_KEY=$(mandate credential create --system meeting-notes --key-only)",
      "mandate credential create --system payouts --kind client --jwk public.jwk.json --ttl 30d",
    ],
    load: async () => (await import("../commands/credential.ts")).create,
  },
  {
    words: "credential trust",
    group: "Identity",
    summary: "Let a platform vouch for a workload: Kubernetes, GitHub Actions, SPIFFE, any OpenID issuer",
    options: [
      { flags: "--system <name>", text: "the system that calls", required: true },
      { flags: "--name <name>", text: "what it is for; default: its subject" },
      { flags: "--issuer <url>", text: "who vouches: an https issuer, or spiffe://domain", required: true },
      { flags: "--audience <text>", text: "what the platform's token must be for", required: true },
      { flags: "--subject <pattern>", text: "what sub must be; * stands for one segment", required: true },
      { flags: "--claim <name=pattern...>", text: "what else must fit" },
      { flags: "--jwks <file>", text: "the issuer's keys, where it publishes none" },
      { flags: "--jwks-uri <url>", text: "where its keys are, without discovery" },
      { flags: "--ttl <duration>", text: "at most what the tier allows", default: "30d" },
      ...machineOptions,
    ],
    examples: [
      'mandate credential trust --system payouts --issuer https://token.actions.githubusercontent.com --audience mandate --subject "repo:halden/payouts:ref:refs/heads/main"',
      'mandate credential trust --system payouts --issuer spiffe://halden.example --audience mandate --subject "spiffe://halden.example/ns/prod/sa/payouts" --jwks bundle.json',
    ],
    load: async () => (await import("../commands/credential-machines.ts")).trust,
  },
  {
    words: "credential import",
    group: "Identity",
    summary: "List keys that live elsewhere, with owner and age; never the keys",
    args: [{ name: "file", text: "CSV with name, location, kind, system, owner, created, ends, note" }],
    examples: ["mandate credential import keys.csv"],
    load: async () => (await import("../commands/credential-machines.ts")).importElsewhere,
  },
  {
    words: "credential elsewhere",
    group: "Identity",
    summary: "Keys that live elsewhere, with owner and age",
    options: [{ flags: "--system <name>", text: "of one system" }, { flags: "--owner <email>", text: "of one person" }],
    examples: ["mandate credential elsewhere --owner ada@example.com"],
    load: async () => (await import("../commands/credential-machines.ts")).elsewhere,
  },
  {
    words: "credential gone",
    group: "Identity",
    summary: "Take a key that lived elsewhere off the list: it was destroyed there",
    args: [{ name: "id", text: "as `credential elsewhere` shows it" }],
    options: [reason],
    examples: ['mandate credential gone ext_06f2 --reason "deleted at the provider"'],
    load: async () => (await import("../commands/credential-machines.ts")).gone,
  },
  {
    words: "credential list",
    group: "Identity",
    summary: "Keys with owner, state, end and last use; never the keys themselves",
    options: [{ flags: "--system <name>", text: "of one system" }],
    examples: ["mandate credential list --system meeting-notes"],
    load: async () => (await import("../commands/credential.ts")).list,
  },
  { ...credential("rotate", "Make its successor; both work through the overlap"), options: [reason, { flags: "--jwk <file>", text: "a client's next public key" }] },
  credential("suspend", "Refuse it until resumed"),
  credential("resume", "End a suspension"),
  credential("revoke", "End it for good, within a second at every gateway"),
  {
    words: "secret set",
    group: "Identity",
    summary:
      "Seal a provider secret for the hosts it may be sent to; the value comes from standard input or is asked for",
    args: [{ name: "name", text: "as manifests name it: secret:NAME" }],
    options: [{ flags: "--host <host...>", text: "host or host:port it may be sent to", required: true }],
    examples: [
      "mandate secret set anthropic-prod --host api.anthropic.com",
      "pass show anthropic | mandate secret set anthropic-prod --host api.anthropic.com",
    ],
    load: async () => (await import("../commands/secret.ts")).set,
  },
];
