import { sql } from "kysely";
import type { Json } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";

/** Entries a batch brings, by system; '' is for those of none. */
export interface SystemCounts {
  readonly systems: readonly string[];
  readonly counts: readonly number[];
}

/** A gateway that is not ours to trust names systems too: what no register holds isn't counted, and so proves nothing. */
const maxNameLength = 128;

/**
 * The system that an entry is counted for, '' for none; undefined: it isn't counted. Records of audits belong to audits: a pack of a
 * system leaves out those of others'.
 */
export function countedSystem({ type, system }: { readonly type?: unknown; readonly system?: unknown }): string | undefined {
  if (type === "audit") return undefined;
  const name = typeof system === "string" ? system : "";
  return name.length <= maxNameLength ? name : undefined;
}

export function countSystems(headers: readonly { readonly type?: unknown; readonly system?: unknown }[]): SystemCounts {
  const counts = new Map<string, number>();
  for (const header of headers) {
    const name = countedSystem(header);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return { systems: [...counts.keys()], counts: [...counts.values()] };
}

/** Of a header's 64 KB, so that size, root and what canonical JSON adds have room. */
const maxSealedBytes = 32_000;

/** Members of the meta-log's entries about one log: more than one where many systems grew. */
export interface SealedCounts {
  /** First entry counted. Earlier ones were written by a release that counted none. */
  readonly counted: number;
  /** Entries of each system from there on. */
  readonly systems: Readonly<Record<string, number>>;
}

/**
 * What to seal beside a checkpoint: each system's count that differs from the one sealed before, or all of them.
 * Empty where not every entry up to `size` was counted. The caller holds the log's row, so nothing is counted meanwhile.
 */
export async function takeCounts(tx: Tx, org: string, origin: string, size: number, which: "changed" | "all"): Promise<Record<string, Json>[]> {
  const { rows: spans } = await sql<{ from: string }>`SELECT from_index AS from FROM evidence_counted WHERE org = ${org} AND origin = ${origin} AND to_index = ${size}`.execute(tx);
  const span = spans[0];
  if (span === undefined) return [];
  const { rows } = which === "all"
    ? await sql<{ system: string; entries: string }>`SELECT system, entries FROM evidence_count WHERE org = ${org} AND origin = ${origin} ORDER BY system`.execute(tx)
    : await sql<{ system: string; entries: string }>`UPDATE evidence_count SET sealed = entries WHERE org = ${org} AND origin = ${origin} AND entries <> sealed RETURNING system, entries`.execute(tx);
  const parts: Record<string, Json>[] = [];
  let systems: Record<string, number> = {};
  let bytes = 0;
  for (const { system, entries } of rows) {
    const more = Buffer.byteLength(JSON.stringify(system)) + entries.length + 2;
    if (bytes + more > maxSealedBytes) {
      parts.push({ counted: Number(span.from), systems });
      systems = {};
      bytes = 0;
    }
    systems[system] = Number(entries);
    bytes += more;
  }
  // That nothing changed is sealed as well: without it nobody could tell what the log holds up to this size.
  if (bytes > 0 || parts.length === 0) parts.push({ counted: Number(span.from), systems });
  return parts;
}
