import { hostedPrefix, isHostedTool } from "@mandate/model";

/** What models and servers may call a tool (INTERFACE, Manifest). */
export function toolNames(tool: { readonly name: string; readonly spec: { readonly names?: readonly string[] | undefined } }): string[] {
  if (tool.spec.names) return [...new Set(tool.spec.names)].toSorted();
  const bare = isHostedTool(tool.name) ? tool.name.slice(hostedPrefix.length) : tool.name;
  // Providers accept [A-Za-z0-9_-] only.
  return [...new Set([bare, bare.replaceAll(/[./]/g, "_")])].toSorted();
}
