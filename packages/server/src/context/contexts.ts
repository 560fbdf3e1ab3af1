import type { Database, Tx } from "../database/index.ts";
import type { Actor, CommandContext, MutationEvidence } from "../command.ts";
import { bumpRegisterVersion, readRegisterVersion } from "./register-version.ts";

export type ServerContext = CommandContext<Tx>;

/** Writes entries of the control plane's log inside the transaction of what they prove. */
export type AppendEvidence = (tx: Tx, entries: readonly (MutationEvidence & { readonly actor: Actor; readonly register: number })[]) => Promise<void>;

export interface ContextOptions {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly append: AppendEvidence;
  /** After a commit that raised the register version: resolves when gateways swapped, or after their time is up. */
  readonly published: (version: number) => Promise<void>;
  /** After any commit that wrote evidence. */
  readonly recorded: (entries: readonly MutationEvidence[], version: number) => void;
}

export interface Contexts {
  /** For commands that change what gateways enforce or people see in the register. */
  for(actor: Actor): ServerContext;
  /** For commands that change nothing a gateway holds (sessions, tokens, tickets): same evidence, no new snapshot. */
  quiet(actor: Actor): ServerContext;
}

/** Carries a result out of a transaction that must not commit. */
class NothingRecorded {
  readonly result: unknown;
  constructor(result: unknown) {
    this.result = result;
  }
}

export function createContexts(options: ContextOptions): Contexts {
  const { db, org, now, random } = options;

  async function transact<T>(actor: Actor, raises: boolean, work: (tx: Tx, record: (evidence: MutationEvidence) => void) => Promise<T>): Promise<T> {
    let entries: MutationEvidence[] = [];
    let version = 0;
    let result: T;
    try {
      result = await db.transaction(org, async (tx) => {
        // A serialization failure runs this again: start from nothing.
        entries = [];
        const outcome = await work(tx, (evidence) => void entries.push(evidence));
        // INVARIANT (STYLE, Mutation): a change without evidence cannot commit. No entry, no commit.
        if (entries.length === 0) throw new NothingRecorded(outcome);
        version = raises ? await bumpRegisterVersion(tx, org, new Date(now())) : await readRegisterVersion(tx, org);
        await options.append(tx, entries.map((entry) => ({ ...entry, actor, register: version })));
        return outcome;
      });
    } catch (signal) {
      if (signal instanceof NothingRecorded) return signal.result as T;
      throw signal;
    }
    options.recorded(entries, version);
    if (raises) await options.published(version);
    return result;
  }

  const make = (actor: Actor, raises: boolean): ServerContext => ({
    org,
    actor,
    now,
    random,
    transact: (work) => transact(actor, raises, work),
    read: (work) => db.read(org, work),
  });
  return { for: (actor) => make(actor, true), quiet: (actor) => make(actor, false) };
}

/** The product itself, doing what a clock or a gateway asked for. */
export function systemActor(id: string): Actor {
  return { kind: "system", id, email: null, roles: [], proof: "internal" };
}
