import { matchesOf } from "../matches.ts";
import type { Detector, Finding } from "../types.ts";

/** Lines that only a program has. One may stand in prose about programs; several close together are code. */
const line =
  /^[ \t]{0,40}(?:(?:import|from|package|using|require|include|#include|#define)\b[^.!?\n]{1,120}(?:;|["'>]|\bimport\b[^\n]{1,80}|[\w.*]+)$|(?:export |public |private |protected |static |async |abstract |final |pub )*(?:function|def|class|interface|struct|enum|fn|func|impl|trait|namespace|const|let|var|void|int|float|double|String|bool|boolean)\s[^\n]{1,160}[{:;=(,]\s*$|(?:if|for|while|switch|catch|elif|else if)\s?\([^\n]{1,160}\)\s?\{?$|(?:return|throw|raise|yield|await)\b[^\n]{0,160};$|[\w.$[\]"']{1,60}\s?(?:=|\+=|:=)\s?[^\n]{1,160};$|[\w.$]{1,60}\([^\n]{0,160}\);$|(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE)\s[^\n]{3,160}|@\w{2,40}(?:\([^\n]{0,80}\))?$|#!\/[^\n]{3,60}$|(?:def|class)\s\w{1,60}[^\n]{0,120}:$|(?:elif|else|try|except|finally|with|for|while|if)\b[^\n]{0,120}:$)/gm;
/** Opening of a fenced block with a language's name. */
const fence = /^```[ \t]?(?:[a-z][a-z0-9+#.-]{0,15})[^\n]{0,40}$/gm;
/** Brackets that close alone are JSON as well: they end a program, and make none. */
const closing = /(?:\n[ \t]{0,40}[})\]]{1,4}[;,]?)*/y;
const minLines = 3;
const maxGapLines = 4;

export const sourceCode: Detector = {
  id: "source_code",
  version: "1.0.0",
  kind: "code",
  types: ["source_code"],
  minDigits: 0,
  coverage: "partial",
  detect: (text) => {
    if (!text.includes("\n")) return [];
    const lines: { readonly start: number; readonly end: number }[] = [];
    for (const match of matchesOf(text, line)) if (match[0] !== "") lines.push({ start: match.index, end: match.index + match[0].length });
    const fenced = text.includes("```") ? matchesOf(text, fence).map((match) => match.index) : [];
    const findings: Finding[] = [];
    let first = 0;
    for (let index = 1; index <= lines.length; index += 1) {
      const before = lines[index - 1]!;
      const next = lines[index];
      if (next !== undefined && linesBetween(text, before.end, next.start) <= maxGapLines) continue;
      const count = index - first;
      const { start } = lines[first]!;
      const inFence = fenced.some((at) => at < start && start - at < 200);
      if (count >= minLines || (inFence && count >= 1))
        findings.push({ type: "source_code", class: "code", start, end: endOf(text, before.end), confidence: inFence || count >= 6 ? 0.9 : 0.75 });
      first = index;
    }
    return findings;
  },
};

function endOf(text: string, end: number): number {
  closing.lastIndex = end;
  return closing.test(text) ? closing.lastIndex : end;
}

function linesBetween(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to && count <= maxGapLines; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
