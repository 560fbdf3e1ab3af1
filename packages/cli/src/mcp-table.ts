import type { CommandSpec } from "./command.ts";

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
    load: async () => (await import("./commands/mcp.ts")).diff,
  },
  {
    words: "mcp pin",
    group: "Decide",
    summary: "Accept what an MCP server offers now; systems that use a changed tool are reassessed",
    args: server,
    options: [{ flags: "--reason <text>", text: "why; stands in the evidence" }],
    examples: ['mandate mcp pin wiki --reason "read the new description of wiki_read"'],
    load: async () => (await import("./commands/mcp.ts")).pin,
  },
  {
    words: "mcp commands",
    group: "Record",
    summary: "Command lines that MCP servers may be started as, word for word; --allow replaces all of them",
    options: [{ flags: "--allow <json>", text: 'a list of command lines, each a list of words: [["/usr/bin/node", "/opt/wiki/index.js"]]' }],
    examples: ["mandate mcp commands", `mandate mcp commands --allow '[["/usr/bin/node", "/opt/wiki/index.js"]]'`],
    load: async () => (await import("./commands/mcp.ts")).commands,
  },
];
