import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { detect } from "./detect.ts";
import type { Channel } from "./types.ts";

const corpora = process.env.MANDATE_CORPORA ?? "";
const present = corpora !== "" && existsSync(join(corpora, "pii/presidio-research.jsonl"));
if (!present) console.info("Detectors are not scored: MANDATE_CORPORA is not set, or holds no pii/presidio-research.jsonl.");

function lines(file: string): readonly unknown[] {
  return readFileSync(join(corpora, file), "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

interface Labelled {
  readonly text: string;
  readonly spans: readonly { readonly type: string; readonly start: number; readonly end: number }[];
}

const typeOf: Readonly<Record<string, string>> = {
  EMAIL_ADDRESS: "email",
  CREDIT_CARD: "credit_card",
  IBAN_CODE: "iban",
  US_SSN: "us_ssn",
  IP_ADDRESS: "ip_address",
  PHONE_NUMBER: "phone",
};

describe.runIf(present)("on the labelled corpora", () => {
  it("six structured types: recall at least 0.90 at precision 0.97, phones at least 0.80", () => {
    const score: Record<string, { hit: number; all: number; right: number; found: number }> = {};
    for (const { text, spans } of lines("pii/presidio-research.jsonl") as readonly Labelled[]) {
      const found = detect(text, { classes: ["pii"] });
      for (const type of Object.values(typeOf)) {
        const tally = (score[type] ??= { hit: 0, all: 0, right: 0, found: 0 });
        const mine = found.filter((finding) => finding.type === type);
        const theirs = spans.filter((span) => typeOf[span.type] === type);
        const meet = (a: { start: number; end: number }, b: { start: number; end: number }): boolean => a.start < b.end && b.start < a.end;
        tally.all += theirs.length;
        tally.found += mine.length;
        tally.hit += theirs.filter((span) => mine.some((finding) => meet(finding, span))).length;
        tally.right += mine.filter((finding) => theirs.some((span) => meet(finding, span))).length;
      }
    }
    const sum = (key: "hit" | "all" | "right" | "found"): number => Object.values(score).reduce((total, tally) => total + tally[key], 0);
    expect(sum("hit") / sum("all")).toBeGreaterThanOrEqual(0.9);
    expect(sum("right") / sum("found")).toBeGreaterThanOrEqual(0.97);
    expect(score.phone!.hit / score.phone!.all).toBeGreaterThanOrEqual(0.8);
  });

  it("secrets: recall at least 0.60 at precision 0.90; keys of AI providers at least 0.95", () => {
    const rows = lines("secrets/secrets.jsonl") as readonly { readonly text: string; readonly label: number; readonly rule: string }[];
    const found = rows.map(({ text }) => detect(text, { classes: ["secret"] }).length > 0);
    const hits = rows.filter(({ label }, index) => label === 1 && found[index]).length;
    const wrong = rows.filter(({ label }, index) => label === 0 && found[index]).length;
    expect(hits / rows.filter(({ label }) => label === 1).length).toBeGreaterThanOrEqual(0.6);
    expect(hits / (hits + wrong)).toBeGreaterThanOrEqual(0.9);
    const providers = rows.flatMap(({ rule, label }, index) => (label === 1 && /anthropic|openai|huggingface|bedrock/.test(rule) ? [found[index]!] : []));
    expect(providers.filter(Boolean).length / providers.length).toBeGreaterThanOrEqual(0.95);
  });

  it("injection: planted instructions are found in retrieved text and none where a user typed the same", () => {
    const rows = lines("injection/injection.jsonl") as readonly { readonly text: string; readonly kind: string }[];
    const finds = (text: string, channel: Channel): boolean => detect(text, { classes: ["injection"], channel }).length > 0;
    const share = (texts: readonly string[], channel: Channel): number => texts.filter((text) => finds(text, channel)).length / texts.length;
    const of = (kind: string): readonly string[] => rows.flatMap((row) => (row.kind === kind ? [row.text] : []));
    const mails = of("benign-email");
    const planted = of("indirect-payload").map((payload, index) => `${mails[index % mails.length]!}\n${payload}`);
    expect(share(planted, "retrieved")).toBeGreaterThanOrEqual(0.7);
    expect(share(mails, "retrieved")).toBeLessThanOrEqual(0.05);
    expect(share(of("indirect-payload"), "user")).toBeLessThanOrEqual(0.02);
    expect(share(of("jailbreak"), "user")).toBeGreaterThanOrEqual(0.65);
    expect(share(of("benign-security-question"), "user")).toBeLessThanOrEqual(0.02);
  });
});
