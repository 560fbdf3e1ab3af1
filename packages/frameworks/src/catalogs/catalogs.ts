import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** One entry of a published framework: its id as published, its title or ours (`titleStatus` says which). */
export interface CatalogItem {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly summary: string | null;
  readonly parent: string | null;
  /** True for headings: they group what can be supported and aren't counted. */
  readonly heading: boolean;
  /** When it begins to apply, where the framework is law: dates are data. */
  readonly appliesFrom: string | null;
}

export interface Catalog {
  readonly key: string;
  readonly name: string;
  readonly short: string;
  readonly version: string;
  readonly publisher: string;
  readonly licence: string;
  readonly titleStatus: string;
  readonly items: readonly CatalogItem[];
  /** When parts of it begin to apply, in order; empty where it isn't law. */
  readonly dates: readonly CatalogDate[];
}

export interface CatalogDate {
  /** Day, `2026-08-02`. */
  readonly date: string;
  readonly what: string;
  readonly basis: string;
}

export interface Control {
  readonly id: string;
  readonly family: string;
  readonly statement: string;
  /** `query` over the record, or `runtime`: measured on decisions, calls, or by a probe. */
  readonly kind: "query" | "runtime";
  readonly measure: string;
  readonly appliesTo: string;
  readonly evidence: string;
  /** Item ids by framework. A mapping says that a passing control supports the item; whether the item is met is for people to say. */
  readonly supports: Readonly<Record<string, readonly string[]>>;
}

const files = [
  "nist-ai-rmf-1.0.yaml",
  "nist-ai-600-1.yaml",
  "nist-csf-2.0.yaml",
  "eu-ai-act-2024-1689.yaml",
  "owasp-agentic-2026.yaml",
  "owasp-nhi-2025.yaml",
  "owasp-llm-2025.yaml",
  "iso-42001-annex-a.yaml",
  "mitre-atlas.yaml",
] as const;

/** Kinds that only group others, by framework: what they hold is counted, they aren't. */
const headings: Readonly<Record<string, readonly string[]>> = {
  "nist-ai-rmf": ["function", "category"],
  "nist-ai-600-1": ["risk"],
  "nist-csf": ["function", "category"],
  "eu-ai-act": ["chapter", "annex"],
  "iso-42001": ["objective-area"],
  "mitre-atlas": ["tactic"],
};

interface CatalogFile {
  readonly framework: { readonly key: string; readonly name: string; readonly short: string; readonly version: unknown; readonly publisher: string; readonly licence: string; readonly title_status: string };
  readonly application_dates?: readonly { readonly date: unknown; readonly what: string; readonly basis: string }[];
  readonly entries: readonly { readonly id: unknown; readonly kind: string; readonly title: string; readonly summary?: string; readonly parent: string | null; readonly applies_from?: unknown }[];
}

export interface ControlFamily {
  readonly id: string;
  readonly title: string;
}

interface ControlFile {
  readonly families: readonly ControlFamily[];
  readonly controls: readonly { readonly id: string; readonly family: string; readonly statement: string; readonly test: { readonly kind: Control["kind"]; readonly measure: string }; readonly applies_to: unknown; readonly evidence: string; readonly supports: Readonly<Record<string, readonly string[]>> }[];
}

const read = (file: string): unknown => parse(readFileSync(new URL(`../../data/${file}`, import.meta.url), "utf8"));

let known: readonly Catalog[] | undefined;

/** Every framework, in the order in which pages show them. */
export function catalogs(): readonly Catalog[] {
  known ??= files.map((file): Catalog => {
    const { framework, entries, application_dates } = read(file) as CatalogFile;
    const grouping = headings[framework.key] ?? [];
    return {
      key: framework.key,
      name: framework.name,
      short: framework.short,
      version: String(framework.version),
      publisher: framework.publisher,
      licence: framework.licence,
      titleStatus: framework.title_status,
      dates: (application_dates ?? []).map(({ date, what, basis }) => ({ date: String(date), what, basis })).toSorted((a, b) => a.date.localeCompare(b.date)),
      items: entries.map((entry) => ({
        id: String(entry.id),
        kind: entry.kind,
        title: entry.title,
        summary: entry.summary ?? null,
        parent: entry.parent,
        heading: grouping.includes(entry.kind),
        appliesFrom: entry.applies_from === undefined ? null : String(entry.applies_from),
      })),
    };
  });
  return known;
}

let knownControls: readonly Control[] | undefined;

export function controls(): readonly Control[] {
  knownControls ??= (read("controls.yaml") as ControlFile).controls.map((one) => ({ id: one.id, family: one.family, statement: one.statement, kind: one.test.kind, measure: one.test.measure, appliesTo: String(one.applies_to), evidence: one.evidence, supports: one.supports }));
  return knownControls;
}

/** What controls are grouped by, in the order of the catalog. */
export function controlFamilies(): readonly ControlFamily[] {
  return (read("controls.yaml") as ControlFile).families.map(({ id, title }) => ({ id, title }));
}
