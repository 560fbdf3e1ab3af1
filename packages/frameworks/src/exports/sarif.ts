import { createHash } from "node:crypto";
import { canonicalText, stableUuid } from "./canonical.ts";
import type { ExportHead, FindingFacts } from "./facts.ts";
import { documentUuid, manifestOf } from "./manifest.ts";

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const levels = { low: "note", medium: "warning", high: "error", critical: "error" } as const;

/** A kind of finding, as SARIF's rule. */
export interface RuleFacts {
  readonly id: string;
  readonly title: string;
  readonly severity: FindingFacts["severity"];
  readonly fix: string;
}

export interface SarifSource {
  /** Every cause that occurs in `findings`, sorted by id. */
  readonly rules: readonly RuleFacts[];
  readonly counts: Readonly<Record<FindingFacts["state"], number>>;
  /** In batches: there can be more than memory holds. */
  readonly findings: AsyncIterable<readonly FindingFacts[]>;
}

/**
 * SARIF 2.1.0 of findings that aren't closed, written as it is read. The hash at the end is over the results' canonical
 * forms, one a line, and then over that of all the rest.
 */
export async function* sarif(head: ExportHead, source: SarifSource): AsyncGenerator<string> {
  const ruleIndex = new Map(source.rules.map((one, index) => [one.id, index]));
  const driver = {
    name: "Mandate",
    rules: source.rules.map((one) => ({ id: one.id, shortDescription: { text: one.title }, defaultConfiguration: { level: levels[one.severity] }, help: { text: one.fix } })),
  };
  const uuid = documentUuid("sarif", head);
  const run = { tool: { driver }, automationDetails: { id: "mandate/findings/", guid: uuid }, invocations: [{ executionSuccessful: true, endTimeUtc: head.exportedAt }] };
  yield `{"$schema":"${sarifSchema}","version":"2.1.0","runs":[${JSON.stringify(run).slice(0, -1)},"results":[`;
  const hash = createHash("sha256");
  let count = 0;
  for await (const batch of source.findings) {
    let text = "";
    for (const one of batch) {
      const result = resultOf(head, one, ruleIndex);
      hash.update(`${canonicalText(result)}\n`);
      text += `${count++ === 0 ? "\n" : ",\n"}${JSON.stringify(result)}`;
    }
    yield text;
  }
  const counts = { results: count, rules: source.rules.length, ...source.counts };
  const manifest = manifestOf("sarif", head, counts);
  hash.update(canonicalText({ $schema: sarifSchema, version: "2.1.0", runs: [{ ...run, results: [], properties: { ...manifest, contentSha256: "" } }] }));
  yield `\n],"properties":${JSON.stringify({ ...manifest, contentSha256: hash.digest("hex") })}}]}\n`;
}

function resultOf(head: ExportHead, one: FindingFacts, ruleIndex: ReadonlyMap<string, number>): Record<string, unknown> {
  return {
    ruleId: one.cause,
    ruleIndex: ruleIndex.get(one.cause) ?? -1,
    guid: stableUuid(head.organization.id, "finding", one.id),
    kind: "fail",
    level: levels[one.severity],
    message: { text: one.detail.trim() === "" ? one.title : `${one.title}. ${one.detail}` },
    locations: [{ logicalLocations: [{ name: one.system ?? head.organization.name, fullyQualifiedName: one.system === null ? "organization" : `system:${one.system}`, kind: "module" }] }],
    partialFingerprints: { "mandateFinding/v1": one.id },
    occurrenceCount: Math.max(1, one.seen),
    ...(one.stands === null ? {} : { suppressions: [{ kind: "external", status: "accepted", justification: `${one.stands.reason} (by ${one.stands.by}, until ${one.stands.until})` }] }),
    properties: { state: one.state, severity: one.severity, openedAt: one.openedAt, lastSeenAt: one.lastSeenAt, due: one.due, owner: one.owner, ...(one.stands === null ? {} : { standsUntil: one.stands.until }) },
  };
}
