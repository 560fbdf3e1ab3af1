import { ownerWords } from "@mandate/frameworks";
import type { SpecOf, Tier } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { recordsAsOf } from "./pack-records.ts";
import type { RecordRow } from "./pack-records.ts";

interface Named<K extends "AISystem" | "Document" | "Model" | "Destination"> {
  readonly name: string;
  readonly spec: SpecOf<K>;
}

const bare = (reference: string): string => reference.slice(reference.indexOf(":") + 1);

/** What was assessed before anybody said yes, and what follows when a vendor is left: one row for each system or vendor, with whoever owes what is missing. */
export async function assessmentAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const asOf = async <K extends "AISystem" | "Document" | "Model" | "Destination">(kind: K) => (await recordsAsOf(tx, org, kind, scope.until)) as unknown as readonly Named<K>[];
  const systems = (await asOf("AISystem")).filter((one) => scope.systems.length === 0 || scope.systems.includes(one.name));
  const states = await sql<{ system: string; tier: Tier }>`select system, tier from system_states where org = ${org}`.execute(tx);
  const tiers = new Map(states.rows.map((row) => [row.system, row.tier]));
  return assessmentSections({ systems, tiers, documents: await asOf("Document"), models: await asOf("Model"), destinations: await asOf("Destination"), vendors: await recordsAsOf(tx, org, "Vendor", scope.until) }, scope);
}

export interface Assessed {
  readonly systems: readonly Named<"AISystem">[];
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly documents: readonly Named<"Document">[];
  readonly models: readonly Named<"Model">[];
  readonly destinations: readonly Named<"Destination">[];
  readonly vendors: readonly RecordRow[];
}

export function assessmentSections({ systems, tiers, documents, models, destinations, vendors }: Assessed, scope: PackScope): SectionAnswers {
  const words = scopeWords(scope);
  const source = "register_history (append-only)";
  const seats = (one: Named<"AISystem">) => ({ owners: { business: one.spec.owners.business ?? null, technical: one.spec.owners.technical ?? null } });
  const shown = ({ name, spec: { title, type, owner, ends, url, sha256 } }: Named<"Document">) => ({ name, title, type, owner, ends: ends ?? null, url: url ?? null, sha256: sha256 ?? null });

  const high = systems.filter((one) => (one.spec.intake?.annex3 ?? []).length > 0);
  const claims = high.map((one) => ({ system: one.name, annex3: one.spec.intake?.annex3 ?? [], article6_3: one.spec.intake?.article6_3 ?? null, profiling: one.spec.intake?.profiling ?? null, answeredBy: one.spec.intake?.answeredBy ?? null, answeredAt: one.spec.intake?.answeredAt ?? null }));
  const unasked = systems.filter((one) => one.spec.intake?.annex3 === undefined);

  const impact = systems.map((one) => {
    const found = documents.filter(({ spec }) => (spec.type === "fria" || spec.type === "dpia") && spec.systems.includes(`system:${one.name}`));
    const tier = tiers.get(one.name) ?? null;
    return { one, row: { system: one.name, tier, asked: tier === "T2" || tier === "T3" || tier === "X", documents: found.map(shown) } };
  });

  const usersOf = new Map<string, Named<"AISystem">[]>();
  for (const one of systems) {
    const named = [...models.filter(({ name }) => one.spec.uses.models.includes(`model:${name}`)), ...destinations.filter(({ name }) => one.spec.uses.destinations.includes(`destination:${name}`))];
    for (const vendor of new Set(named.flatMap(({ spec }) => (spec.vendor === undefined ? [] : [bare(spec.vendor)])))) usersOf.set(vendor, [...(usersOf.get(vendor) ?? []), one]);
  }
  const exits = [...usersOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([vendor, users]) => ({ vendor, users, plans: documents.filter(({ spec }) => spec.type === "exit-plan" && spec.vendor === `vendor:${vendor}`) }));

  // A vendor of other systems alone is nobody's business in a pack of one.
  const contracts = vendors.filter((one) => scope.systems.length === 0 || usersOf.has(one.name));

  const minutes = documents.filter(({ spec }) => spec.type === "minutes" && (scope.systems.length === 0 || spec.systems.some((name) => scope.systems.includes(bare(name)))));
  return {
    E04: {
      "Article 6(3) assessments": packAnswer({
        source, query: `each system that its intake puts in Annex III, with what it claims under Article 6(3) and who answered; at the end of the period; ${words}`,
        gaps: [...unasked.map((one) => `${one.name}: whether Annex III concerns it is not recorded: owner ${ownerWords("business-owner", seats(one))}.`), ...high.filter((one) => one.spec.intake?.article6_3 === undefined).map((one) => `${one.name}: whether Article 6(3) is claimed is not recorded: owner ${ownerWords("business-owner", seats(one))}.`)],
        rows: claims,
      }),
    },
    E05: {
      "impact assessments": packAnswer({
        source, query: `each system with its assessments of the impact on fundamental rights (fria) and data protection (dpia), at the end of the period; asked of tiers T2, T3 and X; ${words}`,
        gaps: [...(systems.length === 0 ? ["No system is on record: owner governance lead."] : []), ...impact.filter(({ row }) => row.asked && row.documents.length === 0).map(({ one, row }) => `${one.name} (${row.tier}): not recorded: owner ${ownerWords("business-owner", seats(one))}, legal reviewer.`), ...impact.filter(({ row }) => row.tier === null && row.documents.length === 0).map(({ one }) => `${one.name} has no tier yet, so whether one is asked for isn't known: owner ${ownerWords("business-owner", seats(one))}.`)],
        rows: impact.map(({ row }) => row),
      }),
    },
    E12: {
      "vendor reviews and contracts": packAnswer({
        source, query: `each vendor on record at the end of the period, in its newest version by then${scope.systems.length === 0 ? "" : ", that these systems depend on"}; ${words}`,
        gaps: [...(contracts.length === 0 ? ["No vendor is on record."] : []), ...exits.filter(({ vendor }) => !vendors.some((one) => one.name === vendor)).map(({ vendor }) => `vendor:${vendor} is named and not recorded: owner business owners of the systems that use it.`), ...contracts.filter((one) => one.spec["contract"] === undefined).map((one) => `vendor:${one.name}: a contract is not recorded: owner ${[...new Set((usersOf.get(one.name) ?? []).map((user) => ownerWords("business-owner", seats(user))))].join(", ") || "business owners"}.`)],
        rows: contracts.map((row) => ({ ...row, at: row.at.toISOString() })),
      }),
      "exit plans": packAnswer({
        source, query: `each vendor that a model or recipient of these systems comes from, with its exit plans (documents of type exit-plan that name it), at the end of the period; ${words}`,
        gaps: exits.filter(({ plans }) => plans.length === 0).map(({ vendor, users }) => `vendor:${vendor}: not recorded: owner ${[...new Set(users.map((one) => ownerWords("business-owner", seats(one))))].join(", ")}.`),
        rows: exits.map(({ vendor, users, plans }) => ({ vendor, systems: users.map((one) => one.name), plans: plans.map(shown) })),
      }),
    },
    E14: {
      "management review inputs": packAnswer({ source, query: `minutes on record at the end of the period; ${words}`, gaps: minutes.length === 0 ? ["Minutes of a management review are not recorded: owner governance lead."] : [], rows: minutes.map(shown) }),
    },
  };
}
