import type { OfferedTool, ToolPin, ToolRefusal } from "../registry/index.ts";
import { hiddenIn } from "./hidden-characters.ts";
import type { Hidden } from "./hidden-characters.ts";

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
  /** Somebody refused exactly the definition that is offered. */
  readonly refused: { readonly by: string; readonly at: string; readonly reason: string } | null;
  /** What a reader doesn't see in the definition that is offered. */
  readonly hidden: Hidden;
}

const maxDiffs = 200;

/** Old against new, member by member: what a person must read before accepting a definition. */
export function compareOffer(pins: readonly ToolPin[], offered: readonly OfferedTool[] | null, refusals: readonly ToolRefusal[] = []): readonly ComparedTool[] {
  const pinned = new Map(pins.map((pin) => [pin.tool, { hash: pin.pinnedHash, definition: pin.definition }]));
  // Nobody looked since: what is pinned is what was offered then.
  const live = offered === null ? pinned : new Map(offered.map(({ tool, hash, definition }) => [tool, { hash, definition }]));
  return [...new Set([...pinned.keys(), ...live.keys()])].toSorted().map((tool): ComparedTool => {
    const [was, is] = [pinned.get(tool) ?? null, live.get(tool) ?? null];
    const state = was === null ? "new" : is === null ? "gone" : was.hash === is.hash ? "pinned" : "changed";
    const diff: MemberDiff[] = [];
    if (state === "changed" || state === "new") collect(was?.definition, is?.definition, "", diff);
    const refusal = refusals.find((one) => one.tool === tool && one.hash === is?.hash);
    return { tool, state, pinned: was, offered: is, diff, refused: refusal === undefined ? null : { by: refusal.by, at: refusal.at.toISOString(), reason: refusal.reason }, hidden: hiddenIn(is?.definition ?? {}) };
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
