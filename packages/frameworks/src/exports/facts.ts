/** Where a log stood: what an export says holds up to there. */
export interface LogPosition {
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

/** Who made an export, when, of what, and where the logs stood. */
export interface ExportHead {
  readonly organization: { readonly id: string; readonly name: string };
  /** RFC 3339. With `exportedBy` the only part that differs between two exports of one position. */
  readonly exportedAt: string;
  /** E-mail of a person, else the account's id. */
  readonly exportedBy: string;
  readonly registerVersion: number;
  readonly position: readonly LogPosition[];
  /** Null: every system. */
  readonly systems: readonly string[] | null;
}

export interface PartFacts {
  readonly kind: "model" | "tool" | "dataset" | "prompt" | "destination" | "agent";
  readonly name: string;
  readonly title: string | null;
  readonly id: string;
  readonly version: number;
  /** Lower-case hex SHA-256 of the canonical form of its spec. */
  readonly sha256: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly classes: readonly string[];
  readonly owner: string | null;
  readonly vendor: string | null;
}

export interface SystemFacts {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly description: string | null;
  readonly tier: string;
  readonly lifecycle: string;
  readonly status: string;
  readonly version: number;
  /** Lower-case hex SHA-256. */
  readonly versionDigest: string;
  readonly owners: { readonly business: string | null; readonly technical: string | null };
  readonly purposes: readonly { readonly id: string; readonly text: string }[];
  readonly prohibitedUses: readonly string[];
  readonly audience: string;
  readonly autonomy: string;
  readonly affected: readonly string[];
  readonly boundary: { readonly sensitivity: string; readonly classes: readonly string[]; readonly regions: readonly string[]; readonly training: string } | null;
  readonly authorization: { readonly id: string; readonly type: string; readonly state: string; readonly starts: string | null; readonly ends: string | null; readonly versionDigest: string } | null;
  readonly missing: readonly string[];
  readonly differences: readonly string[];
  readonly parts: readonly PartFacts[];
  /** Names that the system refers to and the register lacks. */
  readonly unresolved: readonly string[];
}

export const findingSeverities = ["low", "medium", "high", "critical"] as const;

export interface FindingFacts {
  readonly id: string;
  readonly cause: string;
  readonly causeTitle: string;
  readonly severity: (typeof findingSeverities)[number];
  readonly title: string;
  readonly detail: string;
  readonly system: string | null;
  readonly owner: string | null;
  readonly state: "open" | "dismissed" | "excepted";
  readonly openedAt: string;
  readonly lastSeenAt: string;
  readonly due: string;
  readonly seen: number;
  readonly fix: string;
  /** Why it stands: a dismissal or an exception, until an instant. */
  readonly stands: { readonly by: string; readonly reason: string; readonly until: string } | null;
}

/** One control's newest result. A control without one was never measured. */
export interface MeasuredFacts {
  readonly id: string;
  readonly control: string;
  readonly at: string;
  readonly grade: "enforced" | "observed" | "declared" | "cant_tell";
  readonly outcome: "pass" | "fail" | "stale" | "not_applicable" | "unproven";
  readonly reason: string;
  readonly unit: string;
  readonly population: number;
  readonly faults: number;
  readonly excepted: number;
  readonly exceptions: readonly { readonly subject: string; readonly system: string | null; readonly fault: string; readonly exception: string | null }[];
  readonly systems: Readonly<Record<string, { readonly population: number; readonly faults: number; readonly excepted: number }>>;
  readonly query: string;
  readonly window: { readonly since: string; readonly until: string };
  readonly position: readonly { readonly origin: string; readonly size: number }[];
  /** How the measure was seen to fail; null: never. */
  readonly proof: string | null;
}

export interface ExportFacts extends ExportHead {
  readonly systemFacts: readonly SystemFacts[];
  readonly measured: readonly MeasuredFacts[];
}

/** A log entry, without content, and what its decision says. */
export interface EventFacts {
  readonly origin: string;
  readonly index: number;
  readonly header: Readonly<Record<string, unknown>>;
  readonly decision: { readonly code: string | null; readonly rule: string | null; readonly action: string; readonly resource: string; readonly surface: string; readonly inputTokens: number | null; readonly outputTokens: number | null; readonly durationMs: number | null } | null;
}
