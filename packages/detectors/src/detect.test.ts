import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samples as creditCard } from "./credit-card/samples.ts";
import { detect, detectors, detectorVersions } from "./detect.ts";
import { samples as email } from "./email/samples.ts";
import { samples as iban } from "./iban/samples.ts";
import { samples as ipAddress } from "./ip-address/samples.ts";
import { samples as phone } from "./phone/samples.ts";
import { redact } from "./redact.ts";
import { samples as secrets } from "./secrets/samples.ts";
import type { Samples } from "./types.ts";
import { samples as usSsn } from "./us-ssn/samples.ts";

const all: Readonly<Record<string, Samples>> = { creditCard, email, iban, ipAddress, phone, secrets, usSsn };

describe.each(Object.entries(all))("%s", (_name, samples) => {
  it.each(samples.find)("finds $value whole", ({ text, value, type }) => {
    const found = detect(text).map((finding) => ({
      type: finding.type,
      value: text.slice(finding.start, finding.end),
    }));
    expect(found).toContainEqual({ type, value });
  });
  it.each(samples.ignore)("ignores %s", (text) => {
    expect(detect(text)).toEqual([]);
  });
});

describe("detectors together", () => {
  it("yield findings in order, without overlap and inside the text, for any text", () => {
    const spice = fc.constantFrom(
      "4111 1111 1111 1111",
      "a@b.io",
      "+49 30 901820",
      "sk-ant-",
      "::",
      "DE89",
      "1.1.1.1",
      " ",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(spice, fc.string())), (parts) => {
        const text = parts.join("");
        let end = 0;
        for (const finding of detect(text)) {
          expect(finding.start).toBeGreaterThanOrEqual(end);
          expect(finding.end).toBeGreaterThan(finding.start);
          end = finding.end;
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it("take time in proportion to hostile text", () => {
    const hostile = [
      "a".repeat(200_000),
      "a@".repeat(100_000),
      "1-".repeat(100_000),
      "1.".repeat(100_000),
      "a:".repeat(100_000),
      "secret".repeat(40_000),
      "DE89 ".repeat(40_000),
      "sk-ant-".repeat(30_000),
      "+1 ".repeat(70_000),
      "password=".repeat(25_000),
    ];
    for (const text of hostile) {
      const started = performance.now();
      detect(text);
      expect(performance.now() - started, text.slice(0, 10)).toBeLessThan(2000);
    }
  });

  it("state a version each", () => {
    expect(Object.keys(detectorVersions)).toEqual(detectors.map((detector) => detector.id));
  });
});

describe("redact", () => {
  it("masks the types asked for and nothing else", () => {
    expect(redact("card 4111 1111 1111 1111 of a@b.io", ["credit_card"]).text).toBe("card [CREDIT_CARD] of a@b.io");
  });
  it("says which types nobody looked for, so that no check passes by not running", () => {
    expect(redact("Jane", ["person", "email", "secret"]).undetectable).toEqual(["person"]);
  });
  it("leaves nothing of a masked type behind", () => {
    const text = secrets.find.map((sample) => sample.text).join("\n");
    expect(detect(redact(text, ["secret"]).text, ["secret"])).toEqual([]);
  });
});

const corpora = process.env.MANDATE_CORPORA;
describe.runIf(corpora !== undefined)("on the labelled corpora", () => {
  const lines = (file: string): readonly Record<string, unknown>[] =>
    readFileSync(join(corpora!, file), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("finds structured types with the stated recall and precision", () => {
    const types: Readonly<Record<string, string>> = {
      EMAIL_ADDRESS: "email",
      CREDIT_CARD: "credit_card",
      IBAN_CODE: "iban",
      US_SSN: "us_ssn",
      IP_ADDRESS: "ip_address",
      PHONE_NUMBER: "phone",
    };
    const score: Record<string, { hit: number; all: number; found: number }> = {};
    for (const { text, spans } of lines("pii/presidio-research.jsonl") as unknown as {
      text: string;
      spans: { type: string; start: number; end: number }[];
    }[]) {
      const expected = spans.flatMap((span) =>
        types[span.type] === undefined ? [] : [{ ...span, type: types[span.type]! }],
      );
      const found = detect(text, ["pii"]);
      for (const type of Object.values(types)) {
        const tally = (score[type] ??= { hit: 0, all: 0, found: 0 });
        const mine = found.filter((finding) => finding.type === type);
        const theirs = expected.filter((span) => span.type === type);
        tally.all += theirs.length;
        tally.found += mine.length;
        tally.hit += theirs.filter((span) =>
          mine.some((finding) => finding.start < span.end && span.start < finding.end),
        ).length;
      }
    }
    console.info(
      "pii, overlap:",
      Object.entries(score)
        .map(
          ([type, { hit, all: total, found }]) =>
            `${type} recall ${(hit / total).toFixed(2)} precision ${(hit / Math.max(1, found)).toFixed(2)} (${total})`,
        )
        .join("; "),
    );
    expect(score.email!.hit / score.email!.all).toBeGreaterThan(0.9);
  });

  it("finds secrets with the stated recall and precision", () => {
    let hit = 0;
    let positives = 0;
    let wrong = 0;
    for (const { text, label } of lines("secrets/secrets.jsonl") as unknown as { text: string; label: number }[]) {
      const found = detect(text, ["secret"]).length > 0;
      positives += label;
      if (found && label === 1) hit += 1;
      if (found && label === 0) wrong += 1;
    }
    console.info(
      `secrets: recall ${(hit / positives).toFixed(2)} precision ${(hit / (hit + wrong)).toFixed(2)} (${positives})`,
    );
    expect(hit).toBeGreaterThan(0);
  });
});
