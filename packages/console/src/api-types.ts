import type { Approval, DecisionRecord, DecisionSummary, Remedy } from "@mandate/sdk";

// What the console reads beyond the published interface (API.md). A member marked `?` may be absent.

export type Tier = "T0" | "T1" | "T2" | "T3" | "X";
export type Mark = "allow" | "hold" | "deny" | "person" | "unknown";
export interface Counts3 {
  readonly allow: number;
  readonly hold: number;
  readonly deny: number;
}

export interface AuthorizationView {
  readonly id?: string;
  readonly number?: number;
  readonly type: "pilot" | "production";
  readonly state: string;
  /** Null until it is granted. */
  readonly starts?: string | null;
  readonly ends: string | null;
  readonly pilotStarts?: string;
  readonly reviewDue?: string;
  readonly approvers?: readonly {
    readonly name: string;
    readonly email: string;
    readonly role: string;
    readonly at: string;
  }[];
}
export interface SystemRow {
  readonly name: string;
  readonly title: string;
  readonly unit?: string | null;
  readonly tier: Tier;
  readonly lifecycle: string;
  readonly status: string;
  readonly statusCode: string | null;
  readonly owners?: { readonly business: string | null; readonly technical: string | null };
  readonly authorization: AuthorizationView | null;
  readonly missing?: readonly string[];
  readonly decisions24h?: Counts3;
  readonly findings?: number;
}
export interface SystemView extends SystemRow {
  readonly vacancies?: readonly { readonly seat: string; readonly email: string }[];
  readonly ownerVacantDue?: string | null;
  readonly purposes?: readonly { readonly id: string; readonly text: string }[];
  readonly prohibitedUses?: readonly string[];
  readonly boundary?: {
    readonly sensitivity?: string;
    readonly classes?: readonly string[];
    readonly regions?: readonly string[];
    readonly retention?: Record<string, string>;
    readonly training?: string;
  };
  readonly audience?: string;
  readonly autonomy?: string;
  readonly tierReasons?: readonly { readonly rule: string; readonly text: string }[];
  readonly legalClass?: { readonly title: string; readonly article: string } | null;
  readonly versionNumber?: number;
  readonly versionDigest?: string;
  readonly policies?: readonly string[];
  readonly manifest?: string;
}
export interface ReachNode {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly title?: string;
  readonly note?: string;
  readonly sensitivity?: string | null;
  readonly region?: string | null;
  readonly inside?: boolean;
}
export interface ReachEdge {
  readonly from: string;
  readonly to: string;
  readonly outcome: "allow" | "hold" | "deny";
  readonly rule?: string | null;
  readonly terms?: string;
  readonly count24h?: Counts3;
}
export interface Reach {
  readonly nodes: readonly ReachNode[];
  readonly edges: readonly ReachEdge[];
}
export interface Activity {
  readonly hours: readonly (Counts3 & { readonly at: string })[];
  readonly totals: Counts3;
  readonly p95AddedMs?: number;
}
export interface Expiring {
  readonly name: string;
  readonly title: string;
  readonly tier: Tier;
  readonly lifecycle: string;
  readonly type: "pilot" | "production";
  readonly ends: string | null;
  readonly status: string;
  readonly statusCode: string | null;
}
export interface Need {
  readonly kind: string;
  readonly outcome: Mark;
  readonly title: string;
  readonly detail: string;
  readonly href: string;
  /** Who looks can do it; else it is another's turn. Absent: nobody in particular looks. */
  readonly yours?: boolean;
}
export interface EvidenceSummary {
  readonly entries: number;
  readonly checkpoints: number;
  readonly root: string | null;
  readonly checkedAt: string | null;
  readonly trust: string;
  /** Entries newer than what outside witnesses signed. */
  readonly unanchored: number;
  readonly problems: readonly unknown[];
}
export interface Overview {
  readonly counts: {
    readonly operating: number;
    readonly pilot: number;
    readonly expired: number;
    readonly waiting: number;
    readonly proposed: number;
    readonly suspended: number;
    readonly retired: number;
    readonly total: number;
    readonly findings?: number;
  };
  readonly expiring: readonly Expiring[];
  readonly byTier: readonly {
    readonly tier: Tier;
    readonly proposed: number;
    readonly pilot: number;
    readonly production: number;
    readonly expired: number;
    readonly retired: number;
    readonly noOwner: number;
  }[];
  readonly needs: readonly Need[];
  readonly traffic: {
    readonly known: null | { readonly gateway: number; readonly outside: number; readonly unknown: number };
  };
  readonly gateways: readonly GatewayNow[];
  readonly evidence: EvidenceSummary;
}
/** What Mandate itself took of the calls of a window, in milliseconds; null: there were none. */
export interface Latency {
  readonly calls: number;
  readonly medianMs: number | null;
  readonly p99Ms: number | null;
}
export interface GatewayNow {
  readonly name: string;
  readonly confirmed: boolean;
  readonly lastSeen: string | null;
  /** Null: not known. */
  readonly added: (Latency & { readonly since: string; readonly kinds: readonly (Latency & { readonly kind: "model" | "mcp" | "decision" })[] }) | null;
}
export interface DecisionRow extends DecisionSummary {
  readonly byPerson?: { readonly name: string; readonly reason: string } | null;
}
export interface DecisionView extends DecisionRecord {
  readonly byPerson?: { readonly name: string; readonly reason: string } | null;
  readonly caller?: string | null;
  readonly callerSaw?: string | null;
  readonly session?: string | null;
  readonly durationMs?: number | null;
  readonly approval?: { readonly id: string; readonly state: string } | null;
}
export interface ApprovalView extends Approval {
  readonly title?: string;
  readonly question?: string;
  readonly effect?: string;
  readonly facts?: readonly { readonly label: string; readonly value: string }[];
  readonly claim?: string | null;
  readonly checks?: readonly { readonly text: string; readonly outcome: Mark }[];
  readonly system?: string;
  readonly rule?: string | null;
  readonly reason?: string | null;
  readonly requester?: string | null;
  /** Who put the question; for a role, not the person it is about. */
  readonly askedBy?: string | null;
  readonly decisionId?: string | null;
  readonly mayDecide?: boolean;
  readonly cannotBecause?: string | null;
  readonly method?: string;
  readonly action?: string;
  readonly passkey?: { readonly rpId: string; readonly credentialIds: readonly string[] } | null;
  readonly onBehalfOf?: string;
  readonly votesInCommittee?: boolean;
  readonly minutes?: string | null;
  readonly approvers?: readonly { readonly group: string; readonly count: number; readonly members: readonly string[]; readonly open: boolean }[];
}
/** A key that lives elsewhere; never the key. */
export interface ExternalKeyRow {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly kind: string;
  readonly system: string | null;
  readonly owner: string | null;
  readonly ends: string | null;
  readonly ageDays: number | null;
}

export interface CredentialRow {
  readonly id: string;
  readonly name: string;
  readonly system: string | null;
  readonly state: string;
  readonly hint?: string;
  readonly accountable?: string;
  readonly kind: string;
  /** Of the public keys that a client may sign with. */
  readonly thumbprints: readonly string[];
  readonly trust: { readonly issuer: string; readonly conditions: Readonly<Record<string, string>> } | null;
  readonly bound: boolean;
  readonly notAfter: string;
  readonly lastUsed?: string | null;
}
export interface FindingRow {
  readonly id: string;
  readonly cause?: string;
  readonly causeTitle?: string;
  readonly severity?: string;
  readonly state?: string;
  readonly overdue?: boolean;
  readonly dismissed?: { readonly by: string; readonly reason: string; readonly until: string } | null;
  readonly excepted?: { readonly exception: string; readonly by: readonly string[]; readonly until: string; readonly compensating: string } | null;
  readonly closed?: { readonly at: string; readonly by: string; readonly how: string } | null;
  readonly title: string;
  readonly detail?: string;
  readonly system?: string | null;
  readonly owner?: string | null;
  readonly openedAt?: string;
  readonly due?: string | null;
  readonly fix?: Remedy | null;
}
export interface PersonRow {
  readonly email: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly pendingRoles?: readonly string[];
  readonly scopedRoles?: readonly { readonly role: string; readonly scope: string; readonly waiting: boolean }[];
  readonly state?: string;
  readonly lastSignIn?: string | null;
  readonly passkeys?: number;
  readonly password?: boolean;
}
export interface InventoryRow {
  readonly name: string;
  readonly title?: string;
  readonly spec?: Record<string, unknown>;
  readonly usedBy?: readonly string[];
  readonly version?: number | string;
  readonly updatedAt?: string;
  readonly updatedBy?: string;
}
export interface EmergencyPlan {
  readonly name: string;
  readonly systems: readonly string[];
  readonly rules: readonly string[];
  readonly people: readonly string[];
  readonly minutes: number;
  readonly reason: string;
  readonly compensating: string;
  readonly approval: string;
  readonly state: "asked" | "ready" | "waiting" | "open" | "ended";
  readonly endsAt: string;
  readonly uses: readonly {
    readonly id: string;
    readonly startedBy: string;
    readonly startedAt: string;
    readonly reason: string;
    readonly confirmedBy: string | null;
    readonly endsAt: string | null;
    readonly reviewDue: string | null;
    readonly reviewedBy: string | null;
    readonly review: string | null;
  }[];
}
