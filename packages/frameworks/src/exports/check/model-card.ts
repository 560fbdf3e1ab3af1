import { cardHash, cardSections } from "../model-card.ts";
import { checkCounts, checkManifest, checkWords, hex256, statedCounts } from "./common.ts";
import { at, isObject } from "./problems.ts";
import type { Json, Problems } from "./problems.ts";

/** A model card: its manifest in front, its text behind. Places in the text are lines. */
export function checkModelCard(file: string, problems: Problems): void {
  const end = file.indexOf("\n---\n", 4);
  if (!file.startsWith("---\n") || end < 0) return problems.add("manifest.missing", "line 1", "doesn't begin with its manifest between lines of ---");
  let front: Json;
  try {
    front = JSON.parse(file.slice(4, end)) as Json;
  } catch {
    return problems.add("manifest.missing", "line 2", "its manifest isn't JSON");
  }
  if (!isObject(front)) return problems.add("manifest.missing", "line 2", "its manifest isn't an object");
  const body = file.slice(end + 5);
  const firstLine = file.slice(0, end + 5).split("\n").length;
  const lines = body.split("\n");
  const lineOf = (index: number): string => `line ${firstLine + index}`;
  checkManifest(front, "model-card", "front matter", problems);
  const actual = cardHash(front, body);
  if (front["contentSha256"] !== actual) problems.add("hash.differs", "front matter/contentSha256", `the card has ${actual}`);
  if (!hex256.test(String(front["versionDigest"])) || !body.includes(`digest ${String(front["versionDigest"])}`)) problems.add("hash.invalid", "front matter/versionDigest", "isn't the digest of the version that the text is about");
  const scope = at(front, "systems");
  if (!Array.isArray(scope) || scope.length !== 1 || scope[0] !== front["system"]) problems.add("reference.unresolved", "front matter/system", "isn't the one system that was exported");
  const headings = lines.flatMap((line, index) => (line.startsWith("## ") ? [[line.slice(3), index] as const] : []));
  for (const [index, title] of cardSections.entries()) if (headings[index]?.[0] !== title) problems.add("section.missing", lineOf(headings[index]?.[1] ?? lines.length - 1), `the section "${title}" isn't where it belongs`);
  const rows = lines.flatMap((line, index) => (/^\| (?:model|tool|dataset|prompt|destination|agent) \|/.test(line) ? [[line, index] as const] : []));
  for (const [row, index] of rows) if (!/\| [0-9a-f]{64} \|$/.test(row)) problems.add("hash.invalid", lineOf(index), "states no SHA-256 of its entry");
  const open = section(lines, "What is open").filter((line) => /^- (?:low|medium|high|critical): /.test(line)).length;
  checkCounts(statedCounts(at(front, "counts"), "front matter/counts"), { parts: rows.length, findings: open, measured: Number(at(front, "counts", "measured")) }, "front matter/counts", problems);
  checkMeasured(lines, lineOf, Number(at(front, "counts", "measured")), problems);
  for (const [index, line] of lines.entries()) checkWords([line], problems, `${lineOf(index)} `);
}

function section(lines: readonly string[], title: string): readonly string[] {
  const start = lines.indexOf(`## ${title}`);
  const end = lines.findIndex((line, index) => index > start && line.startsWith("## "));
  return start < 0 ? [] : lines.slice(start + 1, end < 0 ? undefined : end);
}

const tally = /^Of (\d+) controls: (\d+) pass, (\d+) fail, (\d+) too old to say, (\d+) don't apply, (\d+) unproven\.$/;

/** The outcomes add up, and no more of them are known than were measured. */
function checkMeasured(lines: readonly string[], lineOf: (index: number) => string, measured: number, problems: Problems): void {
  const index = lines.findIndex((line) => tally.test(line));
  const numbers = (tally.exec(lines[index] ?? "") ?? []).slice(1).map(Number);
  if (numbers.length !== 6) return problems.add("count.missing", lineOf(Math.max(0, lines.indexOf("## What was measured"))), "doesn't say what the controls measured");
  const [all = 0, pass = 0, fail = 0, stale = 0, none = 0, unproven = 0] = numbers;
  if (pass + fail + stale + none + unproven !== all || pass + fail + stale + none > measured) problems.add("count.differs", lineOf(index), "the outcomes don't add up to what was measured");
  const shown = section(lines, "What was measured").filter((line) => /^- [A-Z]{2,4}-\d{2} (?:fail|stale): /.test(line)).length;
  if (shown !== fail + stale) problems.add("count.differs", lineOf(index), `counts ${fail + stale} gaps and lists ${shown}`);
}
