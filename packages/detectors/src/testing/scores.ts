import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a detector under test found; offsets may be absent where a peer gives none. */
export interface Found {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export interface Score {
  readonly recall: number;
  readonly precision: number;
  readonly positives: number;
}

interface Labelled {
  readonly text: string;
  readonly spans: readonly { readonly type: string; readonly value: string; readonly start: number; readonly end: number }[];
}

const typeOf: Readonly<Record<string, string>> = {
  EMAIL_ADDRESS: "email",
  CREDIT_CARD: "credit_card",
  IBAN_CODE: "iban",
  US_SSN: "us_ssn",
  IP_ADDRESS: "ip_address",
  PHONE_NUMBER: "phone",
  PERSON: "person",
  ADDRESS: "address",
  STREET_ADDRESS: "address",
  DATE_TIME: "date",
};

/** A year or a weekday by itself names no day of anybody's life: it isn't sought, and is counted apart. */
const looseDate = /^(?:(?:19|20)\d\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day)$/i;

/** What a detector would call a labelled span; null: nothing it looks for. */
function soughtAs({ type, value }: Labelled["spans"][number]): string | null {
  const sought = typeOf[type] ?? null;
  return sought === "date" && looseDate.test(value) ? "year_or_weekday" : sought;
}

export const structuredTypes = ["email", "credit_card", "iban", "us_ssn", "ip_address", "phone"] as const;

function rows(corpora: string, file: string): readonly unknown[] {
  return readFileSync(join(corpora, file), "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

export function piiTexts(corpora: string): readonly string[] {
  return (rows(corpora, "pii/presidio-research.jsonl") as readonly Labelled[]).map(({ text }) => text);
}

/** Recall and precision of each type, and of the six structured ones together (`six`). A span counts where it overlaps. */
export function scorePii(corpora: string, find: (text: string) => readonly Found[]): Readonly<Record<string, Score>> {
  const tallies = new Map<string, { hit: number; all: number; right: number; found: number }>();
  const tallyOf = (type: string) => {
    const tally = tallies.get(type) ?? { hit: 0, all: 0, right: 0, found: 0 };
    tallies.set(type, tally);
    return tally;
  };
  const meet = (a: { start: number; end: number }, b: { start: number; end: number }): boolean => a.start < b.end && b.start < a.end;
  for (const { text, spans } of rows(corpora, "pii/presidio-research.jsonl") as readonly Labelled[]) {
    const found = find(text);
    for (const type of [...new Set(Object.values(typeOf)), "year_or_weekday"]) {
      const mine = found.filter((finding) => finding.type === type);
      const theirs = spans.filter((span) => soughtAs(span) === type);
      const group = structuredTypes.some((one) => one === type) ? [tallyOf(type), tallyOf("six")] : [tallyOf(type)];
      for (const tally of group) {
        tally.all += theirs.length;
        tally.found += mine.length;
        tally.hit += theirs.filter((span) => mine.some((finding) => meet(finding, span))).length;
        tally.right += mine.filter((finding) => theirs.some((span) => meet(finding, span))).length;
      }
    }
  }
  return Object.fromEntries([...tallies].map(([type, { hit, all, right, found }]) => [type, { recall: ratio(hit, all), precision: ratio(right, found), positives: all }]));
}

export function secretRows(corpora: string): readonly { readonly text: string; readonly label: number; readonly rule: string }[] {
  return rows(corpora, "secrets/secrets.jsonl") as readonly { readonly text: string; readonly label: number; readonly rule: string }[];
}

/** A row is found where anything is found in it. `ai` holds the keys of AI providers alone. */
export function scoreSecrets(corpora: string, finds: readonly boolean[]): { readonly all: Score; readonly ai: Score } {
  const labelled = secretRows(corpora);
  const score = (of: (rule: string) => boolean): Score => {
    const positives = labelled.filter(({ label, rule }) => label === 1 && of(rule)).length;
    const hits = labelled.filter(({ label, rule }, index) => label === 1 && of(rule) && finds[index]).length;
    const wrong = labelled.filter(({ label, rule }, index) => label === 0 && of(rule) && finds[index]).length;
    return { recall: ratio(hits, positives), precision: ratio(hits, hits + wrong), positives };
  };
  return { all: score(() => true), ai: score((rule) => /anthropic|openai|huggingface|bedrock|cohere|perplexity/.test(rule)) };
}

/** Shares of texts in which something is found, by where they stand. */
export function scoreInjection(corpora: string, finds: (text: string, channel: "user" | "retrieved") => boolean): Readonly<Record<string, { readonly share: number; readonly of: number; readonly wanted: "found" | "not found" }>> {
  const labelled = rows(corpora, "injection/injection.jsonl") as readonly { readonly text: string; readonly kind: string; readonly set: string; readonly label: number | null }[];
  const texts = (keep: (row: (typeof labelled)[number]) => boolean): readonly string[] => labelled.filter(keep).map(({ text }) => text);
  const mails = texts(({ kind }) => kind === "benign-email");
  const payloads = texts(({ kind }) => kind === "indirect-payload");
  const carriers = texts(({ label }) => label === null);
  // Before, behind, and in the middle of a mail.
  const planted = payloads.map((payload, index) => {
    const mail = mails[index % mails.length]!;
    const middle = mail.lastIndexOf(" ", Math.floor(mail.length / 2));
    return [`${mail}\n${payload}`, `${payload}\n${mail}`, `${mail.slice(0, middle)} ${payload} ${mail.slice(middle)}`][index % 3]!;
  });
  const share = (of: readonly string[], channel: "user" | "retrieved", wanted: "found" | "not found") => ({ share: ratio(of.filter((text) => finds(text, channel)).length, of.length), of: of.length, wanted });
  return {
    "retrieved: payload in a mail": share(planted, "retrieved", "found"),
    "retrieved: indirect, English": share(texts(({ kind, set }) => kind === "indirect" && !set.includes("multilingual")), "retrieved", "found"),
    "retrieved: indirect, other languages": share(texts(({ kind, set }) => kind === "indirect" && set.includes("multilingual")), "retrieved", "found"),
    "retrieved: mail as it is": share(mails, "retrieved", "not found"),
    "retrieved: whois record as it is": share(carriers.map((text) => text.replaceAll("{INJECTION_MARKER}", "")), "retrieved", "not found"),
    "user: the same payload, typed": share(payloads, "user", "not found"),
    "user: security question": share(texts(({ kind }) => kind === "benign-security-question"), "user", "not found"),
    "user: jailbreak": share(texts(({ kind }) => kind === "jailbreak"), "user", "found"),
    "user: asks for the system prompt": share(texts(({ kind }) => kind === "prompt-extraction"), "user", "found"),
    "user: direct, English": share(texts(({ kind, set }) => kind === "direct" && !set.includes("multilingual")), "user", "found"),
    "user: direct, other languages": share(texts(({ kind, set }) => kind === "direct" && set.includes("multilingual")), "user", "found"),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : part / whole;
}
