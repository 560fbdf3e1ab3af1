import { expect, test } from "vitest";
import { specWith, written } from "./edit-spec.ts";
import type { Field } from "./kind.ts";

const fields: readonly Field[] = [
  { name: "region", label: "Region", type: "text" },
  { name: "classes", label: "Classes", type: "lines" },
  { name: "contract.expires", label: "Ends", type: "date" },
];
const spec = { region: "EEA", classes: ["personal", "payment"], contract: { dpa: "DPA-7", expires: "2030-01-31" }, price: [{ from: "2026-01-01" }] };
const form = Object.fromEntries(fields.map((field) => [field.name, written(spec, field)]));

test("a form that nobody touched changes nothing, whatever else the record holds", () => {
  expect(specWith(spec, fields, form)).toEqual(spec);
  expect(JSON.stringify(specWith(spec, fields, form))).toBe(JSON.stringify(spec));
});

test("a field is changed where it stands, and one left empty says nothing", () => {
  expect(specWith(spec, fields, { ...form, region: " US ", "contract.expires": "2031-01-31" })).toEqual({ ...spec, region: "US", contract: { dpa: "DPA-7", expires: "2031-01-31" } });
  expect(specWith(spec, fields, { ...form, region: "", "contract.expires": "" })).toEqual({ classes: spec.classes, contract: { dpa: "DPA-7" }, price: spec.price });
  expect(specWith(spec, fields, { ...form, classes: "personal\n\n health " })).toMatchObject({ classes: ["personal", "health"] });
});

test("what was never said stays unsaid: an empty list would be an answer", () => {
  expect(specWith({ region: "EEA" }, fields, { region: "EEA", classes: "", "contract.expires": "" })).toEqual({ region: "EEA" });
});
