import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import { isMembers } from "../surfaces/fields.ts";

/** A tool as its server offers it: name, canonical hash and the definition that hash covers. */
export interface OfferedTool {
  /** The server's own name for it. */
  readonly tool: string;
  /** Hex SHA-256 of the definition's RFC 8785 form. */
  readonly hash: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** What a model and a person see of a tool. Whatever else a definition holds is neither pinned nor passed on. */
const pinnedMembers = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] as const;

export const maxOfferedTools = 500;

/** Definitions of what `tools/list` answered; undefined when it isn't a list of tools that can be told apart. */
export function offeredTools(tools: unknown): readonly OfferedTool[] | undefined {
  if (!Array.isArray(tools) || tools.length > maxOfferedTools) return undefined;
  const offered: OfferedTool[] = [];
  const seen = new Set<string>();
  for (const tool of tools as unknown[]) {
    if (!isMembers(tool) || typeof tool.name !== "string" || !isToolName(tool.name)) return undefined;
    // Two tools of one name: which one was approved would be a matter of opinion.
    if (seen.has(tool.name)) return undefined;
    seen.add(tool.name);
    const definition = Object.fromEntries(pinnedMembers.filter((member) => Object.hasOwn(tool, member)).map((member) => [member, tool[member]]));
    let bytes: Uint8Array;
    try {
      bytes = canonicalBytes(definition);
    } catch {
      return undefined;
    }
    offered.push({ tool: tool.name, hash: createHash("sha256").update(bytes).digest("hex"), definition });
  }
  return offered;
}

/**
 * A tool's name in printable ASCII, as SEP-986 has it. A look-alike letter, a direction mark or a zero-width space would
 * show a person one name and run another.
 */
export function isToolName(name: string): boolean {
  return name.length <= 128 && /^[A-Za-z0-9_][\w./:-]*$/.test(name);
}
