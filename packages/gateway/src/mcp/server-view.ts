import { isMcpMethodTool, type McpMethodTool, type McpServerFacts, mcpMethodName, type SystemFacts, type ToolFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";

/** One server with its tools, by each name the server itself has for them. */
export interface ServerView {
  readonly server: McpServerFacts;
  readonly tools: ReadonlyMap<string, ToolFacts>;
  readonly methods: ReadonlyMap<McpMethodTool, ToolFacts>;
}

const views = new WeakMap<Compiled, ReadonlyMap<string, ServerView>>();

export function serversOf(compiled: Compiled): ReadonlyMap<string, ServerView> {
  let found = views.get(compiled);
  if (found === undefined) {
    found = new Map(compiled.snapshot.facts.mcpServers.map((server) => [server.name, viewOf(compiled, server)]));
    views.set(compiled, found);
  }
  return found;
}

function viewOf(compiled: Compiled, server: McpServerFacts): ServerView {
  const tools = new Map<string, ToolFacts>();
  const methods = new Map<McpMethodTool, ToolFacts>();
  const ambiguous = new Set<string>();
  for (const tool of compiled.snapshot.facts.tools) {
    if (tool.server !== server.name) continue;
    const method = tool.names.find(isMcpMethodTool) ?? tool.name.slice(server.name.length + 1);
    if (isMcpMethodTool(method) && (tool.names.includes(method) || tool.name === mcpMethodName(server.name, method))) {
      methods.set(method, tool);
      continue;
    }
    // What the server calls it: the pinned definition says, where there is one.
    const pinned = tool.definition?.name;
    for (const name of typeof pinned === "string" ? [pinned] : new Set([...tool.names, tool.name])) {
      if (tools.has(name)) ambiguous.add(name);
      tools.set(name, tool);
    }
  }
  // A name that two entries answer to could be either: it is left out, and its calls are refused as unknown.
  for (const name of ambiguous) tools.delete(name);
  return { server, tools, methods };
}

export function isGranted(system: SystemFacts, tool: ToolFacts | undefined): tool is ToolFacts {
  return tool !== undefined && system.grants.tools.includes(tool.name);
}

/** Anything at all of this server: without that, a system doesn't learn that it exists. */
export function reaches(system: SystemFacts, view: ServerView): boolean {
  return isUnpinned(system, view) || [...view.tools.values(), ...view.methods.values()].some((tool) => isGranted(system, tool));
}

/** Granted whole by a wildcard, but the server was away when that was applied: nobody has seen what it offers. */
export function isUnpinned(system: SystemFacts, { server }: ServerView): boolean {
  return system.unpinnedServers?.includes(server.name) === true;
}

/** Granted tools with a pinned definition, by the server's name for them, in an order that doesn't change. */
export function listedTools(system: SystemFacts, view: ServerView): readonly { readonly name: string; readonly tool: ToolFacts; readonly definition: Readonly<Record<string, unknown>> }[] {
  return [...view.tools]
    .flatMap(([name, tool]) => (isGranted(system, tool) && tool.definition?.name === name ? [{ name, tool, definition: tool.definition }] : []))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
