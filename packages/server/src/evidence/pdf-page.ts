import { readFileSync } from "node:fs";
import Pdf from "pdfkit";

/** Ink and tints of the console's light theme, so that paper and screen say the same with the same. */
export const ink = { text: "#141b19", muted: "#4d5955", line: "#c9d0cc", faint: "#dde2df", sunken: "#ecefed", accent: "#1d4fc4" } as const;
export const marks = {
  allow: { glyph: "check", text: "#0d6443", solid: "#17825a", tint: "#e0f1e9" },
  hold: { glyph: "bars", text: "#7c5000", solid: "#b97a00", tint: "#fbeecf" },
  deny: { glyph: "cross", text: "#a3211e", solid: "#c9302c", tint: "#fbe6e3" },
  unknown: { glyph: "dashes", text: "#525d58", solid: "#77827d", tint: "#e8ecea" },
} as const;

const fontFile = (name: string): Buffer => readFileSync(new URL(`../../assets/fonts/mandate-${name}.ttf`, import.meta.url));
let fonts: { readonly regular: Buffer; readonly semibold: Buffer; readonly mono: Buffer } | undefined;

export const margin = 56;
const footerHeight = 48;

export type Struct = PDFKit.PDFStructureElement;

/**
 * An A4 document tagged as PDF/UA asks: every text in a structure element, everything else an artifact, fonts embedded,
 * title and language set.
 */
export class TaggedPdf {
  readonly doc: PDFKit.PDFDocument;
  readonly root: Struct;
  readonly #done: Promise<Uint8Array>;
  readonly width: number;

  constructor({ title, subject, created }: { readonly title: string; readonly subject: string; readonly created: string }) {
    fonts ??= { regular: fontFile("text-regular"), semibold: fontFile("text-semibold"), mono: fontFile("mono-regular") };
    // No font until ours are registered: the standard ones are never embedded.
    const options = { size: "A4", margins: { top: margin, bottom: footerHeight, left: margin, right: margin }, pdfVersion: "1.7", subset: "PDF/UA", tagged: true, lang: "en", displayTitle: true, bufferPages: true, autoFirstPage: false, font: null, info: { Title: title, Subject: subject, Author: "Mandate", Creator: "Mandate", Producer: "Mandate", CreationDate: new Date(created) } };
    this.doc = new Pdf(options as unknown as PDFKit.PDFDocumentOptions);
    for (const [name, bytes] of Object.entries(fonts)) this.doc.registerFont(name, bytes);
    const chunks: Buffer[] = [];
    this.doc.on("data", (chunk: Buffer) => void chunks.push(chunk));
    this.#done = new Promise((resolve, reject) => {
      this.doc.on("end", () => resolve(Buffer.concat(chunks)));
      this.doc.on("error", reject);
    });
    this.doc.addPage();
    this.width = this.doc.page.width - 2 * margin;
    this.root = this.doc.struct("Document");
    this.doc.addStructure(this.root);
  }

  /** A new page unless this much room is left. */
  need(height: number): void {
    if (this.doc.y + height > this.doc.page.height - footerHeight - 8) this.doc.addPage();
  }

  /** Lines and fills: nothing that is read aloud. */
  artifact(draw: (doc: PDFKit.PDFDocument) => void): void {
    this.doc.markContent("Artifact", { type: "Layout" });
    this.doc.save();
    draw(this.doc);
    this.doc.restore();
    this.doc.endMarkedContent();
  }

  text(parent: Struct, tag: string, text: string, style: { readonly font?: "regular" | "semibold" | "mono"; readonly size?: number; readonly color?: string; readonly x?: number; readonly y?: number; readonly width?: number; readonly align?: "left" | "right"; readonly lineGap?: number } = {}): void {
    const { font = "regular", size = 10, color = ink.text, x = margin, y = this.doc.y, width = this.width, align = "left", lineGap = 2 } = style;
    parent.add(this.doc.struct(tag, {}, () => void this.doc.font(font).fontSize(size).fillColor(color).text(printable(text), x, y, { width, align, lineGap })));
  }

  heightOf(text: string, { font = "regular", size = 10, width = this.width, lineGap = 2 }: { readonly font?: string; readonly size?: number; readonly width?: number; readonly lineGap?: number }): number {
    return this.doc.font(font).fontSize(size).heightOfString(printable(text), { width, lineGap });
  }

  /** Page numbers and a line that each sheet carries; then the document's bytes. */
  async finish(sheet: string): Promise<Uint8Array> {
    const { start, count } = this.doc.bufferedPageRange();
    for (let at = start; at < start + count; at++) {
      this.doc.switchToPage(at);
      const { height } = this.doc.page;
      this.doc.page.margins.bottom = 0;
      this.doc.markContent("Artifact", { type: "Pagination" });
      this.doc.moveTo(margin, height - footerHeight + 8).lineTo(margin + this.width, height - footerHeight + 8).lineWidth(0.5).strokeColor(ink.faint).stroke();
      this.doc.font("regular").fontSize(7.5).fillColor(ink.muted);
      this.doc.text(printable(sheet), margin, height - footerHeight + 16, { width: this.width - 60, lineBreak: false });
      this.doc.text(`${at + 1} of ${count}`, margin + this.width - 60, height - footerHeight + 16, { width: 60, align: "right", lineBreak: false });
      this.doc.endMarkedContent();
    }
    this.root.end();
    this.doc.end();
    return this.#done;
  }
}

/** The embedded fonts are Latin: what they lack is shown as its code point, never as an empty box. */
export function printable(text: string): string {
  return [...text].map((one) => (/[\t\n\u0020-\u007e\u00a0-\u017f\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac]/.test(one) ? one : `[U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`)).join("");
}
