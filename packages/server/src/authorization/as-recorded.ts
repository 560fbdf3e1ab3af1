import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { inForceStates } from "./store.ts";
import type { Authorization } from "./store.ts";

/** Versions whose content was seen to hash to their digest, by digest: MD5 of the text it was checked in. Bounded. */
const sound = new Map<string, string>();
const maxSound = 50_000;

/**
 * Authorizations in force as gateways may believe them. INVARIANT (G5, G6): a row changed past the product lasts no longer
 * than its own history says, and a version whose content isn't the one its digest names grants nothing.
 */
export async function asRecorded(tx: Tx, org: string, held: ReadonlyMap<string, Authorization>): Promise<Map<string, Authorization>> {
  const all = [...held.values()];
  if (all.length === 0) return new Map();
  const steps = await sql<{ id: string; state: Authorization["state"]; ends: Date | null }>`select distinct on (authorization_id) authorization_id as id, state, ends from authorization_history
    where org = ${org} and authorization_id = any(${all.map((one) => one.id)}) order by authorization_id, seq desc`.execute(tx);
  return believable(held, new Map(steps.rows.map((step) => [step.id, step])), await alteredVersions(tx, org, all));
}

export interface LastStep {
  readonly state: Authorization["state"];
  readonly ends: Date | null;
}

/** Pure. @param altered `system digest` of versions whose content isn't theirs */
export function believable(held: ReadonlyMap<string, Authorization>, last: ReadonlyMap<string, LastStep>, altered: ReadonlySet<string>): Map<string, Authorization> {
  return new Map(
    [...held].flatMap(([name, one]) => {
      const step = last.get(one.id);
      if (!step || !step.ends || !one.ends || !inForceStates.includes(step.state) || altered.has(`${one.system} ${one.versionDigest}`)) return [];
      return [[name, one.ends <= step.ends ? one : { ...one, ends: step.ends }] as const];
    }),
  );
}

export function isOwnContent(manifest: unknown, digest: string): boolean {
  return createHash("sha256").update(canonicalBytes(manifest)).digest("hex") === digest;
}

async function alteredVersions(tx: Tx, org: string, all: readonly Authorization[]): Promise<Set<string>> {
  const digests = all.map((one) => one.versionDigest);
  const marks = await sql<{ system: string; digest: string; mark: string }>`select system, digest, md5(manifest::text) as mark from system_versions where org = ${org} and digest = any(${digests})`.execute(tx);
  const unseen = marks.rows.filter((row) => sound.get(row.digest) !== row.mark);
  if (unseen.length === 0) return new Set();
  const { rows } = await sql<{ system: string; digest: string; manifest: unknown }>`select system, digest, manifest from system_versions where org = ${org} and digest = any(${unseen.map((row) => row.digest)})`.execute(tx);
  const altered = new Set<string>();
  for (const { system, digest, manifest } of rows) {
    if (!isOwnContent(manifest, digest)) altered.add(`${system} ${digest}`);
    else sound.set(digest, unseen.find((row) => row.digest === digest && row.system === system)!.mark);
  }
  for (const digest of sound.keys()) if (sound.size > maxSound) sound.delete(digest);
  return altered;
}
