import { annexIvOutline, ownerWords } from "@mandate/frameworks";
import { renderExport } from "@mandate/frameworks/exports";
import type { ExportFacts, ExportFormat, FindingFacts, SystemFacts } from "@mandate/frameworks/exports";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackFile, PackScope, SectionAnswers } from "../evidence/index.ts";
import { collectFacts, findingBatches, measuredOf } from "../exports/index.ts";
import { fileFacts, readFileRecords } from "./file-facts.ts";
import { lineageOf, observedUses } from "./lineage.ts";
import type { Lineage } from "./lineage.ts";

export interface DocumentationParts {
  readonly org: string;
  readonly organizationName: string;
  readonly now: () => number;
  readonly contexts: Contexts;
}

export interface Documentation {
  readonly answers: SectionAnswers;
  readonly files: readonly PackFile[];
}

/** Each takes some tenths of a second at worst; a pack of more systems names the rest. */
export const maxDocumentedSystems = 200;

/**
 * `documentation/NAME/…` of each system of a pack (E06): the outline of its technical file with what nobody recorded and who
 * can, its model card, its bill of materials and where its data goes.
 */
export async function documentation(tx: Tx, parts: DocumentationParts, scope: PackScope, actor: Actor, nowMs: number): Promise<Documentation> {
  const { org } = parts;
  const all = await collectFacts(tx, parts, { actor, systems: scope.systems.length === 0 ? null : scope.systems }, nowMs);
  const chosen = all.systemFacts.slice(0, maxDocumentedSystems);
  const records = await readFileRecords(tx, org, scope.until);
  const observed = await observedUses(tx, org, chosen.map((system) => system.name));
  const at = scope.until ?? new Date(nowMs).toISOString();
  const documented: { readonly system: SystemFacts; readonly outline: ReturnType<typeof annexIvOutline>; readonly lineage: Lineage; readonly card: string; readonly bom: string }[] = [];
  for (const system of chosen) {
    const measured = await measuredOf(tx, org, nowMs, [system.name]);
    const outline = annexIvOutline(fileFacts(system, records, measured, at));
    const lineage = lineageOf(system, records.flows, observed.get(system.name) ?? []);
    const facts: ExportFacts = { ...all, systems: [system.name], systemFacts: [system], measured };
    const findings: FindingFacts[] = [];
    for await (const batch of findingBatches(tx, org, nowMs, [system.name])) findings.push(...batch);
    documented.push({ system, outline, lineage, card: await rendered("model-card", facts, findings), bom: await rendered("cyclonedx", facts, findings) });
  }
  const file = (system: SystemFacts, name: string): string => `documentation/${system.name}/${name}`;
  const json = (path: string, body: unknown): PackFile => ({ path, bytes: Buffer.from(`${JSON.stringify(body, null, 2)}\n`), mediaType: "application/json" });
  const left = all.systemFacts.length - chosen.length;
  const common = [
    ...(left === 0 ? [] : [`${left} more systems are not documented here: a pack of chosen systems holds theirs.`]),
    ...(scope.until === null ? [] : ["What a system uses, its tier and its controls are of the moment of creation; records of people are of the end of the period."]),
  ];
  const rows = <T>(of: (one: (typeof documented)[number]) => T): readonly T[] => documented.map(of);
  const source = "register_objects, register_history, system_versions, control_results, observed_uses";
  const words = scopeWords(scope);
  return {
    files: documented.flatMap(({ system, outline, lineage, card, bom }) => [
      json(file(system, "annex-iv.json"), { schema: "mandate.annex-iv/1", system: system.name, versionDigest: system.versionDigest, of: "Regulation (EU) 2024/1689, Annex IV, in our words", at, points: outline }),
      json(file(system, "data-lineage.json"), { schema: "mandate.data-lineage/1", system: system.name, versionDigest: system.versionDigest, gaps: lineage.gaps, edges: lineage.edges }),
      { path: file(system, "model-card.md"), bytes: Buffer.from(card), mediaType: "text/markdown" },
      { path: file(system, "bom.cdx.json"), bytes: Buffer.from(bom), mediaType: "application/vnd.cyclonedx+json" },
    ]),
    answers: {
      E10: {
        "flow map with region and class": {
          reached: packAnswer({ source, query: `what data of each system comes from and goes to, as its version was granted it and as calls were allowed, with region and classes on record; ${words}`, rows: documented.flatMap(({ system, lineage }) => lineage.edges.filter((edge) => edge.basis !== "declared").map(({ from, to, basis, about }) => ({ system: system.name, from, to, basis, region: about["region"] ?? null, classes: about["classes"] ?? [] }))) }),
        },
      },
      E06: {
        "Annex IV outline filled from the record with gaps marked": packAnswer({
          source, query: `for each system, each point of Annex IV with what the record holds of it; asked of tiers T2, T3 and X; ${words}`,
          gaps: [...common, ...documented.flatMap(({ system, outline }) => missing(system, outline))],
          rows: rows(({ system, outline }) => ({ system: system.name, tier: system.tier, asked: askedTiers.has(system.tier), file: file(system, "annex-iv.json"), points: outline.length, recorded: outline.filter((one) => one.state === "recorded").length, inPart: outline.filter((one) => one.state === "in part").length, notRecorded: outline.filter((one) => one.state === "not recorded").length })),
        }),
        "model cards": packAnswer({ source, query: `a model card of each system; ${words}`, gaps: [...common, ...(documented.length === 0 ? [] : ["Quality, training data and fairness of models are not recorded: owner each system's technical owner."])], rows: rows(({ system }) => ({ system: system.name, file: file(system, "model-card.md") })) }),
        "ML-BOM": packAnswer({ source, query: `CycloneDX 1.7 bill of materials of each system: what the gateway lets it reach; ${words}`, gaps: [...common, ...(documented.length === 0 ? [] : ["Libraries and what runs beside the gateway are not recorded: owner each system's technical owner."])], rows: rows(({ system }) => ({ system: system.name, file: file(system, "bom.cdx.json"), parts: system.parts.length })) }),
        "data lineage": packAnswer({ source, query: `where data of each system comes from and goes, as granted, declared and observed; ${words}`, gaps: [...common, ...documented.flatMap(({ system, lineage }) => lineage.gaps.map((gap) => `${system.name}: ${gap}`))], rows: rows(({ system, lineage }) => ({ system: system.name, file: file(system, "data-lineage.json"), edges: lineage.edges.length, gaps: lineage.gaps.length })) }),
      },
    },
  };
}

/** Annex IV is asked of what is of elevated risk; the outline of the others is there all the same. */
const askedTiers = new Set(["T2", "T3", "X"]);

/** One line a system: the points themselves say more. */
function missing(system: SystemFacts, outline: ReturnType<typeof annexIvOutline>): readonly string[] {
  const open = outline.filter((one) => one.state === "not recorded").map((one) => one.point);
  const partly = outline.filter((one) => one.state === "in part").length;
  if (!askedTiers.has(system.tier) || (open.length === 0 && partly === 0)) return [];
  return [`${system.name}: points ${open.join(", ") || "none"} not recorded, ${partly} only in part: owner ${ownerWords("technical-owner", system)}, ${ownerWords("business-owner", system)}; each says so with its own owner.`];
}

async function rendered(format: ExportFormat, facts: ExportFacts, findings: readonly FindingFacts[]): Promise<string> {
  let text = "";
  const never = (): never => {
    throw new Error("not asked for by this format");
  };
  for await (const part of renderExport(format, { facts, findings: async () => findings, findingBatches: never, events: never, signer: { name: "", vkey: "", sign: never } })) text += part;
  return text;
}
