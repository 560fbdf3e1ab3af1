/**
 * Detectors on what no rule of ours was written on: the cases that two peers check themselves by. From checkouts of
 * github.com/microsoft/presidio (recognizers' unit tests) and github.com/gitleaks/gitleaks (rules' validation cases,
 * without those that the labelled corpora hold, where MANDATE_CORPORA names them).
 *
 *   node bench/unseen.ts --presidio DIR --gitleaks DIR [--misses]
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { detect } from "@mandate/detectors";
import type { FindingClass } from "@mandate/detectors";

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

interface Case {
  readonly group: string;
  readonly text: string;
  /** How many there are. */
  readonly expected: number;
}

/** `("text", 2, …` of parametrized tests; the number is how many the peer expects. */
function presidioCases(folder: string): Case[] {
  const types = { phone: "phone", email: "email", iban: "iban", credit_card: "credit_card", us_ssn: "us_ssn", ip: "ip_address", date: "date" };
  return Object.entries(types).flatMap(([file, group]) => {
    const source = readFileSync(join(folder, "presidio-analyzer/tests", `test_${file}_recognizer.py`), "utf8");
    return [...source.matchAll(/\(\s*"((?:[^"\\]|\\.)*)",\s*(\d+)\s*,/g)].map(([, text, expected]) => ({ group, text: JSON.parse(`"${text!.replaceAll("\\'", "'")}"`) as string, expected: Number(expected) }));
  });
}

/** String literals of a rule's `tps` (secrets) and `fps` (not), where they stand alone on a line. */
function gitleaksCases(folder: string, known: string): Case[] {
  const rules = join(folder, "cmd/generate/config/rules");
  return readdirSync(rules).filter((name) => name.endsWith(".go") && !name.endsWith("_test.go")).flatMap((name) => {
    let expected: number | null = null;
    return readFileSync(join(rules, name), "utf8").split("\n").flatMap((line) => {
      if (/\btps\b\s*:?=/.test(line)) expected = 1;
      else if (/\bfps\b\s*:?=/.test(line)) expected = 0;
      else if (/^\s*return/.test(line)) expected = null;
      const literal = /^\s*(?:`([^`]*)`|"((?:[^"\\]|\\.)*)")\s*,?\s*(?:\/\/.*)?$/.exec(line);
      if (literal === null || expected === null) return [];
      const text = literal[1] ?? unquoted(literal[2]!);
      const isKnown = known.includes(text) || known.includes(JSON.stringify(text).slice(1, -1));
      const group = /anthropic|openai|huggingface|cohere|perplexity|bedrock|elevenlabs|replicate|groq|mistral|deepseek/.test(name) ? "key of an AI provider" : "other secret";
      return text.length < 8 || isKnown ? [] : [{ group, text, expected }];
    });
  });
}

function unquoted(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

function score(name: string, cases: readonly Case[], wanted: FindingClass): void {
  const groups = new Map<string, { found: number; expected: number; wrong: number }>();
  for (const { group, text, expected } of cases) {
    const found = detect(text, { classes: [wanted], channel: "user" }).filter((one) => one.confidence >= 0.5 && (wanted === "secret" || one.type === group)).length;
    const counts = groups.get(group) ?? { found: 0, expected: 0, wrong: 0 };
    groups.set(group, counts);
    const had = wanted === "secret" ? Math.min(found, 1) : found;
    counts.found += Math.min(had, expected);
    counts.expected += expected;
    counts.wrong += Math.max(0, had - expected);
    if (process.argv.includes("--misses") && had !== expected) console.log(`  ${group} ${had} of ${expected}: ${JSON.stringify(text).slice(0, 120)}`);
  }
  const total = { found: 0, expected: 0, wrong: 0 };
  for (const [group, counts] of groups) {
    // Dates are no part of the six.
    if (group !== "date") for (const key of ["found", "expected", "wrong"] as const) total[key] += counts[key];
    if (groups.size > 1) print(group, counts);
  }
  print(name, total);
}

function print(name: string, { found, expected, wrong }: { found: number; expected: number; wrong: number }): void {
  console.log(`${name}: recall ${(found / expected).toFixed(2)} (${found} of ${expected}), precision ${(found / (found + wrong)).toFixed(2)} (${wrong} wrong)`);
}

const corpora = process.env["MANDATE_CORPORA"];
const known = corpora === undefined ? "" : readdirSync(join(corpora, "secrets")).filter((name) => name.endsWith(".jsonl")).map((name) => readFileSync(join(corpora, "secrets", name), "utf8")).join("\n");
const presidio = option("presidio");
const gitleaks = option("gitleaks");
if (presidio === undefined && gitleaks === undefined) {
  console.log("skipped: name a checkout, --presidio DIR or --gitleaks DIR");
  process.exit(0);
}
if (presidio !== undefined) score("six personal types", presidioCases(presidio), "pii");
if (gitleaks !== undefined) score("secrets", gitleaksCases(gitleaks, known), "secret");
