import type { Tx } from "../database/index.ts";
import { listWitnesses, quorumOf } from "../evidence/index.ts";

/** What outside witnesses say of the log, as their quorum has it. */
export interface Anchor {
  /** Names of those that this installation asks. */
  readonly witnesses: readonly string[];
  /** When the last of a quorum signed; null: a quorum never has. */
  readonly at: Date | null;
}

/** The age of an anchor is that of the signature that completes its quorum: fewer vouch for nothing. */
export async function lastAnchor(tx: Tx, org: string): Promise<Anchor> {
  const outside = (await listWitnesses(tx, org)).filter((one) => one.outside);
  return { witnesses: outside.map((one) => one.name), at: completing(outside.map((one) => one.signedAt)) };
}

/** Pure. When the last of the newest quorum signed. */
export function completing(signed: readonly (Date | null)[]): Date | null {
  const newest = signed.flatMap((one) => one ?? []).toSorted((a, b) => b.getTime() - a.getTime());
  return signed.length === 0 ? null : (newest[quorumOf(signed.length) - 1] ?? null);
}
