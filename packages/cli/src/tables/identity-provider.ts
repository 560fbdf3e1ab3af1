import type { CommandSpec } from "../command.ts";
import { reason } from "./options.ts";

/** Commands on where people come from. */
export const identityProviderCommands: readonly CommandSpec[] = [
  {
    words: "identity-provider list",
    group: "Identity",
    summary: "OpenID Connect providers that people sign in at",
    examples: ["mandate identity-provider list"],
    load: async () => (await import("../commands/identity-provider.ts")).list,
  },
  {
    words: "identity-provider set",
    group: "Identity",
    summary: "Make or change a provider; its client secret comes from standard input or is asked for",
    args: [{ name: "name", text: "name of the provider" }],
    options: [
      { flags: "--issuer <address>", text: "its issuer, as its metadata says", required: true },
      { flags: "--client-id <id>", text: "this installation's client id there", required: true },
      { flags: "--title <text>", text: "what the sign-in page calls it; default its name" },
      { flags: "--trust-email", text: "an address it calls verified may take that address's invitation" },
    ],
    examples: [
      "mandate identity-provider set company --issuer https://login.example.com --client-id mandate --trust-email < secret.txt",
    ],
    load: async () => (await import("../commands/identity-provider.ts")).set,
  },
  {
    words: "identity-provider remove",
    group: "Identity",
    summary: "Nobody signs in through it any more",
    args: [{ name: "name", text: "name of the provider" }],
    examples: ["mandate identity-provider remove company"],
    load: async () => (await import("../commands/identity-provider.ts")).remove,
  },
  {
    words: "provisioning show",
    group: "Identity",
    summary: "Whether the directory's changes are taken, and whose subjects its ids are",
    examples: ["mandate provisioning show"],
    load: async () => (await import("../commands/provisioning.ts")).show,
  },
  {
    words: "provisioning resume",
    group: "Identity",
    summary: "Let the directory's removals through for a day, once somebody has looked",
    options: [reason],
    examples: ['mandate provisioning resume --reason "a division was sold"'],
    load: async () => (await import("../commands/provisioning.ts")).resume,
  },
  {
    words: "provisioning link",
    group: "Identity",
    summary: "Say whose subjects the directory's external ids are",
    args: [{ name: "provider", text: "identity provider, or none" }],
    examples: ["mandate provisioning link company", "mandate provisioning link none"],
    load: async () => (await import("../commands/provisioning.ts")).link,
  },
];
