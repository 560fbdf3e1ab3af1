import type { PackAbout } from "./pack-readme.ts";
import type { SectionAnswers } from "./pack-sections.ts";
import { ink, margin, marks, TaggedPdf } from "./pdf-page.ts";
import type { Struct } from "./pdf-page.ts";
import { summaryContent } from "./summary-content.ts";
import type { Mark, SummaryContent } from "./summary-content.ts";

/** `summary.pdf`: tagged for readers who listen, laid out for those who look. */
export async function summaryPdf(about: PackAbout, answers: SectionAnswers): Promise<Uint8Array> {
  const content = summaryContent(about, answers);
  const pdf = new TaggedPdf({ title: "Evidence pack", subject: content.lead, created: about.created });
  const { root } = pdf;
  title(pdf, content);
  band(pdf, root, content.trust);
  facts(pdf, content.facts);
  gaps(pdf, content);
  outcomes(pdf, content);
  sections(pdf, content);
  logs(pdf, content);
  check(pdf);
  const head = about.head === undefined ? "" : ` · tree head ${about.head.size}, ${about.head.root}`;
  return pdf.finish(`Evidence pack of ${about.created}${head}`);
}

function title(pdf: TaggedPdf, { lead }: SummaryContent): void {
  const { doc, root } = pdf;
  pdf.artifact(() => void doc.rect(margin, doc.y, 28, 3).fill(ink.accent));
  doc.y += 12;
  pdf.text(root, "P", "Mandate", { font: "semibold", size: 9, color: ink.muted });
  doc.y += 2;
  pdf.text(root, "H1", "Evidence pack", { font: "semibold", size: 26 });
  doc.y += 4;
  pdf.text(root, "P", lead, { size: 12, lineGap: 3 });
  doc.y += 14;
}

function band(pdf: TaggedPdf, parent: Struct, { mark, title: words, text }: SummaryContent["trust"]): void {
  const { doc } = pdf;
  const width = pdf.width - 52;
  const height = 16 + pdf.heightOf(words, { font: "semibold", size: 11, width }) + pdf.heightOf(text, { size: 9.5, width }) + 6;
  const top = doc.y;
  pdf.artifact(() => {
    doc.roundedRect(margin, top, pdf.width, height, 5).fill(marks[mark].tint);
    glyph(doc, mark, margin + 16, top + 15, 9);
  });
  pdf.text(parent, "P", words, { font: "semibold", size: 11, color: marks[mark].text, x: margin + 36, y: top + 12, width });
  pdf.text(parent, "P", text, { size: 9.5, x: margin + 36, width });
  doc.y = top + height + 16;
}

function facts(pdf: TaggedPdf, rows: SummaryContent["facts"]): void {
  const { doc } = pdf;
  table(pdf, [{ width: 92 }, { width: pdf.width - 92 }], rows.map(([name, value]) => ({ cells: [{ text: name, color: ink.muted, isHeader: true }, { text: value }] })));
  doc.y += 10;
}

function gaps(pdf: TaggedPdf, { missing, partial }: SummaryContent): void {
  if (missing.length > 0) {
    heading(pdf, "What this pack does not show");
    pdf.text(pdf.root, "P", "No data of this installation answers these. Nothing else in the pack stands in for them.", { color: ink.muted });
    pdf.doc.y += 6;
    const columns = [{ width: 34 }, { width: 138 }, { width: pdf.width - 172 }];
    table(pdf, columns, [headerRow(["", "Section", "Not recorded"]), ...missing.map((one) => ({ cells: [{ text: one.id, font: "mono" as const, color: ink.muted }, { text: one.title, isHeader: true }, { text: one.items.join("; "), mark: "unknown" as const }] }))]);
    pdf.doc.y += 10;
  }
  if (partial.length === 0) return;
  heading(pdf, "What it answers in part");
  const columns = [{ width: 34 }, { width: 168 }, { width: pdf.width - 202 }];
  table(pdf, columns, [headerRow(["", "Question", "What is missing"]), ...partial.map((one) => ({ cells: [{ text: one.id, font: "mono" as const, color: ink.muted }, { text: one.item, isHeader: true }, { text: one.gaps.join(" ") }] }))]);
  pdf.doc.y += 10;
}

function outcomes(pdf: TaggedPdf, { decisions, outcomes: rows }: SummaryContent): void {
  heading(pdf, "Decisions");
  pdf.text(pdf.root, "P", decisions === null ? "Can't tell how many were made." : `${decisions.toLocaleString("en")} in scope. Each is an entry of the log, and each entry here carries its proof.`, { color: ink.muted });
  pdf.doc.y += 6;
  if (rows.length === 0) return;
  const barWidth = 170;
  const columns = [{ width: pdf.width - barWidth - 80 }, { width: 80, align: "right" as const }, { width: barWidth }];
  table(pdf, columns, [headerRow(["Outcome", "Calls", "Share"]), ...rows.map((one) => ({ cells: [{ text: one.words, mark: one.mark, isHeader: true }, { text: one.count.toLocaleString("en"), font: "mono" as const }, { text: `${(one.share * 100).toFixed(one.share > 0 && one.share < 0.001 ? 3 : 1)} %`, bar: { share: one.share, mark: one.mark } }] }))]);
  pdf.doc.y += 10;
}

function sections(pdf: TaggedPdf, { sections: rows }: SummaryContent): void {
  heading(pdf, "Sections");
  const columns = [{ width: 34 }, { width: pdf.width - 34 - 210 }, { width: 70, align: "right" as const }, { width: 70, align: "right" as const }, { width: 70, align: "right" as const }];
  table(pdf, columns, [headerRow(["", "Section", "Questions", "Answered", "With gaps"]), ...rows.map((one) => ({ cells: [{ text: one.id, font: "mono" as const, color: ink.muted }, { text: one.title, isHeader: true }, { text: String(one.items), font: "mono" as const }, { text: String(one.answered), font: "mono" as const, color: one.answered === one.items ? ink.text : marks.deny.text }, { text: String(one.withGaps), font: "mono" as const }] }))]);
  pdf.doc.y += 10;
}

function logs(pdf: TaggedPdf, { logs: rows }: SummaryContent): void {
  heading(pdf, "Logs");
  const columns = [{ width: 60 }, { width: pdf.width - 160 }, { width: 100, align: "right" as const }];
  table(pdf, columns, [headerRow(["In the pack", "Log", "Entries shown"]), ...rows.map((one) => ({ cells: [{ text: `logs/${one.name}`, font: "mono" as const, color: ink.muted }, { text: one.origin, font: "mono" as const, isHeader: true }, { text: one.entries.toLocaleString("en"), font: "mono" as const }] }))]);
  pdf.doc.y += 10;
}

function check(pdf: TaggedPdf): void {
  const { doc, root } = pdf;
  const lines = ["npx mandate evidence verify pack.zip --pinned heads.txt --trust vkeys.txt"];
  pdf.need(120);
  heading(pdf, "Check it yourself");
  pdf.text(root, "P", "This page proves nothing: the other files do. The command needs no server and no network. README.md says how to do it with other people's programs.", {});
  doc.y += 6;
  const top = doc.y;
  pdf.artifact(() => void doc.roundedRect(margin, top, pdf.width, 28, 4).fill("#16201d"));
  pdf.text(root, "Code", lines[0]!, { font: "mono", size: 9, color: "#f4f7f5", x: margin + 12, y: top + 9, width: pdf.width - 24 });
  doc.y = top + 36;
}

function heading(pdf: TaggedPdf, text: string): void {
  pdf.need(76);
  pdf.doc.y += 6;
  pdf.text(pdf.root, "H2", text, { font: "semibold", size: 14 });
  pdf.doc.y += 3;
}

interface Cell {
  readonly text: string;
  readonly font?: "regular" | "semibold" | "mono";
  readonly color?: string;
  readonly mark?: Mark;
  readonly isHeader?: boolean;
  readonly bar?: { readonly share: number; readonly mark: Mark };
}

interface TableRow {
  readonly cells: readonly Cell[];
  readonly isHead?: boolean;
}

const headerRow = (names: readonly string[]): TableRow => ({ isHead: true, cells: names.map((text) => ({ text, color: ink.muted, isHeader: true })) });

/** Rows that stay whole: one that doesn't fit begins the next page. */
function table(pdf: TaggedPdf, columns: readonly { readonly width: number; readonly align?: "left" | "right" }[], rows: readonly TableRow[]): void {
  const { doc } = pdf;
  const element = doc.struct("Table");
  pdf.root.add(element);
  const [padX, padY] = [6, 4.5];
  for (const { cells, isHead = false } of rows) {
    const size = isHead ? 8 : 9;
    const height = Math.max(...cells.map((cell, at) => pdf.heightOf(cell.text, { font: cell.font ?? "regular", size, width: innerWidth(cell, columns[at]!.width - padX) }))) + 2 * padY;
    const pages = doc.bufferedPageRange().count;
    pdf.need(height + (isHead ? 30 : 0));
    const [head] = rows;
    if (!isHead && head?.isHead === true && doc.bufferedPageRange().count > pages) repeatHead(pdf, columns, head.cells);
    const top = doc.y;
    const row = doc.struct("TR");
    element.add(row);
    let x = margin;
    for (const [at, cell] of cells.entries()) {
      const { width, align = "left" } = columns[at]!;
      const shift = cell.mark === undefined ? 0 : 14;
      if (cell.mark !== undefined) pdf.artifact(() => glyph(doc, cell.mark!, x, top + padY + 1.5, 7));
      if (cell.bar !== undefined) {
        const room = width - padX - 48;
        const { share, mark } = cell.bar;
        pdf.artifact(() => void doc.roundedRect(x + 46, top + padY + 3, room, 6, 1.5).fill(ink.sunken).roundedRect(x + 46, top + padY + 3, Math.max(1.5, room * share), 6, 1.5).fill(marks[mark].solid));
      }
      pdf.text(row, cell.isHeader === true ? "TH" : "TD", cell.text === "" ? " " : cell.text, { font: cell.font ?? (isHead ? "semibold" : "regular"), size, color: cell.color ?? ink.text, x: x + shift, y: top + padY, width: innerWidth(cell, width - padX), align });
      x += width;
    }
    doc.y = top + height;
    pdf.artifact(() => void doc.moveTo(margin, top + height).lineTo(margin + pdf.width, top + height).lineWidth(0.5).strokeColor(isHead ? ink.line : ink.faint).stroke());
    row.end();
  }
  element.end();
}

/** For the eye alone: the table has its heads once. */
function repeatHead(pdf: TaggedPdf, columns: readonly { readonly width: number; readonly align?: "left" | "right" }[], cells: readonly Cell[]): void {
  const top = pdf.doc.y;
  pdf.artifact((doc) => {
    let x = margin;
    for (const [at, { text }] of cells.entries()) {
      const { width, align = "left" } = columns[at]!;
      doc.font("semibold").fontSize(8).fillColor(ink.muted).text(text, x, top + 4.5, { width: width - 6, align, lineBreak: false });
      x += width;
    }
    doc.moveTo(margin, top + 19).lineTo(margin + pdf.width, top + 19).lineWidth(0.5).strokeColor(ink.line).stroke();
  });
  pdf.doc.y = top + 19.5;
}

const innerWidth = (cell: Cell, width: number): number => (cell.bar !== undefined ? 44 : cell.mark === undefined ? width : width - 14);

/** The console's marks, drawn: no font need have them. */
function glyph(doc: PDFKit.PDFDocument, mark: Mark, x: number, y: number, size: number): void {
  doc.lineWidth(size / 5.5).strokeColor(marks[mark].solid).fillColor(marks[mark].solid).lineCap("round").lineJoin("round");
  const at = (fx: number, fy: number): [number, number] => [x + fx * size, y + fy * size];
  if (mark === "allow") doc.moveTo(...at(0.05, 0.55)).lineTo(...at(0.4, 0.9)).lineTo(...at(0.98, 0.15)).stroke();
  else if (mark === "deny") doc.moveTo(...at(0.1, 0.1)).lineTo(...at(0.9, 0.9)).moveTo(...at(0.9, 0.1)).lineTo(...at(0.1, 0.9)).stroke();
  else if (mark === "hold") doc.moveTo(...at(0.25, 0.1)).lineTo(...at(0.25, 0.9)).moveTo(...at(0.75, 0.1)).lineTo(...at(0.75, 0.9)).stroke();
  else doc.moveTo(...at(0, 0.5)).lineTo(...at(0.36, 0.5)).moveTo(...at(0.64, 0.5)).lineTo(...at(1, 0.5)).stroke();
}
