import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import AjvDraft04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { checkExport, exportFormatNames } from "./index.ts";
import { protoMessages, protoProblems } from "./testing/proto-json.ts";
import { exportSample, sampleFacts } from "./testing/sample.ts";

const fileOf = (text: string) => ({
  firstLine: async () => text.split("\n", 1)[0]!,
  text: async () => text,
  lines: async function* () {
    yield* text.replace(/\n$/, "").split("\n");
  },
});

describe("what is exported", () => {
  test.each(exportFormatNames)("%s: one character changed, wherever it stands, is told (G4)", async (format) => {
    const text = await exportSample(format);
    const missed: string[] = [];
    const step = Math.max(1, Math.floor(text.length / 80));
    for (let index = 0; index < text.length; index += step) {
      if (!/[A-Za-z0-9]/.test(text[index]!)) continue;
      const altered = text.slice(0, index) + (text[index] === "q" ? "w" : "q") + text.slice(index + 1);
      const { ok } = await checkExport(fileOf(altered));
      if (ok) missed.push(`${index}: ${text.slice(Math.max(0, index - 30), index + 10)}`);
    }
    expect(missed).toEqual([]);
  });

  test.each(exportFormatNames)("%s means what it says", async (format) => {
    const result = await checkExport(fileOf(await exportSample(format)));
    expect(result).toEqual({ format, ok: true, problems: [], more: 0 });
  });

  test.each(exportFormatNames)("%s: the same facts give the same bytes; another time changes nothing but times, hashes and signatures", async (format) => {
    const first = await exportSample(format);
    expect(await exportSample(format)).toBe(first);
    const later = await exportSample(format, { ...sampleFacts, exportedAt: "2026-05-01T09:30:00.000Z" });
    expect(later).not.toBe(first);
    if (format === "in-toto") return;
    const stripped = (text: string): string => text.replaceAll(/2026-05-01T09:\d\d:00\.000Z/g, "T").replaceAll(/17776\d{8}/g, "T").replaceAll(/"[0-9a-f]{64}"/g, "H");
    expect(stripped(later)).toBe(stripped(first));
  });

  test("an organization without systems, results, findings or events is exported too", async () => {
    const bare = { ...sampleFacts, systems: null, systemFacts: [], measured: [] };
    for (const format of exportFormatNames.filter((one) => one !== "cyclonedx" && one !== "model-card")) {
      expect(await checkExport(fileOf(await exportSample(format, bare))), format).toMatchObject({ ok: true });
    }
  });

  test("what is not measured is nowhere a pass, and nothing is ever called satisfied", async () => {
    const results = await exportSample("oscal-assessment-results");
    expect(results).not.toMatch(/"satisfied"/);
    const { observations, findings } = JSON.parse(results)["assessment-results"].results[0];
    const outcomeOf = (one: { props: { name: string; value: string }[] }) => one.props.find((prop) => prop.name === "outcome")!.value;
    expect(observations).toHaveLength(60);
    expect(observations.filter((one: never) => outcomeOf(one) === "pass").map((one: { title: string }) => one.title)).toEqual(["OWN-01"]);
    expect(observations.find((one: { title: string }) => one.title === "NHI-01")).toMatchObject({ methods: ["UNKNOWN"], description: "Not measured yet." });
    expect(findings.map((one: { title: string }) => one.title.slice(0, 6).trim()).sort()).toEqual(["INV-01", "OWN-02", "OWN-03"]);
  });
});

const schema = (directory: string, file: string): object => JSON.parse(readFileSync(join(directory, file), "utf8")) as object;
const fixtures = join(import.meta.dirname, "../../fixtures");

const ajvFor = (of: typeof Ajv, options = {}) => {
  const ajv = new of({ strict: false, allErrors: true, ...options });
  (addFormats as unknown as (to: unknown) => void)(ajv);
  return ajv;
};

describe("the official schema accepts", () => {
  const cycloneDir = join(import.meta.dirname, "../../../../node_modules/@cyclonedx/cyclonedx-library/res/schema");
  const read = (file: string): object => schema(cycloneDir, file);

  test("OSCAL 1.2.2, all six documents", async () => {
    const validate = ajvFor(Ajv, { unicodeRegExp: true }).compile(schema(fixtures, "oscal_complete_schema-1-2-2.json"));
    for (const format of exportFormatNames.filter((one) => one.startsWith("oscal-"))) {
      const isValid = validate(JSON.parse(await exportSample(format)));
      const own = validate.errors?.filter((error) => error.keyword !== "oneOf" && error.keyword !== "additionalProperties" && error.keyword !== "required").slice(0, 8);
      expect(isValid, `${format}: ${JSON.stringify(own?.length === 0 ? validate.errors?.slice(0, 20) : own, null, 1)}`).toBe(true);
      // The check sees what is wrong.
      expect(validate({ ...JSON.parse(await exportSample(format)), stray: 1 })).toBe(false);
    }
  });

  test("in-toto Statement v1 in its DSSE envelope, field for field", async () => {
    const envelope = protoMessages(readFileSync(join(fixtures, "dsse-envelope.proto"), "utf8"));
    const statement = protoMessages(readFileSync(join(fixtures, "in-toto-statement-v1.proto"), "utf8"));
    const document = JSON.parse(await exportSample("in-toto")) as { payload: string };
    expect(protoProblems(envelope, "Envelope", document)).toEqual([]);
    const payload = JSON.parse(Buffer.from(document.payload, "base64").toString()) as { subject: unknown[]; predicateType: string };
    expect(payload).toMatchObject({ _type: "https://in-toto.io/Statement/v1" });
    expect(payload.subject.length).toBeGreaterThan(0);
    expect(() => new URL(payload.predicateType)).not.toThrow();
    expect(protoProblems(statement, "Statement", payload)).toEqual([]);
    // The check sees what is wrong.
    expect(protoProblems(envelope, "Envelope", { ...document, stray: 1 })).toEqual(["stray: the message has no such field"]);
    expect(protoProblems(envelope, "Envelope", { ...document, payload: "not base64!" })).toHaveLength(1);
    expect(protoProblems(statement, "Statement", { ...payload, subject: [{ name: 1, digest: { sha256: 2 } }] })).toHaveLength(2);
  });

  test("CycloneDX 1.7", async () => {
    const ajv = ajvFor(Ajv);
    for (const file of ["spdx", "jsf-0.82", "cryptography-defs"]) ajv.addSchema(read(`${file}.SNAPSHOT.schema.json`), `http://cyclonedx.org/schema/${file}.SNAPSHOT.schema.json`);
    ajv.addFormat("iri-reference", true);
    ajv.addFormat("idn-email", true);
    const validate = ajv.compile(read("bom-1.7.SNAPSHOT.schema.json"));
    const document = JSON.parse(await exportSample("cyclonedx"));
    expect(validate(document), JSON.stringify(validate.errors, null, 1)).toBe(true);
    expect(validate({ ...document, stray: 1 })).toBe(false);
  });

  test("SARIF 2.1.0", async () => {
    const validate = ajvFor(AjvDraft04 as unknown as typeof Ajv).compile(schema(fixtures, "sarif-schema-2.1.0.json"));
    const document = JSON.parse(await exportSample("sarif"));
    expect(validate(document), JSON.stringify(validate.errors, null, 1)).toBe(true);
    expect(validate({ ...document, runs: [{ results: 1 }] })).toBe(false);
  });

  test("OCSF 1.8, every line", async () => {
    const validate = ajvFor(Ajv).compile(schema(fixtures, "ocsf-1.8.0-events.json"));
    for (const line of (await exportSample("ocsf")).trim().split("\n")) {
      expect(validate(JSON.parse(line)), `${line}\n${JSON.stringify(validate.errors?.slice(0, 10), null, 1)}`).toBe(true);
      expect(validate({ ...JSON.parse(line), stray: 1 })).toBe(false);
    }
  });
});

