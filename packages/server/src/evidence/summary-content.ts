import { trustLine } from "./pack-readme.ts";
import type { PackAbout } from "./pack-readme.ts";
import { gapsOf, packSections } from "./pack-sections.ts";
import type { SectionAnswers } from "./pack-sections.ts";

/** How a figure or statement is marked: shape and word, never color alone. */
export type Mark = "allow" | "hold" | "deny" | "unknown";

export interface SummaryContent {
  /** The answer first. */
  readonly lead: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly trust: { readonly mark: Mark; readonly title: string; readonly text: string };
  /** What the pack does not show, a line a section. */
  readonly missing: readonly { readonly id: string; readonly title: string; readonly items: readonly string[] }[];
  /** What it answers only in part. */
  readonly partial: readonly { readonly id: string; readonly item: string; readonly gaps: readonly string[] }[];
  readonly outcomes: readonly { readonly mark: Mark; readonly words: string; readonly count: number; readonly share: number }[];
  readonly decisions: number | null;
  readonly sections: readonly { readonly id: string; readonly title: string; readonly answered: number; readonly withGaps: number; readonly items: number }[];
  readonly logs: readonly { readonly name: string; readonly origin: string; readonly entries: number }[];
}

const outcomeWords: Readonly<Record<string, readonly [Mark, string]>> = { allow: ["allow", "Allowed"], hold: ["hold", "Held for a person"], deny: ["deny", "Denied"] };

/** What somebody learns who opens nothing else: period, trust, population, counts, and every gap by name. */
export function summaryContent(about: PackAbout, answers: SectionAnswers): SummaryContent {
  const sections = packSections.map(({ id, title, items }) => {
    const answered = items.filter((item) => item in (answers[id] ?? {}));
    return { id, title, items, answered, gapped: answered.filter((item) => gapsOf(answers[id]?.[item]).length > 0), missing: items.filter((item) => !answered.includes(item)) };
  });
  const population = record(answers.E02?.["list of all AI systems at start and end with adds and retirements"]);
  const counted = record(answers.E08?.["decision counts by outcome and policy version"]);
  const decisions = typeof counted["population"] === "number" ? counted["population"] : null;
  const whole = sections.reduce((sum, one) => sum + one.items.length, 0);
  const answeredWhole = sections.reduce((sum, one) => sum + one.answered.length, 0);
  const gapped = sections.reduce((sum, one) => sum + one.gapped.length, 0);
  const isWitnessed = about.trust?.trust === "witnessed";
  return {
    lead: `${answeredWhole} of ${whole} questions are answered, ${gapped} of them with gaps; ${whole - answeredWhole} are not recorded by this installation.`,
    facts: [
      ["Period", `${about.since ?? "from the beginning"} to ${about.until ?? "the moment of creation"}`],
      ["Systems", about.systems.length === 0 ? "all" : about.systems.join(", ")],
      ["On record", `${countOf(population["atStart"])} AI systems at the start, ${countOf(population["atEnd"])} at the end of the period`],
      ["Payloads", `${about.payloads}, ${about.disclosed ? "with the keys that open them" : "sealed"}`],
      ["Created", about.created],
    ],
    trust: isWitnessed
      ? { mark: "allow", title: "Witnessed", text: `${trustLine(about.trust)}. The quorum stands in policy.tlog; take the witnesses' keys from somewhere other than this pack.` }
      : { mark: "unknown", title: "Self-attested", text: "No outside witness signed these logs. Whoever holds the installation's keys could have written another history from the start; compare with a checkpoint of your own." },
    missing: sections.filter((one) => one.missing.length > 0).map(({ id, title, missing }) => ({ id, title, items: missing })),
    partial: sections.flatMap(({ id, gapped: partly }) => partly.map((item) => ({ id, item, gaps: gapsOf(answers[id]?.[item]) }))),
    decisions,
    outcomes: outcomesOf(counted["counts"], decisions ?? 0),
    sections: sections.map((one) => ({ id: one.id, title: one.title, answered: one.answered.length, withGaps: one.gapped.length, items: one.items.length })),
    logs: about.logs.map((log) => ({ name: log.name, origin: log.vkey.split("+")[0] ?? "", entries: log.entries })),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function countOf(value: unknown): string {
  const { count } = record(value);
  return typeof count === "number" ? String(count) : "can't tell how many";
}

/** Policy versions added up: the page has room for outcomes and codes. */
function outcomesOf(rows: unknown, total: number): SummaryContent["outcomes"] {
  const sums = new Map<string, { mark: Mark; words: string; count: number }>();
  for (const row of Array.isArray(rows) ? rows : []) {
    const { outcome, code, count } = record(row);
    const [mark, word] = outcomeWords[String(outcome)] ?? (["unknown", String(outcome)] as const);
    const words = typeof code === "string" ? `${word}: ${code}` : word;
    const known = sums.get(words) ?? { mark, words, count: 0 };
    sums.set(words, { ...known, count: known.count + Number(count) });
  }
  return [...sums.values()].map((one) => ({ ...one, share: total === 0 ? 0 : one.count / total }));
}
