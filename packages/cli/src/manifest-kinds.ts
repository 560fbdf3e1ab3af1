import { kindOf } from "./kinds.ts";

/** API path segment of a manifest's `kind`: `AISystem` is `systems`, `McpServer` is `mcp-servers`. */
export function definitionPlural(kind: string): string {
  return kindOf(kind.replace(/([a-z])([A-Z])/g, "$1-$2"));
}
