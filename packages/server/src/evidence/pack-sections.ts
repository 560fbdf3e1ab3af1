import type { Role } from "@mandate/model";

/**
 * The sections of an evidence pack and what each has to answer (frameworks, `evidence-pack.yaml`; a test holds them to it), with
 * whoever closes a gap that names nobody else. An item that nothing records says so: a gap shown is worth more than a page that looks full.
 */
export const packSections = [
  {
    id: "E01",
    title: "Scope and criteria",
    owner: "governance-lead",
    items: [
      "period and entities covered",
      "framework versions used",
      "statement of applicability with reason for each exclusion",
      "systems excluded and why",
    ],
  },
  {
    id: "E02",
    title: "Complete population",
    owner: "governance-lead",
    items: [
      "list of all AI systems at start and end with adds and retirements",
      "reconciliation of record against gateway traffic and discovery",
      "count of unattributed calls",
    ],
  },
  {
    id: "E03",
    title: "Accountability",
    owner: "governance-lead",
    items: [
      "owners over time",
      "approval authority matrix",
      "training records of owners and overseers",
      "segregation of duties check",
    ],
  },
  {
    id: "E04",
    title: "Classification",
    owner: "governance-lead",
    items: [
      "tier record with inputs rule and reason",
      "Article 6(3) assessments",
      "prohibited-practice screening",
      "changes of tier",
    ],
  },
  {
    id: "E05",
    title: "Risk and impact",
    owner: "business-owner",
    items: [
      "risk register with treatment and residual risk",
      "impact assessments",
      "acceptance by named person with expiry",
    ],
  },
  {
    id: "E06",
    title: "Technical documentation per system",
    owner: "technical-owner",
    items: [
      "Annex IV outline filled from the record with gaps marked",
      "model cards",
      "ML-BOM",
      "data lineage",
      "change history by version hash",
    ],
  },
  {
    id: "E07",
    title: "Release and change",
    owner: "technical-owner",
    items: [
      "every production version with gate evidence and test results",
      "pilots with end dates",
      "reassessments and their triggers",
      "policy versions with tests",
    ],
  },
  {
    id: "E08",
    title: "Runtime enforcement",
    owner: "security-reviewer",
    items: [
      "decision counts by outcome and policy version",
      "calls without decision",
      "fail-closed tests",
      "stop drills",
      "sample of 25 or more decisions with full trace",
    ],
  },
  {
    id: "E09",
    title: "Human oversight",
    owner: "governance-lead",
    items: [
      "approvals bound to arguments",
      "overrides",
      "latency and approval-rate outliers",
      "exceptions with use and expiry",
    ],
  },
  {
    id: "E10",
    title: "Data boundary",
    owner: "legal-reviewer",
    items: [
      "flow map with region and class",
      "blocked and redacted events",
      "legal reviews",
      "retention and deletion receipts",
    ],
  },
  {
    id: "E11",
    title: "Identity",
    owner: "technical-owner",
    items: [
      "credential inventory without values",
      "age at use",
      "revocation timing",
      "scope used against granted",
      "shared use",
    ],
  },
  {
    id: "E12",
    title: "Third parties",
    owner: "business-owner",
    items: ["vendor reviews and contracts", "logging gaps accepted", "model or region changes seen", "exit plans"],
  },
  {
    id: "E13",
    title: "Incidents",
    owner: "governance-lead",
    items: ["incident list with deadlines and reports", "near misses", "root cause and corrective action"],
  },
  {
    id: "E14",
    title: "Monitoring and improvement",
    owner: "governance-lead",
    items: [
      "control test history with stale and failed runs",
      "findings and overdue actions",
      "management review inputs",
    ],
  },
  {
    id: "E15",
    title: "Integrity of the evidence itself",
    owner: "security-reviewer",
    items: [
      "log root and signed checkpoints",
      "external anchors",
      "inclusion and consistency proofs for each cited event",
      "verifier with instructions",
      "mutation test result",
      "access log of the evidence",
      "clock source",
    ],
  },
  {
    id: "E16",
    title: "Manifest",
    owner: "administrator",
    items: [
      "file list with hashes and media types",
      "schema name and version of each file",
      "validation result",
      "signature over the manifest",
      "redaction log",
      "tool version",
    ],
  },
] as const satisfies readonly { readonly id: string; readonly title: string; readonly owner: Role; readonly items: readonly string[] }[];

export type SectionId = (typeof packSections)[number]["id"];

/** What a section's item is answered with; the key is the item's text above. */
export type SectionAnswers = Readonly<Partial<Record<SectionId, Readonly<Record<string, unknown>>>>>;

/** Items of several slices, side by side in their sections; an item that two answer holds what both say, and the gaps of both. */
export function mergeAnswers(all: readonly SectionAnswers[]): SectionAnswers {
  const merged: Partial<Record<SectionId, Record<string, unknown>>> = {};
  for (const { id } of packSections) {
    const items: Record<string, unknown> = (merged[id] = {});
    for (const answers of all) for (const [item, answer] of Object.entries(answers[id] ?? {})) items[item] = item in items ? both(items[item], answer) : answer;
  }
  return merged;
}

function both(one: unknown, other: unknown): unknown {
  if (typeof one !== "object" || one === null || typeof other !== "object" || other === null) return other;
  return { ...one, ...other, gaps: [...gapsOf(one), ...gapsOf(other)] };
}

/** What an answer says of itself that it lacks. */
export function gapsOf(answer: unknown): readonly string[] {
  if (typeof answer !== "object" || answer === null || !("gaps" in answer) || !Array.isArray(answer.gaps)) return [];
  return answer.gaps.filter((gap: unknown): gap is string => typeof gap === "string");
}

/** `sections/E01.json` and on. */
export function sectionFiles(answers: SectionAnswers): { path: string; bytes: Uint8Array; mediaType: string }[] {
  return packSections.map(({ id, title, owner, items }) => {
    const answered = answers[id] ?? {};
    const missing = (item: string): string => `${item}: not recorded: owner ${owner.replaceAll("-", " ")}.`;
    const body = {
      schema: "mandate.section/1",
      id,
      title,
      gaps: items.flatMap((item) => (item in answered ? gapsOf(answered[item]).map((gap) => `${item}: ${gap}`) : [missing(item)])),
      // Whoever closes a gap that names nobody else.
      owner,
      items: items.map((item) =>
        item in answered
          ? { item, status: gapsOf(answered[item]).length > 0 ? "answered with gaps" : "answered", data: answered[item] }
          : { item, status: "not recorded", note: missing(item) },
      ),
    };
    return { path: `sections/${id}.json`, bytes: Buffer.from(`${JSON.stringify(body, null, 2)}\n`), mediaType: "application/json" };
  });
}
