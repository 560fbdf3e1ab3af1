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
  /** Of a system: the tier it has with this, what it had, and why. */
  readonly tier?: ChangedTier;
  /** Of a new system: others that do much the same, and what is alike. */
  readonly similar?: readonly { readonly name: string; readonly because: readonly string[] }[];
  /** Of a system: what re-opens its authorization, what that denies, and what then still runs. */
  readonly reassessment?: ChangedAuthorization;
}

/** What a manifest changed, or would change. */
export interface Applied {
  readonly changes: readonly Change[];
  /** Whether policies as changed let through what was not let through before, with a call that shows it; null where no policy in force is changed. */
  readonly widening?: { readonly state: "no" | "yes" | "cant_tell"; readonly reason: string | null; readonly example: { readonly text: string } | null } | null;
}

export interface ChangedAuthorization {
  /** `C` stops it at once, `B` denies the difference alone and stops it after 14 days. */
  readonly class: string;
  readonly changes: readonly { readonly class: string; readonly subject: string; readonly what: string }[];
  readonly denied: readonly string[];
  readonly runs: readonly string[];
  /** Of the last seven days' calls, how many this would have refused. */
  readonly refusedCalls: number;
}

export interface ChangedTier {
  readonly is: string;
  readonly was: string | null;
  readonly reasons: readonly TierReason[];
  readonly flags: readonly { readonly flag: string; readonly adds: readonly string[]; readonly because: string }[];
  readonly unanswered: readonly string[];
}

export interface TierReason {
  readonly rule: string;
  readonly tier: string;
  readonly text: string;
  readonly cite: readonly string[];
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

/** A passkey's assertion over a digest, all base64url: `navigator.credentials.get` with the digest's bytes as challenge. */
export interface PasskeyAssertion {
  readonly credentialId: string;
  readonly authenticatorData: string;
  readonly clientDataJSON: string;
  readonly signature: string;
}

export interface ApprovalSignature {
  /** `token` and `totp` are the weaker ones: the log alone binds them. */
  readonly kind: "webauthn" | "token" | "totp";
  readonly person: string;
  /** Held at the moment of the answer. */
  readonly role: string;
  readonly choice: "approve" | "refuse";
  readonly reason: string;
  readonly at: string;
  /** The absent person whose seat it is. */
  readonly onBehalfOf?: string;
  readonly credentialId?: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKey?: string;
  readonly authenticatorData?: string;
  readonly clientDataJSON?: string;
  readonly signature?: string;
  readonly rpId?: string;
  readonly origin?: string;
}

/** What goes with an answer. */
export interface Answer {
  readonly reason: string;
  readonly webauthn?: PasskeyAssertion;
  /** With a grant: what is measured from now on. */
  readonly conditions?: readonly unknown[];
  /** Of a committee's meeting. */
  readonly minutes?: string;
}

export interface Approval {
  readonly id: string;
  readonly state: "pending" | "approved" | "refused" | "lapsed";
  readonly statement: Readonly<Record<string, unknown>>;
  /** Hex SHA-256 of the statement's RFC 8785 form: the bytes that a passkey signs to say yes. */
  readonly digest: string;
  /** The bytes that a passkey signs to say no. */
  readonly refuseDigest?: string;
  /** What it asks, in one sentence. */
  readonly question?: string;
  /** What stands behind `argumentsHash`, for a reader. */
  readonly facts?: readonly { readonly label: string; readonly value: string }[];
  readonly expiresAt: string;
  readonly signature: ApprovalSignature | null;
  readonly signatures?: readonly ApprovalSignature[];
  readonly tier?: string;
  readonly mayDecide?: boolean;
  readonly cannotBecause?: string | null;
  /** The page where it is answered. */
  readonly url?: string;
  /** A token or session isn't enough for a yes. */
  readonly passkeyRequired?: boolean;
}

export interface Delegation {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly starts: string;
  readonly ends: string;
  readonly state: "planned" | "active" | "ended";
  /** Signed with the absent person's passkey: reaches T3. */
  readonly signed: boolean;
  /** Where the absent person signs it. */
  readonly approval: string | null;
}

export interface BatchAnswer {
  readonly choice: "approve" | "refuse";
  readonly reason: string;
  readonly answers: readonly { readonly id: string; readonly digest: string; readonly webauthn?: PasskeyAssertion }[];
}

export interface BatchResult {
  readonly id: string;
  /** Null where it was not answered; `problem` says why. */
  readonly state: "pending" | "approved" | "refused" | "lapsed" | null;
  readonly problem: { readonly code: string; readonly message: string } | null;
}

export interface ApprovalMetrics {
  readonly since: string;
  readonly asked: number;
  readonly approved: number;
  readonly refused: number;
  readonly lapsed: number;
  readonly pending: number;
  readonly yesRate: number | null;
  readonly medianSeconds: number | null;
  readonly people: readonly {
    readonly person: string;
    readonly answers: number;
    readonly yesRate: number;
    readonly medianSeconds: number;
  }[];
}

export interface NewCredential {
  readonly id: string;
  /** Shown once; only its hash is stored. */
  readonly key: string;
  readonly notAfter: string;
}

/** What a machine proves itself with: its own public key, or its platform's word. */
export type CredentialRegistration = {
  readonly system: string;
  readonly name: string;
  readonly ttl: string;
  readonly purposes?: readonly string[];
  readonly scope?: readonly string[];
  /** Credentials of the same system that may act on its tokens. */
  readonly actors?: readonly string[];
  /** E-mail of the person who answers for it; default: whoever registers it. */
  readonly accountable?: string;
  readonly dpop?: boolean;
} & (
  | { readonly kind: "client"; readonly jwk: Readonly<Record<string, unknown>> }
  | { readonly kind: "client"; readonly jwksUri: string }
  | {
      readonly kind: "workload";
      readonly trust: {
        readonly issuer: string;
        readonly audience: string;
        readonly conditions: Readonly<Record<string, string>>;
        readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
        readonly jwksUri?: string;
      };
    }
);

export interface NewMachine {
  readonly id: string;
  readonly notAfter: string;
  readonly thumbprint: string | null;
  /** Its tokens are bound to a key. */
  readonly bound: boolean;
  readonly tokenEndpoint: string;
  readonly issuer: string;
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
  /** Why this server offers no passkeys; null when it does. */
  readonly passkeysOff?: string | null;
  /** Whether links lead here from another device, or why not. */
  readonly phoneLinks?: { readonly on: boolean; readonly why: string | null };
  /** How the session was proved: `passkey`, `session` (a link), `password`, `oidc`, `minted`… */
  readonly proof?: string;
  /** When it ends without another request. */
  readonly expiresAt?: string | null;
  readonly sample: boolean;
  /** Value that `x-mandate-csrf` must repeat, where the server hands one out. */
  readonly csrf?: string;
}

export interface SampleRemoval {
  readonly removed: number;
  /** Objects that stay since something outside the sample uses them. */
  readonly kept: readonly { readonly object: string; readonly users: readonly string[]; readonly reason: string }[];
}
