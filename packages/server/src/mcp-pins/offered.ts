import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import type { OfferedTool } from "../registry/index.ts";

/** What a model and a person see of a tool, and so what a pin covers. */
const pinnedMembers = ["name", "description", "inputSchema", "outputSchema", "annotations"] as const;

const maxTools = 500;

/** Pins of what `tools/list` answered; undefined when it isn't a list of tools. */
export function offeredTools(tools: unknown): readonly OfferedTool[] | undefined {
  if (!Array.isArray(tools) || tools.length > maxTools) return undefined;
  const offered: OfferedTool[] = [];
  for (const tool of tools as unknown[]) {
    if (typeof tool !== "object" || tool === null || !("name" in tool) || typeof tool.name !== "string" || tool.name.length === 0 || tool.name.length > 128) return undefined;
    const definition = Object.fromEntries(pinnedMembers.filter((member) => member in tool).map((member) => [member, (tool as Record<string, unknown>)[member]]));
    offered.push({ tool: tool.name, hash: createHash("sha256").update(canonicalBytes(definition)).digest("hex"), definition });
  }
  // Two tools of one name: which one was approved would be a matter of opinion.
  return new Set(offered.map((one) => one.tool)).size === offered.length ? offered : undefined;
}
