import { canonicalText, sha256Hex } from "../canonical.ts";
import type { ExportFormat } from "../formats.ts";
import { preAuth } from "../in-toto.ts";
import { cardHash } from "../model-card.ts";
import { exportSample, sampleSigner, sealAgain } from "./sample.ts";

// Documents are edited as whoever tampers with a file would: without types, and the hash made again afterwards.
// oxlint-disable-next-line typescript/no-explicit-any
type Edit = readonly [code: string, edit: (document: any) => void];

/** A file that says what isn't so, and the problem that has to be named in it. */
export interface SeededCorruption {
  readonly code: string;
  readonly text: string;
  /** The same edit, by somebody who didn't make the hash again. */
  readonly careless?: string;
}

const propOf = (of: { props: { name: string; value: string; class?: string }[] }, name: string, at = 0) => of.props.filter((one) => one.name === name)[at]!;
const unknownUuid = "11111111-2222-4333-8444-555555555555";

const documents: Partial<Record<ExportFormat, readonly Edit[]>> = {
  "oscal-catalog": [
    ["control.unknown", (d) => (d.catalog.groups[0].controls[0].id = "OWN-99")],
    ["control.altered", (d) => (d.catalog.groups[1].controls[0].parts[0].prose = "Nothing is asked.")],
    ["id.twice", (d) => (d.catalog.groups[0].controls[1].parts[0].id = d.catalog.groups[0].controls[0].parts[0].id)],
    ["count.differs", (d) => d.catalog.groups[2].controls.pop()],
    ["date.invalid", (d) => (d.catalog.metadata["last-modified"] = "2026-02-30T09:00:00.000Z")],
    ["position.missing", (d) => (d.catalog.metadata.props = d.catalog.metadata.props.filter((one: { name: string }) => one.name !== "log-position"))],
    ["text.verdict", (d) => (d.catalog.groups[0].title = "Certified ownership")],
  ],
  "oscal-component-definition": [
    ["reference.unresolved", (d) => (d["component-definition"].components[1].links[0].href = `#${unknownUuid}`)],
    ["uuid.twice", (d) => (d["component-definition"].components[2].uuid = d["component-definition"].components[1].uuid)],
    ["control.missing", (d) => d["component-definition"].components[0]["control-implementations"][0]["implemented-requirements"].shift()],
    ["outcome.contradicted", (d) => (propOf(d["component-definition"].components[0]["control-implementations"][0]["implemented-requirements"][20], "outcome").value = "pass")],
    ["count.differs", (d) => d["component-definition"].components.pop()],
  ],
  "oscal-assessment-plan": [
    ["control.unknown", (d) => (d["assessment-plan"]["reviewed-controls"]["control-selections"][0]["include-controls"][0]["control-id"] = "XX-01")],
    ["reference.unresolved", (d) => (d["assessment-plan"].tasks[0]["associated-activities"][0]["activity-uuid"] = unknownUuid)],
    ["uuid.twice", (d) => (d["assessment-plan"]["local-definitions"].activities[1].uuid = d["assessment-plan"]["local-definitions"].activities[0].uuid)],
    ["count.differs", (d) => (propOf(d["assessment-plan"].metadata, "count").value = "59")],
    ["manifest.by", (d) => delete d["assessment-plan"].metadata["responsible-parties"]],
  ],
  "oscal-assessment-results": [
    ["outcome.claimed", (d) => (d["assessment-results"].results[0].findings[0].target.status.state = "satisfied")],
    ["finding.missing", (d) => d["assessment-results"].results[0].findings.shift()],
    ["outcome.contradicted", (d) => (propOf(d["assessment-results"].results[0].observations[1], "outcome").value = "pass")],
    ["date.order", (d) => (d["assessment-results"].results[0].observations[0].collected = "2026-06-01T00:00:00.000Z")],
    ["reference.unresolved", (d) => (d["assessment-results"].results[0].findings[0]["related-risks"][0]["risk-uuid"] = unknownUuid)],
    ["count.faults", (d) => (propOf(d["assessment-results"].results[0].observations[1], "faults").value = "99")],
    ["control.missing", (d) => d["assessment-results"].results[0].observations.pop()],
  ],
  "oscal-poam": [
    ["date.order", (d) => (d["plan-of-action-and-milestones"].risks.find((one: { deadline?: string }) => one.deadline !== undefined).deadline = "2020-01-01T00:00:00.000Z")],
    ["reference.unresolved", (d) => (d["plan-of-action-and-milestones"]["poam-items"][0]["related-findings"][0]["finding-uuid"] = unknownUuid)],
    ["count.differs", (d) => d["plan-of-action-and-milestones"]["poam-items"].pop()],
    ["finding.missing", (d) => d["plan-of-action-and-milestones"].findings.pop()],
    ["control.unknown", (d) => (propOf(d["plan-of-action-and-milestones"].observations[0], "control").value = "OWN-77")],
  ],
  "oscal-mapping": [
    ["framework.item_unknown", (d) => (d["mapping-collection"].mappings[0].maps[0].targets[0]["id-ref"] = "GOVERN 99.9")],
    ["map.relationship", (d) => (d["mapping-collection"].mappings[0].maps[0].relationship = "equal-to")],
    ["map.unsupported", (d) => (d["mapping-collection"].mappings[0].maps[0].targets[0]["id-ref"] = "MANAGE 4.3")],
    ["framework.unknown", (d) => (propOf(d["mapping-collection"].mappings[0], "framework").value = "no-such-framework")],
    ["reference.unresolved", (d) => (d["mapping-collection"].mappings[0]["target-resource"].href = `#${unknownUuid}`)],
  ],
  cyclonedx: [
    ["reference.unresolved", (d) => d.dependencies[0].dependsOn.push("model:ghost")],
    ["reference.orphan", (d) => d.dependencies[0].dependsOn.shift()],
    ["reference.twice", (d) => (d.components[1]["bom-ref"] = d.components[0]["bom-ref"])],
    ["hash.invalid", (d) => (d.metadata.component.hashes[0].content = "f00d")],
    ["composition.claimed", (d) => (d.compositions[0].aggregate = "complete")],
    ["count.differs", (d) => d.components.pop()],
    ["document.version", (d) => (d.specVersion = "1.6")],
  ],
  sarif: [
    ["reference.unresolved", (d) => (d.runs[0].results[0].ruleIndex = 1)],
    ["finding.level", (d) => (d.runs[0].results[0].level = "note")],
    ["finding.state", (d) => (d.runs[0].results[0].suppressions = [{ kind: "external", justification: "quiet" }])],
    ["uuid.twice", (d) => (d.runs[0].results[1].guid = d.runs[0].results[0].guid)],
    ["date.order", (d) => (d.runs[0].results[0].properties.due = "2020-01-01T00:00:00.000Z")],
    ["count.differs", (d) => d.runs[0].results.pop()],
    ["finding.kind", (d) => (d.runs[0].results[2].kind = "pass")],
  ],
};

const lines: readonly Edit[] = [
  ["hash.differs", (all) => (all[0].metadata.event_code = "setting")],
  ["count.differs", (all) => all.splice(2, 1)],
  ["position.order", (all) => ([all[1], all[2]] = [all[2], all[1]])],
  ["event.verdict", (all) => (all.find((one: { unmapped: { outcome?: string } }) => one.unmapped.outcome === "deny").action_id = 1)],
  ["event.type", (all) => (all[0].type_uid = 1)],
  ["position.beyond", (all) => (all[3].metadata.sequence = 4000)],
  ["manifest.missing", (all) => all.pop()],
];

const statements: readonly Edit[] = [
  ["signature.invalid", (of) => (of.statement.predicate.exportedBy = "eve@halden.example")],
  ["hash.differs", (of) => (of.statement.subject[0].digest.sha256 = "0".repeat(64))],
  ["authorization.ended", (of) => (of.statement.predicate.systems[0].authorization.ends = "2026-02-01T00:00:00.000Z")],
  ["reference.orphan", (of) => of.statement.subject.pop()],
  ["manifest.format", (of) => (of.statement.predicate.format = "sarif")],
  ["signature.key", (of) => (of.keyid = "somebody else")],
];

const cards: readonly (readonly [string, (text: string) => string])[] = [
  ["hash.differs", (text) => text.replace("Tier T2", "Tier T0")],
  ["section.missing", (text) => text.replace("## What is open", "## All is well")],
  ["count.differs", (text) => text.replace("1 pass, 2 fail", "3 pass, 2 fail")],
  ["hash.invalid", (text) => text.replace(/\| [0-9a-f]{64} \|\n/, "| none |\n")],
  ["text.verdict", (text) => text.replace("Answers billing questions.", "Is compliant with everything.")],
  ["manifest.missing", (text) => text.replace("\n---\n", "\n")],
];

/** The sample export of a format, corrupted in five ways or more, each hash and signature made again where whoever did it could. */
export async function seededCorruptions(format: ExportFormat): Promise<readonly SeededCorruption[]> {
  const sample = await exportSample(format);
  if (format === "ocsf") return lines.map(([code, edit]) => ({ code, text: corruptLines(sample, code, edit) }));
  if (format === "in-toto") return statements.map(([code, edit]) => ({ code, text: corruptStatement(sample, code, edit) }));
  if (format === "model-card") return cards.map(([code, edit]) => ({ code, text: corruptCard(sample, code, edit) }));
  return documents[format]!.map(([code, edit]) => {
    const document = JSON.parse(sample) as unknown;
    edit(document);
    const careless = JSON.stringify(document);
    return { code, text: sealAgain(format, document), careless };
  });
}

function corruptLines(sample: string, code: string, edit: Edit[1]): string {
  const all = sample.trim().split("\n").map((line) => JSON.parse(line) as { unmapped: { contentSha256: string } });
  edit(all);
  // Only where the hash itself isn't what gives it away.
  if (code !== "hash.differs" && code !== "manifest.missing") {
    const own = all.at(-1)!;
    own.unmapped.contentSha256 = "";
    own.unmapped.contentSha256 = sha256Hex(all.slice(0, -1).map((one) => `${JSON.stringify(one)}\n`).join("") + canonicalText(own));
  }
  return `${all.map((one) => JSON.stringify(one)).join("\n")}\n`;
}

function corruptStatement(sample: string, code: string, edit: Edit[1]): string {
  const envelope = JSON.parse(sample) as { payload: string; signatures: [{ keyid: string; sig: string }] };
  const of = { statement: JSON.parse(Buffer.from(envelope.payload, "base64").toString()) as unknown, keyid: envelope.signatures[0].keyid };
  edit(of);
  const payload = Buffer.from(JSON.stringify(of.statement));
  const sig = code === "signature.invalid" ? envelope.signatures[0].sig : Buffer.from(sampleSigner.sign(preAuth(payload))).toString("base64");
  return JSON.stringify({ ...envelope, payload: payload.toString("base64"), signatures: [{ keyid: of.keyid, sig }] });
}

function corruptCard(sample: string, code: string, edit: (text: string) => string): string {
  const altered = edit(sample);
  const end = altered.indexOf("\n---\n", 4);
  if (code === "hash.differs" || end < 0) return altered;
  const seal = cardHash(JSON.parse(altered.slice(4, end)) as object, altered.slice(end + 5));
  return altered.replace(/"contentSha256": "[0-9a-f]{64}"/, `"contentSha256": "${seal}"`);
}
