import type { OfferedTool, ToolPin } from "../registry/index.ts";

export interface MemberDiff {
  /** `description`, `inputSchema.properties.to.type`. */
  readonly path: string;
  /** JSON text; null: not there. */
  readonly old: string | null;
  readonly new: string | null;
}

export interface ComparedTool {
  readonly tool: string;
  readonly state: "pinned" | "changed" | "gone" | "new";
  readonly pinned: { readonly hash: string; readonly definition: Readonly<Record<string, unknown>> } | null;
  readonly offered: { readonly hash: string; readonly definition: Readonly<Record<string, unknown>> } | null;
  readonly diff: readonly MemberDiff[];
}

const maxDiffs = 200;

/** Old against new, member by member: what a person must read before accepting a definition. */
export function compareOffer(pins: readonly ToolPin[], offered: readonly OfferedTool[] | null): readonly ComparedTool[] {
  const pinned = new Map(pins.map((pin) => [pin.tool, { hash: pin.pinnedHash, definition: pin.definition }]));
  // Nobody looked since: what is pinned is what was offered then.
  const live = offered === null ? pinned : new Map(offered.map(({ tool, hash, definition }) => [tool, { hash, definition }]));
  return [...new Set([...pinned.keys(), ...live.keys()])].toSorted().map((tool): ComparedTool => {
    const [was, is] = [pinned.get(tool) ?? null, live.get(tool) ?? null];
    const state = was === null ? "new" : is === null ? "gone" : was.hash === is.hash ? "pinned" : "changed";
    const diff: MemberDiff[] = [];
    if (state === "changed" || state === "new") collect(was?.definition, is?.definition, "", diff);
    return { tool, state, pinned: was, offered: is, diff };
  });
}

function collect(was: unknown, is: unknown, path: string, diff: MemberDiff[]): void {
  if (diff.length >= maxDiffs) return;
  if (isObject(was) && isObject(is)) {
    for (const name of [...new Set([...Object.keys(was), ...Object.keys(is)])].toSorted()) collect(was[name], is[name], path === "" ? name : `${path}.${name}`, diff);
    return;
  }
  const [old, now] = [textOf(was), textOf(is)];
  if (old !== now) diff.push({ path, old, new: now });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
