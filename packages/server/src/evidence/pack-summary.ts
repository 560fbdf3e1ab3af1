import { utf8 } from "@mandate/ledger";
import { trustLine } from "./pack-readme.ts";
import type { PackAbout } from "./pack-readme.ts";
import { gapsOf, packSections } from "./pack-sections.ts";
import type { SectionAnswers } from "./pack-sections.ts";

interface Line {
  readonly text: string;
  readonly style: "title" | "heading" | "body";
}

const sizes = { title: 20, heading: 12, body: 9.5 } as const;
const body = (text: string): Line => ({ text, style: "body" });
const heading = (text: string): Line => ({ text, style: "heading" });

/** What somebody learns who opens nothing else: period, trust, population, counts, and every gap by name. */
export function summaryLines(about: PackAbout, answers: SectionAnswers): Line[] {
  const measured = packSections.map(({ id, title, items }) => ({ id, title, answered: items.filter((item) => item in (answers[id] ?? {})).length, gapped: items.filter((item) => gapsOf(answers[id]?.[item]).length > 0).length, items: items.length, missing: items.filter((item) => !(item in (answers[id] ?? {}))) }));
  const population = record(answers.E02?.["list of all AI systems at start and end with adds and retirements"]);
  const decisions = record(answers.E08?.["decision counts by outcome and policy version"]);
  return [
    { text: "Evidence pack", style: "title" },
    body(`Created ${about.created}`),
    body(`Period: ${about.since ?? "from the beginning"} to ${about.until ?? "the moment of creation"}`),
    ...wrap(`Systems: ${about.systems.length === 0 ? "all" : about.systems.join(", ")}`),
    heading(about.trust?.trust === "witnessed" ? "Trust: witnessed" : "Trust: self-attested"),
    ...(about.trust?.trust === "witnessed" ? wrap(`${trustLine(about.trust)}. The quorum stands in policy.tlog; take the witnesses' keys from somewhere other than this pack.`) : wrap("No outside witness signed these logs. Whoever holds the installation's keys could have written another history from the start; compare with a checkpoint of your own. Check the files with: mandate evidence verify PACK")),
    heading("Population"),
    body(`AI systems on record: ${countOf(population["atStart"])} at the start, ${countOf(population["atEnd"])} at the end of the period`),
    ...about.logs.map((log) => body(`Log ${log.name}: ${log.entries} entries of ${log.vkey.split("+")[0] ?? ""}`)),
    body(`Payloads: ${about.payloads}, ${about.disclosed ? "with the keys that open them" : "sealed"}`),
    heading("Decisions"),
    body(`Population: ${typeof decisions["population"] === "number" ? decisions["population"] : "not measured"}`),
    ...outcomes(decisions["counts"]).map(([words, count]) => body(`${words}: ${count}`)),
    heading("Sections: items answered"),
    ...measured.map((one) => body(`${one.id}  ${one.title}: ${one.answered} of ${one.items}${one.gapped === 0 ? "" : `, ${one.gapped} of them with gaps`}`)),
    heading("Gaps: not measured by this installation"),
    ...measured.filter((one) => one.missing.length > 0).flatMap((one) => wrap(`${one.id}  ${one.missing.join("; ")}`)),
    ...wrap("Answered items with gaps: each file in sections/ names the gaps first."),
  ];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function countOf(value: unknown): string {
  const { count } = record(value);
  return typeof count === "number" ? String(count) : "not measured";
}

/** Policy versions added up: the page has room for outcomes and codes. */
function outcomes(rows: unknown): [string, number][] {
  const sums = new Map<string, number>();
  for (const row of Array.isArray(rows) ? rows : []) {
    const { outcome, code, count } = record(row);
    const words = typeof code === "string" ? `${String(outcome)} (${code})` : String(outcome);
    sums.set(words, (sums.get(words) ?? 0) + Number(count));
  }
  return [...sums];
}

/** Lines that fit the page's width at body size, cut at spaces; what continues is indented. */
function wrap(text: string): Line[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length > 98) {
      lines.push(line);
      line = /^E\d\d /.test(text) ? "    " : "";
    }
    line += `${line.trim() === "" ? "" : " "}${word}`;
  }
  return [...lines, line].map(body);
}

/** PDF 1.4 with standard fonts, A4, as many pages as the lines need. */
export function summaryPdf(about: PackAbout, answers: SectionAnswers): Uint8Array {
  const pages = paginate(summaryLines(about, answers));
  const first = 6;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
    `<< /Type /Pages /Kids [${pages.map((_, at) => `${first + 2 * at} 0 R`).join(" ")}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    "<< /Title (Evidence pack) /Producer (Mandate) >>",
    ...pages.flatMap((page, at) => {
      const stream = `${page}\nBT /F1 8 Tf 56 30 Td (Page ${at + 1} of ${pages.length}. The proof is in the other files: see README.md.) Tj ET`;
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${first + 2 * at + 1} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>`,
        `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
      ];
    }),
  ];
  let document = "%PDF-1.4\n";
  const offsets = objects.map((object, at) => {
    const offset = document.length;
    document += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = document.length;
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  document += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return utf8(document);
}

function paginate(lines: readonly Line[]): string[] {
  const pages: string[][] = [[]];
  let y = 790;
  for (const { text, style } of lines) {
    y -= style === "heading" ? 26 : style === "title" ? 0 : 14;
    if (y < 56) {
      pages.push([]);
      y = 780;
    }
    pages.at(-1)!.push(`BT /${style === "body" ? "F1" : "F2"} ${sizes[style]} Tf 56 ${y} Td (${escapeText(text)}) Tj ET`);
    y -= style === "body" ? 0 : 4;
  }
  return pages.map((page) => page.join("\n"));
}

/** ASCII alone: every byte offset above is then a character offset. */
function escapeText(line: string): string {
  return line.slice(0, 120).replace(/[^\x20-\x7e]/g, "?").replace(/[\\()]/g, "\\$&");
}
