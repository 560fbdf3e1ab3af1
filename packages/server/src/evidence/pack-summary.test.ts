import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { printable } from "./pdf-page.ts";
import { summaryContent } from "./summary-content.ts";
import { summaryPdf } from "./pack-summary.ts";

const about = { created: "2026-01-01T00:00:00.000Z", since: null, until: null, systems: ["a)b\\"], logs: [{ name: "1", vkey: "localhost/acme/gw/1+aa+bb", entries: 3 }], payloads: 0, disclosed: false };
const counts = [{ outcome: "allow", code: null, policy: "a", count: 90 }, { outcome: "allow", code: null, policy: "b", count: 5 }, { outcome: "deny", code: "budget", policy: "b", count: 5 }];
const answers = { E08: { "decision counts by outcome and policy version": { gaps: ["One log is silent."], population: 100, counts } }, E13: { "near misses": {} } };

test("every question without an answer is named as a gap, and each gap of an answer is", () => {
  const content = summaryContent(about, answers);
  expect(content.missing.find((one) => one.id === "E13")?.items).toEqual(["incident list with deadlines and reports", "root cause and corrective action"]);
  expect(content.partial).toEqual([{ id: "E08", item: "decision counts by outcome and policy version", gaps: ["One log is silent."] }]);
  expect(content.lead).toMatch(/^2 of \d+ questions are answered, 1 of them with gaps/);
  expect(content.trust.title).toBe("Self-attested");
  expect(content.outcomes).toEqual([
    { mark: "allow", words: "Allowed", count: 95, share: 0.95 },
    { mark: "deny", words: "Denied: budget", count: 5, share: 0.05 },
  ]);
});

/** The page streams' text operators, inflated. */
function streamsOf(pdf: Buffer): string[] {
  const text = pdf.toString("latin1");
  return [...text.matchAll(/\/Filter \/FlateDecode\n>>\nstream\n/g)].flatMap((match) => {
    const start = match.index + match[0].length;
    try {
      return [inflateSync(pdf.subarray(start, text.indexOf("\nendstream", start))).toString("latin1")];
    } catch {
      return [];
    }
  });
}

test("the summary is tagged as PDF/UA asks: title, language, headings, tables, embedded fonts, nothing unmarked", async () => {
  const pdf = Buffer.from(await summaryPdf(about, answers));
  const text = pdf.toString("latin1");
  for (const mark of ["/MarkInfo", "/Marked true", "/Lang (en)", "/DisplayDocTitle true", "pdfuaid:part", "/FontFile2", "/S /H1", "/S /H2", "/S /Table", "/S /TH"]) expect(text, mark).toContain(mark);
  expect(text).not.toMatch(/\/BaseFont \/(?:Helvetica|Times|Courier)/);
  const pages = streamsOf(pdf).filter((stream) => stream.includes(" BDC"));
  expect(pages.length).toBeGreaterThan(1);
  for (const page of pages) {
    let open = 0;
    for (const [operator] of page.matchAll(/\bBDC\b|\bEMC\b|\bTJ\b|\bS\n/g)) {
      if (operator === "BDC") open++;
      else if (operator === "EMC") open--;
      else expect(open, "drawn outside any element or artifact").toBeGreaterThan(0);
    }
    expect(open).toBe(0);
  }
});

test("a system named in another script is shown as its code points, never as empty boxes", () => {
  expect(printable("Prüfung €80 “q” 監")).toBe("Prüfung €80 “q” [U+76E3]");
});
