import type { Snapshot } from "@mandate/gateway";
import type { CredentialFacts, RegisterFacts, SystemFacts } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** Clocks of two machines that write here differ by less. */
const marginMs = 120_000;

export interface StoppedNow {
  /** State of each key that lately lost its own. */
  readonly credentials: ReadonlyMap<string, CredentialFacts["state"]>;
  readonly halted: ReadonlyMap<string, "suspended" | "retired">;
  /** Somebody stopped everything. */
  readonly everything: boolean;
}

/** What was taken away, without reading the register: a few rows, however large it is. */
export async function readStoppedNow(tx: Tx, org: string, sinceMs: number): Promise<StoppedNow> {
  const keys = await sql<{ id: string; state: CredentialFacts["state"] }>`select id, state from credentials where org = ${org} and state <> 'active' and changed_at > ${new Date(sinceMs - marginMs)}`.execute(tx);
  const halts = await sql<{ system: string; halt: "suspended" | "retired" }>`select system, halt from system_states where org = ${org} and halt is not null`.execute(tx);
  const all = await sql`select 1 from stops where org = ${org} and scope = 'all' and ended_at is null limit 1`.execute(tx);
  return {
    credentials: new Map(keys.rows.map((row) => [row.id, row.state])),
    halted: new Map(halts.rows.map((row) => [row.system, row.halt])),
    everything: all.rows.length > 0,
  };
}

/**
 * The snapshot without what was taken away since it was read. INVARIANT: it only ever takes away, so it is right whether
 * it meets an older snapshot or a newer one; what was given back waits for the register to be read anew. What isn't
 * touched stays the same object, so that nobody works on it again; the same snapshot when nothing is.
 */
export function withoutStopped(snapshot: Snapshot, facts: RegisterFacts, stopped: StoppedNow): Snapshot {
  const credentials = changed(snapshot.credentials, (one) => {
    const state = stopped.credentials.get(one.id);
    return state === undefined || one.state !== "active" ? one : { ...one, state };
  });
  const systems = changed(facts.systems, (one) => haltedAs(one, stopped));
  if (credentials === snapshot.credentials && systems === facts.systems && facts === snapshot.facts) return snapshot;
  const { factsDigest, ...rest } = snapshot;
  const made = { ...rest, credentials, facts: systems === facts.systems ? facts : { ...facts, systems } };
  // A halted system's calls are refused before any rule is asked. What the rules themselves see differently is kept under
  // no name yet: such a decision counts as not replayable, rather than as another.
  return facts === snapshot.facts && factsDigest !== undefined ? { ...made, factsDigest } : made;
}

function haltedAs(system: SystemFacts, { halted, everything }: StoppedNow): SystemFacts {
  const halt = halted.get(system.name) ?? (everything ? "suspended" : undefined);
  if (halt === undefined || system.status === "refused") return system;
  return { ...system, status: "refused", statusCode: halt === "retired" ? "system_retired" : "system_suspended" };
}

function changed<T>(items: readonly T[], of: (item: T) => T): readonly T[] {
  const made = items.map(of);
  return made.every((item, at) => item === items[at]) ? items : made;
}
