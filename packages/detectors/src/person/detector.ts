import type { Reading } from "../triggers.ts";
import type { Detector, Finding } from "../types.ts";
import { givenNames } from "./given-names.ts";

const part = "\\p{Lu}[\\p{Ll}\\p{M}]{1,20}(?:['’-]\\p{Lu}?[\\p{L}\\p{M}]{1,20}){0,2}";
const run = new RegExp(`${part}(?: (?:\\p{Lu}\\.|van|von|de|der|den|da|di|del|bin|al|${part})){0,3}(?![\\p{L}\\d_])`, "uy");
/** What introduces a name, whoever's it is. */
const introduced = new RegExp(
  `(?<![\\p{L}])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Herr|Frau|Monsieur|Madame|Signora?|Señora?|Sr|Sra)\\.? $` +
    `|(?:[Mm]y name is|[Mm]y name's|I am called|[Nn]ame(?: on (?:card|account))? ?:|[Dd]ear|[Ss]incerely,?|[Rr]egards,?|[Pp]atient:?|[Cc]ontact:?|[Cc]ustomer:?|[Cc]lient:?|[Aa]ttn:?|[Bb]eneficiary:?|[Cc]ardholder:?|signed by|on behalf of|\\b[Hh]i|[Hh]ello|calls? me|named (?:him|her))\\s{1,8}$`,
  "u",
);
const introChars = 24;
/** Capital words that start sentences or name days, months, places and things: never the whole of a name. */
const ordinary =
  /^(?:The|This|That|These|Those|There|Then|They|We|You|He|She|It|And|But|Or|If|In|On|At|To|From|For|Of|By|As|An|A|My|Your|His|Her|Our|Their|Is|Are|Was|Please|Thanks|Thank|Hello|Hi|Hey|Dear|What|When|Where|Who|Why|How|Can|Could|Would|Should|Will|May|Do|Does|Did|Not|No|Yes|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|Sir|Madam|All|Team|Customer|Customers|Support|Service|Bank|Inc|Ltd|GmbH|Street|Avenue|Road)$/;

export const person: Detector = {
  id: "person",
  version: "2.0.0",
  kind: "pii",
  types: ["person"],
  minDigits: 0,
  coverage: "partial",
  detect: (text, reading) => {
    const findings: Finding[] = [];
    let end = 0;
    for (const at of [...reading.at("given_name"), ...afterIntroductions(text, reading)].sort((a, b) => a - b)) {
      if (at < end) continue;
      const found = nameAt(text, firstWordOf(text, at, end));
      if (found === null) continue;
      findings.push(found);
      ({ end } = found);
    }
    return findings;
  },
};

/** Where a name would begin that an introducing word stands before. */
function afterIntroductions(text: string, reading: Reading): readonly number[] {
  return reading.at("introduced").flatMap((at) => {
    const gap = /^[\p{L}'’]{1,12}(?: on (?:card|account)| is| me| him| her)?[.:,]{0,2}\s{1,8}(?:(?:Mr|Mrs|Ms|Dr|Prof)\.?\s)?(?=\p{Lu})/u.exec(text.slice(at, at + 40));
    return gap === null ? [] : [at + gap[0].length];
  });
}

/** Back over capital words, as far as no sentence begins there: a known given name may stand second. */
function firstWordOf(text: string, at: number, from: number): number {
  const before = /(?<=[\p{L},:] )(?:\p{Lu}[\p{L}\p{M}'’-]{1,20} ){1,2}$/u.exec(text.slice(Math.max(from, at - 44), at));
  return before === null ? at : at - before[0].length;
}

function nameAt(text: string, at: number): Finding | null {
  if (at > 0 && /[\d_./@-]/.test(text[at - 1]!)) return null;
  run.lastIndex = at;
  const match = run.exec(text);
  if (match === null) return null;
  const parts = match[0].split(" ");
  let from = 0;
  // "Please" of "Please John Smith" opens the sentence, not the name.
  while (from < parts.length && ordinary.test(parts[from]!)) from += 1;
  while (parts.length > from && !/^\p{Lu}[\p{L}\p{M}'’-]+$/u.test(parts.at(-1)!)) parts.pop();
  if (from === parts.length) return null;
  const start = match.index + parts.slice(0, from).reduce((length, one) => length + one.length + 1, 0);
  const name = parts.slice(from).join(" ");
  const known = parts.slice(from).some((one) => givenNames.has(plain(one)));
  const said = introduced.test(text.slice(Math.max(0, start - introChars), start));
  if (!known && !said) return null;
  return { type: "person", class: "pii", start, end: start + name.length, confidence: said ? 0.78 : parts.length - from > 1 ? 0.75 : 0.6 };
}

/** Without marks and case: `Zoë` is `zoe`. */
function plain(word: string): string {
  return word.split(/['’-]/)[0]!.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
