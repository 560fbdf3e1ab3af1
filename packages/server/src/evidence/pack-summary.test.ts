import { expect, test } from "vitest";
import { summaryLines, summaryPdf } from "./pack-summary.ts";

const about = { created: "2026-01-01T00:00:00.000Z", since: null, until: null, systems: ["a)b\\"], logs: [], payloads: 0, disclosed: false };

test("every item without an answer is named as a gap", () => {
  const text = summaryLines(about, { E13: { "near misses": {} } }).map((line) => line.text).join(" ").replace(/ +/g, " ");
  expect(text).toContain("E13 incident list with deadlines and reports; root cause and corrective action");
  expect(text).toContain("E13 Incidents: 1 of 3");
  expect(text).toContain("Trust: self-attested");
});

test("offsets of the cross-reference table point at their objects, whatever a system is called", () => {
  const pdf = Buffer.from(summaryPdf(about, {})).toString("latin1");
  const offsets = [...pdf.matchAll(/^(\d{10}) 00000 n/gm)].map((match) => Number(match[1]));
  expect(offsets.length).toBeGreaterThan(6);
  offsets.forEach((offset, at) => expect(pdf.slice(offset, offset + 8)).toContain(`${at + 1} 0 obj`));
  expect(pdf).toContain("a\\)b\\\\");
});
