import type { CommandSpec } from "../command.ts";
import { reason } from "./options.ts";

const server = [{ name: "server", text: "name of an MCP server" }];

/** Commands about MCP servers beside `get` and `describe`. */
export const mcpCommands: readonly CommandSpec[] = [
  {
    words: "mcp diff",
    group: "Explain",
    summary: "An MCP server's tools: what was reviewed against what it was last seen to offer",
    args: server,
    options: [{ flags: "--all", text: "tools that are as pinned as well" }],
    examples: ["mandate mcp diff wiki", "mandate mcp diff wiki -o json"],
    load: async () => (await import("../commands/mcp.ts")).diff,
  },
  {
    words: "mcp pin",
    group: "Decide",
    summary: "Accept what an MCP server offers now, but for what was refused; systems that use a changed tool are reassessed",
    args: server,
    options: [{ flags: "--tools <names>", text: "these alone, as `mcp diff` shows them; refused ones too" }, reason],
    examples: ['mandate mcp pin wiki --reason "read the new description of wiki_read"', 'mandate mcp pin wiki --tools wiki_read --reason "the new wording is fine"'],
    load: async () => (await import("../commands/mcp.ts")).pin,
  },
  {
    words: "mcp refuse",
    group: "Decide",
    summary: "Refuse what an MCP server offers of these tools: they stay held and say so, the approved version runs on without them",
    args: server,
    options: [{ flags: "--tools <names>", text: "names as the server has them, separated by commas", required: true }, reason],
    examples: ['mandate mcp refuse wiki --tools wiki_read --reason "it asks for the mailbox"'],
    load: async () => (await import("../commands/mcp.ts")).refuse,
  },
  {
    words: "mcp look",
    group: "Explain",
    summary: "Ask an MCP server what it offers now, and compare it with what was reviewed; accepts nothing",
    args: server,
    options: [{ flags: "--all", text: "tools that are as pinned as well" }],
    examples: ["mandate mcp look wiki"],
    load: async () => (await import("../commands/mcp.ts")).look,
  },
  {
    words: "mcp commands",
    group: "Record",
    summary: "Command lines that MCP servers may be started as, word for word; --allow replaces all of them",
    options: [{ flags: "--allow <json>", text: 'a list of command lines, each a list of words: [["/usr/bin/node", "/opt/wiki/index.js"]]' }],
    examples: ["mandate mcp commands", `mandate mcp commands --allow '[["/usr/bin/node", "/opt/wiki/index.js"]]'`],
    load: async () => (await import("../commands/mcp.ts")).commands,
  },
];
