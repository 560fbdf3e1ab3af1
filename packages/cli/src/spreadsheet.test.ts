import { deflateRawSync } from "node:zlib";
import { expect, it } from "vitest";
import { boundedWorkbook, csvOf, rowsOfCsv, rowsOfWorkbook } from "./spreadsheet.ts";

/** A zip file of these parts; `says` is the size it states of a part. */
function zip(parts: readonly { readonly name: string; readonly bytes: Buffer; readonly says?: number }[], hidden?: Buffer): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, says } of parts) {
    const packed = deflateRawSync(bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(says ?? bytes.length, 22);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(says ?? bytes.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), packed);
    entries.push(entry, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const body = Buffer.concat([...locals, ...(hidden === undefined ? [] : [hidden])]);
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(parts.length, 8);
  tail.writeUInt16LE(parts.length, 10);
  tail.writeUInt32LE(body.length, 16);
  return Buffer.concat([body, ...entries, tail]);
}

const sheet = (cells: readonly (readonly string[])[]): Buffer => {
  const rows = cells.map((row, r) => `<row r="${r + 1}">${row.map((cell, c) => `<c r="${String.fromCharCode(65 + c)}${r + 1}" t="inlineStr"><is><t>${cell}</t></is></c>`).join("")}</row>`).join("");
  const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  return zip([
    { name: "[Content_Types].xml", bytes: Buffer.from(`${xml}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`) },
    { name: "xl/workbook.xml", bytes: Buffer.from(`${xml}<workbook xmlns="${main}" xmlns:r="${rel}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>`) },
    { name: "xl/_rels/workbook.xml.rels", bytes: Buffer.from(`${xml}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`) },
    { name: "xl/worksheets/sheet1.xml", bytes: Buffer.from(`${xml}<worksheet xmlns="${main}"><sheetData>${rows}</sheetData></worksheet>`) },
  ]);
};

it("reads a workbook and a CSV of the same cells alike", async () => {
  const cells = [["Name", "Purpose"], ["Notes", "Writes notes"]];
  const workbook = sheet(cells);
  boundedWorkbook(workbook);
  expect(await rowsOfWorkbook(workbook)).toEqual([{ Name: "Notes", Purpose: "Writes notes" }]);
  expect(await rowsOfCsv("\uFEFFName;Purpose\r\nNotes;Writes notes\r\n")).toEqual([{ Name: "Notes", Purpose: "Writes notes" }]);
});

it("refuses a zip bomb before it is read, whatever size it states", () => {
  const bomb = Buffer.alloc(40 * 1024 * 1024);
  expect(() => boundedWorkbook(zip([{ name: "xl/a", bytes: bomb }]))).toThrow("unpacks to more");
  expect(() => boundedWorkbook(zip([{ name: "xl/a", bytes: bomb, says: 10 }]))).toThrow("unpacks to more");
  const half = Buffer.alloc(20 * 1024 * 1024);
  expect(() => boundedWorkbook(zip([{ name: "a", bytes: half }, { name: "b", bytes: half }]))).toThrow("unpacks to more");
});

it("refuses parts that the directory doesn't name, and what is no workbook", () => {
  expect(() => boundedWorkbook(zip([{ name: "a", bytes: Buffer.from("x") }], deflateRawSync(Buffer.alloc(100_000))))).toThrow("that can be read");
  expect(() => boundedWorkbook(Buffer.from("Name,Purpose"))).toThrow("no .xlsx");
});

it("refuses too many rows, columns, an open quote and no rows at all", async () => {
  await expect(rowsOfCsv(`Name\n${"a\n".repeat(501)}`)).rejects.toThrow("500 rows");
  await expect(rowsOfCsv(`${"h,".repeat(61)}h\nx`)).rejects.toThrow("60 columns");
  await expect(rowsOfCsv('Name\n"open')).rejects.toThrow("no CSV");
  await expect(rowsOfCsv("Name\n")).rejects.toThrow("no headings and rows");
});

it("writes no cell that a spreadsheet would run, and reads back what it wrote", async () => {
  const hostile = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", ' "=1'];
  const written = csvOf([["name"], ...hostile.map((one) => [one])]);
  for (const line of written.split("\r\n").slice(1).filter((one) => one !== "")) expect(line.startsWith('"\'') || !line.startsWith('"')).toBe(true);
  expect(csvOf([['say "hi"', "plain"]])).toBe('"say ""hi""","plain"\r\n');
});
