import type { SystemFacts } from "@mandate/frameworks/exports";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { RecordRow } from "../registry/index.ts";

/** One way that data takes, or may take. */
export interface LineageEdge {
  readonly from: string;
  readonly to: string;
  /** `granted`: the version allows it. `declared`: a data flow of the register says so. `observed`: calls were allowed. */
  readonly basis: "granted" | "declared" | "observed";
  readonly about: Readonly<Record<string, unknown>>;
}

export interface Lineage {
  readonly edges: readonly LineageEdge[];
  readonly gaps: readonly string[];
}

export interface ObservedUse {
  readonly action: string;
  /** `model:NAME`, `tool:NAME`, `destination:NAME`. */
  readonly resource: string;
  readonly allowed: number;
  readonly lastAt: string;
}

/** Data of a system from where it comes to where it goes, as granted, as people declared it, and as calls showed it. Pure. */
export function lineageOf(system: SystemFacts, flows: readonly RecordRow[], observed: readonly ObservedUse[]): Lineage {
  const self = `system:${system.name}`;
  const granted = system.parts.flatMap((part): readonly LineageEdge[] => {
    const other = `${part.kind}:${part.name}`;
    const about = { ...part.facts, ...(part.classes.length === 0 ? {} : { classes: part.classes }), ...(part.vendor === null ? {} : { vendor: part.vendor }), entrySha256: part.sha256 };
    const out: LineageEdge = { from: self, to: other, basis: "granted", about };
    const back: LineageEdge = { from: other, to: self, basis: "granted", about };
    if (part.kind === "dataset" || part.kind === "prompt") return [back];
    return part.kind === "destination" ? [out] : [out, back];
  });
  const declared = flows.filter(({ spec }) => [spec["system"], spec["from"], spec["to"]].includes(self)).map(({ name, version, spec }): LineageEdge => {
    const { from, to, ...about } = spec;
    return { from: String(from), to: String(to), basis: "declared", about: { flow: name, version, ...about } };
  });
  const seen = observed.map(({ resource, ...about }): LineageEdge => ({ from: self, to: resource, basis: "observed", about }));
  const owner = system.owners.technical === null ? "technical owner, a seat that is vacant" : `${system.owners.technical} (technical owner)`;
  const datasets = system.parts.filter((part) => part.kind === "dataset");
  return {
    edges: [...granted, ...declared, ...seen],
    gaps: [
      ...datasets.map((part) => `dataset:${part.name}: where it comes from, how it was obtained, labelled and cleaned is not recorded: owner ${part.owner ?? owner}.`),
      ...datasets.filter((part) => part.facts["region"] === undefined).map((part) => `dataset:${part.name}: its region is not recorded: owner ${part.owner ?? owner}.`),
      ...(declared.length === 0 ? [`Flows between its parts are not recorded: owner ${owner}.`] : []),
      ...system.unresolved.map((name) => `${name} is used and not in the register: owner ${owner}.`),
    ],
  };
}

/** What calls were allowed to reach, by the counts kept of them. */
export async function observedUses(tx: Tx, org: string, systems: readonly string[]): Promise<ReadonlyMap<string, readonly ObservedUse[]>> {
  const { rows } = await sql<{ system: string; action: string; resource: string; allowed: string; lastAt: Date }>`select system, action, resource, allowed, last_at as "lastAt" from observed_uses
    where org = ${org} and system = any(${[...systems]}::text[]) and allowed > 0 order by system, action, resource`.execute(tx);
  return Map.groupBy(rows.map(({ allowed, lastAt, ...row }) => ({ ...row, allowed: Number(allowed), lastAt: lastAt.toISOString() })), (row) => row.system);
}
