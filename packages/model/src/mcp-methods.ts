/**
 * What an MCP server can be asked, or can ask for, beside its tools. Each is decided like a tool of that server, so that
 * one grant, one label and one rule language cover all of it. A `Tool` whose `names` hold the method, with this
 * `server`, labels it; otherwise `tool:SERVER/*` grants it under `SERVER/METHOD`.
 */
export const mcpMethodTools = {
  "resources/read": "reads",
  "prompts/get": "reads",
  "completion/complete": "reads",
  // The server borrows the client's model, user or file roots. What it asks is untrusted content; what the client
  // answers is checked as arguments are.
  "sampling/createMessage": "reads",
  "elicitation/create": "reads",
  "roots/list": "reads",
} as const;

export type McpMethodTool = keyof typeof mcpMethodTools;

export function isMcpMethodTool(name: string): name is McpMethodTool {
  return Object.hasOwn(mcpMethodTools, name);
}

/** Register name of a method that nobody labelled. */
export function mcpMethodName(server: string, method: McpMethodTool): string {
  return `${server}/${method}`;
}
