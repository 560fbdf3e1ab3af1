import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { detect } from "./detect.ts";
import { scoreInjection, scorePii, scoreSecrets, secretRows } from "./testing/scores.ts";

const corpora = process.env.MANDATE_CORPORA ?? "";
const present = corpora !== "" && existsSync(join(corpora, "pii/presidio-research.jsonl"));
if (!present) console.info("Detectors are not scored: MANDATE_CORPORA is not set, or holds no pii/presidio-research.jsonl.");

describe.runIf(present)("on the labelled corpora", () => {
  it("six structured types: recall at least 0.90 at precision 0.97, phones at least 0.80", () => {
    const { six, phone } = scorePii(corpora, (text) => detect(text, { classes: ["pii"] }));
    expect(six!.recall).toBeGreaterThanOrEqual(0.9);
    expect(six!.precision).toBeGreaterThanOrEqual(0.97);
    expect(phone!.recall).toBeGreaterThanOrEqual(0.8);
  });

  it("secrets: recall at least 0.60 at precision 0.90; keys of AI providers at least 0.95", () => {
    const finds = secretRows(corpora).map(({ text }) => detect(text, { classes: ["secret"] }).length > 0);
    const { all, ai } = scoreSecrets(corpora, finds);
    expect(all.recall).toBeGreaterThanOrEqual(0.6);
    expect(all.precision).toBeGreaterThanOrEqual(0.9);
    expect(ai.recall).toBeGreaterThanOrEqual(0.95);
  });

  it("injection: planted instructions are found in retrieved text and none where a user typed the same", () => {
    const scores = scoreInjection(corpora, (text, channel) => detect(text, { classes: ["injection"], channel }).length > 0);
    expect(scores["retrieved: payload in a mail"]!.share).toBeGreaterThanOrEqual(0.7);
    expect(scores["retrieved: mail as it is"]!.share).toBeLessThanOrEqual(0.05);
    expect(scores["user: the same payload, typed"]!.share).toBeLessThanOrEqual(0.02);
    expect(scores["user: jailbreak"]!.share).toBeGreaterThanOrEqual(0.65);
    expect(scores["user: security question"]!.share).toBeLessThanOrEqual(0.02);
  });
});
