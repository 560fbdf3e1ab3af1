import type { Remedy } from "./error.ts";

export type Outcome = "allow" | "hold" | "deny";

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** A registered object as the API gives it: manifest fields plus what the server derives. */
export type Resource = Readonly<Record<string, unknown>> & { readonly name?: string };

export interface Change {
  readonly kind: string;
  readonly name: string;
  readonly action: string;
  readonly needsApproval: boolean;
  readonly voids: readonly string[] | string | null;
}

export interface EntryRef {
  readonly log: string;
  readonly index: number;
}

export interface DecisionSummary {
  readonly id: string;
  readonly at: string;
  readonly system: string | null;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly outcome: Outcome;
  readonly code: string | null;
  readonly reason: string;
  readonly rule: string | null;
  readonly terminal: string | null;
  /** Tool calls decided inside a model's answer. */
  readonly tools: readonly { readonly tool: string; readonly outcome: Outcome }[];
  readonly intent: EntryRef | null;
}

export interface DecisionRecord extends DecisionSummary {
  readonly policyVersion: string;
  readonly registerVersion: number | string;
  readonly result: EntryRef | null;
  readonly remedies?: readonly Remedy[];
}

export interface Approval {
  readonly id: string;
  readonly state: "pending" | "approved" | "refused" | "lapsed";
  readonly statement: Readonly<Record<string, unknown>>;
  /** Hex SHA-256 of the statement's RFC 8785 form. */
  readonly digest: string;
  readonly expiresAt: string;
  readonly signature: Readonly<Record<string, unknown>> | null;
  /** What it asks, in one sentence. */
  readonly question?: string;
  /** What stands behind `argumentsHash`, for a reader. */
  readonly facts?: readonly { readonly label: string; readonly value: unknown }[];
}

export interface NewCredential {
  readonly id: string;
  /** Shown once; only its hash is stored. */
  readonly key: string;
  readonly notAfter: string;
}

export interface LogHead {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  /** As the server sends it; base64 or hex of 32 bytes. */
  readonly root: string;
}

export interface EvidenceEntry {
  readonly header: Readonly<Record<string, unknown>>;
  /** Base64 of the exact leaf bytes. */
  readonly leaf: string;
  readonly proof: { readonly index: number; readonly size: number; readonly hashes: readonly string[] };
  /** Signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string;
  readonly vkey: string;
}

export interface Session {
  readonly person: { readonly email: string; readonly name: string; readonly roles: readonly string[] };
  readonly organization: string;
  /** Where callers send their calls. */
  readonly gatewayUrl?: string;
  readonly passkeys: boolean;
  readonly sample: boolean;
  /** Value that `x-mandate-csrf` must repeat, where the server hands one out. */
  readonly csrf?: string;
}

export interface SampleRemoval {
  readonly removed: number;
  /** Objects that stay since something outside the sample uses them. */
  readonly kept: readonly { readonly object: string; readonly users: readonly string[]; readonly reason: string }[];
}
