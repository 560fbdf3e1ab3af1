import type { DocumentFacts, TechnicalFileFacts } from "@mandate/frameworks";
import type { MeasuredFacts, SystemFacts } from "@mandate/frameworks/exports";
import type { SpecOf } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { recordsAsOf } from "../registry/index.ts";
import type { RecordRow } from "../registry/index.ts";

interface Named<Spec> {
  readonly name: string;
  readonly spec: Spec;
}

/** Records of the period's end, read once for all systems. */
export interface FileRecords {
  readonly systems: ReadonlyMap<string, SpecOf<"AISystem">>;
  readonly documents: readonly Named<SpecOf<"Document">>[];
  readonly risks: readonly Named<SpecOf<"Risk">>[];
  readonly evaluations: readonly Named<SpecOf<"Evaluation">>[];
  readonly reviews: readonly Named<SpecOf<"OutcomeReview">>[];
  readonly trainings: readonly Named<SpecOf<"TrainingRecord">>[];
  readonly flows: readonly RecordRow[];
  readonly versions: ReadonlyMap<string, TechnicalFileFacts["versions"]>;
}

export async function readFileRecords(tx: Tx, org: string, until: string | null): Promise<FileRecords> {
  // What the history holds was parsed when it was written.
  const of = async <Spec>(kind: string): Promise<readonly Named<Spec>[]> => (await recordsAsOf(tx, org, kind, until)).map(({ name, spec }) => ({ name, spec: spec as Spec }));
  const { rows } = await sql<{ system: string; number: number; digest: string; at: Date }>`select system, number, digest, created_at as at from system_versions
    where org = ${org} and created_at < coalesce(${until}::timestamptz, 'infinity') order by system, number`.execute(tx);
  return {
    systems: new Map((await of<SpecOf<"AISystem">>("AISystem")).map((one) => [one.name, one.spec])),
    documents: await of("Document"),
    risks: await of("Risk"),
    evaluations: await of("Evaluation"),
    reviews: await of("OutcomeReview"),
    trainings: await of("TrainingRecord"),
    flows: await recordsAsOf(tx, org, "DataFlow", until),
    versions: Map.groupBy(rows.map(({ at, ...row }) => ({ ...row, createdAt: at.toISOString() })), (row) => row.system),
  };
}

export function fileFacts(system: SystemFacts, records: FileRecords, measured: readonly MeasuredFacts[], at: string): TechnicalFileFacts {
  const own = `system:${system.name}`;
  const spec = records.systems.get(system.name);
  const owners = new Set([system.owners.business, system.owners.technical]);
  return {
    system,
    at,
    roles: (spec?.roles ?? []).map(({ entity, role, jurisdiction }) => [role, entity, ...(jurisdiction === undefined ? [] : [jurisdiction])].join(" ")),
    policies: spec?.policies ?? [],
    reassessAlsoWhen: spec?.reassessAlsoWhen ?? [],
    versions: (records.versions.get(system.name) ?? []).map(({ number, digest, createdAt }) => ({ number, digest, createdAt })),
    documents: records.documents.filter((one) => one.spec.systems.includes(own)).map(documentFacts),
    risks: records.risks.filter((one) => one.spec.systems.includes(own)).map(({ name, spec: { title, treatment, residual, controls } }) => ({ name, title, treatment, residual, controls })),
    evaluations: records.evaluations.filter((one) => one.spec.system === own).map(({ name, spec: { metric, threshold, score, measured: when, dataset } }) => ({ name, metric, threshold: `${threshold.direction === "at-least" ? "at least" : "at most"} ${threshold.value}`, score: score ?? null, measured: when ?? null, dataset: dataset ?? null })),
    reviews: records.reviews.filter((one) => one.spec.system === own).map(({ name, spec: { from, until, sampled, adverse } }) => ({ name, from, until, sampled, adverse })),
    trained: records.trainings.filter((one) => one.spec.systems.includes(own) || owners.has(one.spec.person)).map(({ spec: { person, course, ends } }) => ({ person, course, ends: ends ?? null })),
    measured,
  };
}

function documentFacts({ name, spec }: Named<SpecOf<"Document">>): DocumentFacts {
  const { title, type, owner, url, sha256, ends, annex4 } = spec;
  return { name, title, type, owner, url: url ?? null, sha256: sha256 ?? null, ends: ends ?? null, annex4: annex4 ?? [] };
}
