import { readFileSync } from "node:fs";
import type { AuthorizationType, Tier } from "@mandate/model";
import { parse } from "yaml";
import type { OwnTierRules } from "../tiers/own-rules.ts";

type GrantedTier = Exclude<Tier, "X">;

/** One thing that must hold before an authorization, in words for whoever has to see to it. */
export interface GateItem {
  /** A control's id, an article, or a word of ours. */
  readonly id: string;
  readonly title: string;
  /** Role of who can meet it. */
  readonly who: string;
  readonly fix: string;
  /** Console path; `{name}` is the system. */
  readonly page: string;
}

interface GateFile {
  readonly pilot: readonly string[];
  readonly also: Readonly<Record<GrantedTier, readonly string[]>>;
  readonly items: Readonly<Record<string, Omit<GateItem, "id">>>;
}

const read = (name: string): unknown => parse(readFileSync(new URL(`../../data/${name}`, import.meta.url), "utf8"));
const file = read("gates.yaml") as GateFile;
const { before_production: before } = read("risk-tiers.yaml") as { before_production: Readonly<Record<GrantedTier, { gate: readonly string[] }>> };

export interface GateFlags {
  readonly flag: string;
  readonly adds: readonly string[];
}

/**
 * What a tier asks before an authorization, each id once: the catalog's list, what flags add, what the organization adds.
 * X: nothing could be enough, so there is no list; nobody grants it.
 */
export function gateItems(tier: Tier, type: AuthorizationType, flags: readonly GateFlags[], own?: OwnTierRules): readonly GateItem[] {
  if (tier === "X") return [];
  const set = new Set(flags.map((one) => one.flag));
  const ids = type === "pilot" ? file.pilot : [...listed(tier, set), ...flags.flatMap((one) => one.adds), ...(own?.parameters[tier]?.gates ?? [])];
  return [...new Set(ids)].map(gateItem);
}

/** An id that the catalog has no words for is an organization's own. */
export function gateItem(id: string): GateItem {
  const item = file.items[id];
  return item === undefined ? { id, title: `${id}, asked by your organization`, who: "governance-lead", page: "/documents", fix: `Register a current document of this system whose title starts with ${id}.` } : { id, ...item };
}

function listed(tier: GrantedTier, flags: ReadonlySet<string>): string[] {
  return [...before[tier].gate.flatMap((text) => expand(text, flags)), ...file.also[tier]];
}

/** The catalog's own shorthand: a lower tier's list, `… if FLAG`, and ids inside a phrase. */
function expand(text: string, flags: ReadonlySet<string>): string[] {
  if (/^T[0-3]$/.test(text)) return listed(text as GrantedTier, flags);
  const condition = / if (F-[A-Z0-9]+|provider)$/.exec(text);
  if (condition !== null && !flags.has(condition[1] === "provider" ? "F-PROVIDER" : condition[1]!)) return [];
  if (text.startsWith("Annex IV pack")) return ["ANX-IV"];
  return text.match(/\b(?:[A-Z]{2,5}-\d{2})\b/g) ?? [];
}
