import { describe, expect, test } from "vitest";
import { checkExport, exportFormatNames } from "./index.ts";
import { seededCorruptions } from "./testing/seeded-corruptions.ts";
import { exportSample } from "./testing/sample.ts";

const fileOf = (text: string) => ({
  firstLine: async () => text.split("\n", 1)[0]!,
  text: async () => text,
  lines: async function* () {
    yield* text.replace(/\n$/, "").split("\n");
  },
});

describe.each(exportFormatNames)("%s", (format) => {
  test("each of five seeded corruptions or more is named at its place, though hash and signature were made again", async () => {
    const seeded = await seededCorruptions(format);
    expect(seeded.length).toBeGreaterThanOrEqual(5);
    const sample = await exportSample(format);
    for (const { code, text, careless } of seeded) {
      expect(text, code).not.toBe(sample);
      const result = await checkExport(fileOf(text));
      expect(result.ok, code).toBe(false);
      expect(result.problems.map((one) => one.code), code).toContain(code);
      for (const one of result.problems) expect(one.place, code).toMatch(format === "ocsf" ? /^line \d+/ : format === "model-card" ? /./ : /^\//);
      // Whatever was edited, the file as such no longer fits its hash, also where nobody thought of that edit.
      if (careless !== undefined) expect((await checkExport(fileOf(careless))).ok, code).toBe(false);
    }
  });
});

test("what is no export at all, or cut short, is a problem and no crash", async () => {
  for (const text of ["", "{", "[]", "null", "{}", '{"runs":[]}', '{"catalog":1}', '{"payloadType":"x"}', '{"bomFormat":"CycloneDX"}', "---\n", '{"class_uid":6003}\nnot json\n']) {
    expect((await checkExport(fileOf(text))).ok, text).toBe(false);
  }
  for (const format of exportFormatNames) {
    const text = await exportSample(format);
    expect((await checkExport(fileOf(text.slice(0, Math.floor(text.length / 2))))).ok, format).toBe(false);
  }
});
