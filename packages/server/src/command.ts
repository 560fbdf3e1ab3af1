import type { EntryType, Role } from "@mandate/model";

export interface ScopedRole {
  readonly role: Role;
  /** `unit:NAME` or `system:NAME`. */
  readonly scope: string;
  /** Systems it reaches now. */
  readonly systems: readonly string[];
}

/** Who does something, with the roles held at this moment (they go into the evidence). */
export interface Actor {
  readonly kind: "person" | "service" | "bootstrap" | "system";
  /** `per_…` for a person, `svc_…` for a service account; `bootstrap` or the job's name otherwise. */
  readonly id: string;
  readonly email: string | null;
  readonly roles: readonly Role[];
  /**
   * How the actor proved itself. `minted` is a token or session that another person could have opened: it may read and
   * edit, and approves nothing once a person administers. `session` is one opened by a link, `passkey`, `password` (with
   * a TOTP code: the weaker way) and `oidc` one opened by that.
   */
  readonly proof: "session" | "passkey" | "password" | "oidc" | "token" | "minted" | "bootstrap" | "internal";
  /** Roles for one unit or system alone; `roles` are those held everywhere. */
  readonly scopedRoles?: readonly ScopedRole[];
  /** Epoch ms until which it decides nothing at T2 or above (SPEC 2, People): what it signed in with is new. */
  readonly coolingUntil?: number;
  /** What a service account was given; its roles are none. */
  readonly scopes?: readonly string[];
}

/** Evidence of one mutation. Sealed payload: may name people and reasons. */
export interface MutationEvidence {
  readonly type: EntryType;
  /** System name, when it concerns one. */
  readonly system?: string;
  readonly approvals?: readonly string[];
  /** Hex SHA-256 of something high in entropy that stands elsewhere in the open (an approval's signature): goes into the header. */
  readonly commits?: string;
  /** The audit that this is a record of. */
  readonly audit?: string;
  /** Names of sealed contents whose bytes went with this: goes into the header. */
  readonly erased?: readonly string[];
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * What every command gets. `transact` is the only way to change anything: row, history, evidence entry and register
 * version commit together or not at all; after the commit the snapshot is published.
 * @typeParam Tx the database transaction (Kysely) of the server
 */
export interface CommandContext<Tx> {
  readonly org: string;
  readonly actor: Actor;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly transact: <T>(work: (tx: Tx, record: (evidence: MutationEvidence) => void) => Promise<T>) => Promise<T>;
  /** Read-only, same organization scope. */
  readonly read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
}

/**
 * What ends with a person, in the transaction that deactivates them; each slice brings its own.
 * @typeParam Tx the database transaction (Kysely) of the server
 */
export type Departure<Tx> = (tx: Tx, ctx: CommandContext<Tx>, person: { readonly id: string; readonly email: string }, record: (evidence: MutationEvidence) => void) => Promise<void>;
