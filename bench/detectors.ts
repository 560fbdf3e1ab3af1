/**
 * Detectors: recall, precision and speed on labelled corpora (`MANDATE_CORPORA`), the peers in the same run.
 * Peers are installed into a folder of their own, which goes away again; `DETECTOR_PEERS=none` leaves them out.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detect, detectors } from "../packages/detectors/src/index.ts";
import { piiTexts, scoreInjection, scorePii, scoreSecrets, type Found, secretRows, structuredTypes } from "../packages/detectors/src/testing/scores.ts";

const corpora = process.env.MANDATE_CORPORA ?? "";
const peers = ["redact-pii@3.4.0", "openredaction@1.1.5", "@secretlint/core@13.0.7", "@secretlint/secretlint-rule-preset-recommend@13.0.7"];

const two = (value: number): string => (Number.isNaN(value) ? "   -" : value.toFixed(2).padStart(4));

/** Megabytes of text a second, the best of some rounds: other work on the machine only ever slows one. */
function speed(texts: readonly string[], work: (text: string) => unknown): number {
  const size = texts.reduce((sum, text) => sum + text.length, 0) / 1e6;
  let best = 0;
  const until = performance.now() + 3_000;
  for (let round = 0; round < 4 || performance.now() < until; round += 1) {
    const started = performance.now();
    for (const text of texts) work(text);
    best = Math.max(best, (size / (performance.now() - started)) * 1000);
  }
  return best;
}

function installPeers(): { readonly directory: string; readonly names: readonly string[] } | null {
  if (process.env.DETECTOR_PEERS === "none") return null;
  const directory = mkdtempSync(join(tmpdir(), "mandate-peers-"));
  writeFileSync(join(directory, "package.json"), '{ "private": true }');
  const names: string[] = [];
  for (const peer of peers) {
    try {
      execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", peer], { cwd: directory, stdio: "ignore", timeout: 180_000 });
      names.push(peer.replace(/@[^@]*$/, ""));
    } catch {
      console.log(`${peer}: the registry doesn't have it now, so it is not compared`);
    }
  }
  return { directory, names };
}

interface Redactor {
  redact(text: string): string;
}

/** Kinds that redact-pii masks, by the word it leaves in their place. */
const redactPiiWords: Readonly<Record<string, string>> = { EMAIL_ADDRESS: "email", CREDIT_CARD_NUMBER: "credit_card", US_SOCIAL_SECURITY_NUMBER: "us_ssn", IP_ADDRESS: "ip_address", PHONE_NUMBER: "phone" };

/** Spans out of a text with words in place of what was there: what stands between two kept pieces was masked. */
function spansOf(text: string, masked: string): readonly Found[] {
  const parts = masked.split(/(\b(?:EMAIL_ADDRESS|CREDIT_CARD_NUMBER|US_SOCIAL_SECURITY_NUMBER|IP_ADDRESS|PHONE_NUMBER|PERSON_NAME|STREET_ADDRESS|ZIPCODE|USERNAME|PASSWORD|CREDENTIALS|DIGITS|URL)\b)/);
  const found: Found[] = [];
  let at = 0;
  for (let index = 1; index < parts.length; index += 2) {
    const start = at + parts[index - 1]!.length;
    const next = parts[index + 1]!;
    const end = next === "" ? text.length : text.indexOf(next.slice(0, 12), start);
    if (end < 0) break;
    const type = redactPiiWords[parts[index]!];
    if (type !== undefined) found.push({ type, start, end });
    at = end;
  }
  return found;
}

const openTypes: readonly (readonly [pattern: RegExp, type: string])[] = [
  [/EMAIL/, "email"],
  [/CREDIT|CARD/, "credit_card"],
  [/IBAN/, "iban"],
  [/SSN/, "us_ssn"],
  [/IP/, "ip_address"],
  [/PHONE/, "phone"],
];

if (corpora === "" || !existsSync(join(corpora, "pii/presidio-research.jsonl"))) {
  console.log("MANDATE_CORPORA is not set: nothing to score.");
  process.exit(0);
}

const texts = piiTexts(corpora);
const six = { types: structuredTypes } as const;
const show = (name: string, scores: ReturnType<typeof scorePii>, types: readonly string[]): void => {
  console.log(`${name.padEnd(22)} ${types.map((type) => `${type} ${two(scores[type]?.recall ?? Number.NaN)}/${two(scores[type]?.precision ?? Number.NaN)}`).join("  ")}`);
};
console.log(`\nPersonal data, recall/precision on ${texts.length} texts (a span counts where it overlaps)`);
const mine = scorePii(corpora, (text) => detect(text, { classes: ["pii"] }));
show("mandate", mine, [...structuredTypes, "six"]);
show("mandate, in part", mine, ["person", "address", "date", "year_or_weekday"]);
const ownSpeed = speed(texts, (text) => detect(text, six));
console.log(`mandate: ${ownSpeed.toFixed(1)} MB/s for the six, ${speed(texts, (text) => detect(text, { classes: ["pii"] })).toFixed(1)} with people, addresses, dates and health, ${speed(texts, (text) => detect(text)).toFixed(1)} for everything`);

const secrets = secretRows(corpora);
const finds = secrets.map(({ text }) => detect(text, { classes: ["secret"] }).length > 0);
const own = scoreSecrets(corpora, finds);
const installed = installPeers();
let ratio = Number.NaN;
try {
  if (installed !== null) {
    const require = createRequire(join(installed.directory, "package.json"));
    if (installed.names.includes("redact-pii")) {
      const { SyncRedactor } = require("redact-pii") as { SyncRedactor: new () => Redactor };
      const redactor = new SyncRedactor();
      show("redact-pii", scorePii(corpora, (text) => spansOf(text, redactor.redact(text))), [...structuredTypes, "six"]);
      const theirs = speed(texts, (text) => redactor.redact(text));
      ratio = ownSpeed / theirs;
      console.log(`redact-pii: ${theirs.toFixed(1)} MB/s; mandate is ${ratio.toFixed(1)} times as fast (target 5)`);
    }
    if (installed.names.includes("openredaction")) {
      const { OpenRedaction } = require("openredaction") as { OpenRedaction: new () => { detect(text: string): unknown } };
      const redaction = new OpenRedaction();
      const all = new Map<string, readonly Found[]>();
      const started = performance.now();
      for (const text of texts) {
        const { detections } = (await redaction.detect(text)) as { detections: readonly { readonly type: string; readonly position: readonly [number, number] }[] };
        all.set(text, detections.map(({ type, position: [start, end] }) => ({ type: openTypes.find(([pattern]) => pattern.test(type))?.[1] ?? type, start, end })));
      }
      const seconds = (performance.now() - started) / 1000;
      show("openredaction", scorePii(corpora, (text) => all.get(text)!), [...structuredTypes, "six"]);
      console.log(`openredaction: ${(texts.join("").length / 1e6 / seconds).toFixed(2)} MB/s`);
    }
  }
  console.log(`\nSecrets, recall/precision on ${secrets.length} rows`);
  console.log(`${"mandate".padEnd(22)} all ${two(own.all.recall)}/${two(own.all.precision)}  keys of AI providers ${two(own.ai.recall)}/${two(own.ai.precision)} (${own.ai.positives})`);
  if (installed?.names.includes("@secretlint/secretlint-rule-preset-recommend") === true) {
    const require = createRequire(join(installed.directory, "package.json"));
    const { lintSource } = (await import(require.resolve("@secretlint/core"))) as { lintSource(options: unknown): Promise<{ messages: readonly unknown[] }> };
    const { creator } = (await import(require.resolve("@secretlint/secretlint-rule-preset-recommend"))) as { creator: unknown };
    const config = { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator, options: {} }] };
    const theirs: boolean[] = [];
    for (const { text } of secrets) {
      const source = { filePath: "a.txt", content: text, contentType: "text", ext: ".txt" };
      theirs.push((await lintSource({ source, options: { config } })).messages.length > 0);
    }
    const { all, ai } = scoreSecrets(corpora, theirs);
    console.log(`${"secretlint preset".padEnd(22)} all ${two(all.recall)}/${two(all.precision)}  keys of AI providers ${two(ai.recall)}/${two(ai.precision)}`);
  }
} finally {
  if (installed !== null) rmSync(installed.directory, { recursive: true, force: true });
}

console.log("\nInjection, share of texts in which a signal is found");
for (const [name, { share, of, wanted }] of Object.entries(scoreInjection(corpora, (text, channel) => detect(text, { classes: ["injection"], channel }).length > 0)))
  console.log(`${name.padEnd(38)} ${two(share)} of ${String(of).padStart(3)}  ${wanted === "found" ? "to find" : "to leave"}`);
console.log(`\nversions ${detectors.map(({ id, version }) => `${id} ${version}`).join(", ")}`);

const targets: readonly (readonly [what: string, target: number, value: number])[] = [
  ["six types, recall", 0.9, mine.six!.recall],
  ["six types, precision", 0.97, mine.six!.precision],
  ["six types, times redact-pii's speed", 5, ratio],
  ["phones, recall", 0.8, mine.phone!.recall],
  ["keys of AI providers, recall", 0.95, own.ai.recall],
  ["all secrets, recall", 0.6, own.all.recall],
  ["all secrets, precision", 0.9, own.all.precision],
];
console.log("\nTargets (bench/unseen.ts prints the same on what no rule was written on)");
for (const [what, target, value] of targets) console.log(`${what.padEnd(38)} target ${two(target)}  here ${two(value)}  ${value >= target ? "reached" : Number.isNaN(value) ? "not measured" : "MISSED"}`);
if (targets.some(([, target, value]) => value < target)) process.exitCode = 1;
