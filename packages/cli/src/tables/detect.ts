import type { CommandSpec } from "../command.ts";

/** Detectors on this machine. */
export const detectCommands: readonly CommandSpec[] = [
  {
    words: "detect",
    group: "Find",
    summary: "Find personal data and secrets in lines of {id, text} on standard input; nothing leaves the machine",
    options: [
      { flags: "--jsonl", text: "one JSON object a line in and out (the only form)" },
      {
        flags: "--channel <channel>",
        text: "where the text came from",
        choices: ["user", "tool", "retrieved", "output"],
        default: "user",
      },
      { flags: "--class <classes>", text: "comma separated: pii, secret, injection" },
    ],
    examples: [`echo '{"id":"1","text":"Mail ada@example.com"}' | mandate detect --jsonl`],
    server: false,
    load: async () => (await import("../commands/detect.ts")).detect,
  },
];
