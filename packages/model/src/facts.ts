import type {
  ActionName,
  ArgumentType,
  Audience,
  AuthorizationState,
  AuthorizationType,
  Autonomy,
  CredentialKind,
  CredentialState,
  Effect,
  Lifecycle,
  OperatingStatus,
  Protocol,
  RefusalCode,
  Sensitivity,
  StreamMode,
  Tier,
  Visibility,
} from "./vocabulary.ts";

/**
 * What the register says, reduced to what is enforced. The control plane derives it from the register; the policy
 * engine and the gateway read nothing else. Plain JSON: it travels inside a signed snapshot.
 * All instants are epoch seconds, because Cedar compares them as Long.
 */
export interface RegisterFacts {
  readonly systems: readonly SystemFacts[];
  readonly models: readonly ModelFacts[];
  readonly tools: readonly ToolFacts[];
  readonly mcpServers: readonly McpServerFacts[];
  readonly datasets: readonly DatasetFacts[];
  readonly destinations: readonly DestinationFacts[];
  readonly vendors: readonly VendorFacts[];
  readonly groups: readonly GroupFacts[];
  readonly policies: readonly PolicyFacts[];
  /** Objects of kind `Entity`: anything an AuthZEN caller asks about (`External::TYPE::"NAME"`). */
  readonly externals: readonly ExternalFacts[];
}

export interface SystemFacts {
  readonly name: string;
  readonly title: string;
  readonly unit: string | null;
  readonly tier: Tier;
  readonly lifecycle: Lifecycle;
  readonly status: OperatingStatus;
  /** Why `status` is not `operating`; null while it is. */
  readonly statusCode: RefusalCode | null;
  /** What G1 still lacks, in manifest words: `owners.business`, `purposes`, `boundary`, `authorization`… */
  readonly missing: readonly string[];
  readonly owners: { readonly business: string | null; readonly technical: string | null };
  readonly purposes: readonly string[];
  readonly audience: Audience;
  readonly autonomy: Autonomy;
  readonly environments: readonly string[];
  readonly boundary: {
    readonly sensitivity: Sensitivity;
    readonly classes: readonly string[];
    readonly regions: readonly string[];
    readonly training: "never" | "allowed";
  };
  /** Grants of the *authorized* version (G6), not of whatever the register says now. Names, wildcards resolved. */
  readonly grants: {
    readonly models: readonly string[];
    readonly tools: readonly string[];
    readonly datasets: readonly string[];
    readonly prompts: readonly string[];
    readonly destinations: readonly string[];
  };
  /** In the register now but not in the authorized version: refused `reassessment_required`, as `kind:name`. */
  readonly differences: readonly string[];
  readonly authorization: AuthorizationFacts | null;
  readonly versionDigest: string;
  readonly parameters: TierParameters;
  readonly limits: LimitFacts;
  readonly session: SessionFacts;
  /** An authorization that was asked for and not decided yet; absent or null: none. */
  readonly awaiting?: AwaitedFacts | null;
  /** MCP servers that a wildcard grants whole and nobody pinned yet: their tools are refused `tool_changed`. Absent: none. */
  readonly unpinnedServers?: readonly string[];
  /** Names of the custom policies attached to this system. */
  readonly policies: readonly string[];
  /** Class B reassessment running out, epoch seconds; null when none is open. */
  readonly reassessmentDue: number | null;
  /** An owner's seat is vacant: calls are refused from then on, epoch seconds. Absent or null: none is. */
  readonly ownerVacantDue?: number | null;
  /** Flows to another region that a legal reviewer cleared; absent or empty: none. */
  readonly clearedFlows?: readonly ClearedFlowFacts[];
  /** Served ids outside the accepted lists, since when; absent or empty: none was seen. */
  readonly served?: readonly ServedFacts[];
  /** Lower-case hex SHA-256 of system prompts outside every template that people found fine as they are. */
  readonly acceptedPrompts?: readonly string[];
  /** System prompts of the authorized version; absent or empty: none is compared. */
  readonly prompts?: readonly PromptFacts[];
  /** Break-glass in force; absent or empty: none. Which rules may be lifted is the policy engine's to say. */
  readonly breakGlass?: readonly BreakGlassFacts[];
  /** Rules of the organization lifted for this system alone; absent or empty: none. */
  readonly exceptions?: readonly ExceptionFacts[];
  /**
   * When an unmet or unverified condition of its authorization bites, by consequence. Compared with the clock at the
   * call: a verification that nobody repeated counts as none (G5, G11). Absent: no condition has that consequence.
   */
  readonly conditionDues?: ConditionDues;
}

/** Epoch seconds. */
export interface ConditionDues {
  /** From then on it only reads. */
  readonly restrict?: number;
  readonly suspend?: number;
  readonly reassess?: number;
}

/** One custom rule that doesn't bind one system until then. */
export interface ExceptionFacts {
  readonly id: string;
  /** Rule id, as decisions name it. */
  readonly rule: string;
  /** Epoch seconds; compared with the clock at the call. */
  readonly until: number;
}

/** Who has to decide what was asked, in words for a refusal's next step. */
export interface AwaitedFacts {
  readonly type: AuthorizationType;
  /** Where it is decided; null while nobody was asked. */
  readonly approval: string | null;
  /** `bea@halden.example (business owner)`, `an authorizing official`. */
  readonly deciders: readonly string[];
}

/** What a legal review allows: this target, in this region, for data from these regions, until then. */
export interface ClearedFlowFacts {
  readonly review: string;
  /** `destination:lake-us`, `model:gpt-us`, `tool:mail.send`. */
  readonly target: string;
  /** Where the target lay when it was reviewed: a target that moves is another flow. */
  readonly region: string;
  /** Regions of the data that was reviewed. */
  readonly from: readonly string[];
  /** Empty: any class inside the boundary. */
  readonly classes: readonly string[];
  /** Empty: any purpose of the system. */
  readonly purposes: readonly string[];
  /** Epoch seconds; compared with the clock at the call. */
  readonly until: number;
}

export interface ServedFacts {
  readonly model: string;
  readonly served: string;
  /** Epoch seconds of the first answer: a gateway that restarts doesn't start the days of grace again. */
  readonly since: number;
  /** A person found it still fine. */
  readonly accepted: boolean;
}

export interface PromptFacts {
  readonly name: string;
  /** Fixed segments; between two of them lies one slot. */
  readonly segments: readonly string[];
  readonly slots: readonly PromptSlotFacts[];
}

export interface PromptSlotFacts {
  readonly type: "text" | "date" | "number" | "id";
  readonly maxLength: number;
  readonly charset: "letters" | "digits" | "alphanumeric" | "any";
}

/** Rules that two people lifted for at most four hours. */
export interface BreakGlassFacts {
  readonly name: string;
  /** Rule ids, as decisions name them. */
  readonly rules: readonly string[];
  /** Epoch seconds; compared with the clock at the call. */
  readonly until: number;
}

export interface AuthorizationFacts {
  readonly id: string;
  readonly number: number;
  readonly type: AuthorizationType;
  readonly state: AuthorizationState;
  readonly versionDigest: string;
  readonly starts: number;
  readonly ends: number;
}

export interface TierParameters {
  readonly stalenessSeconds: number;
  readonly streamMode: StreamMode;
  readonly unlistedField: "pass" | "refuse";
  readonly unlistedServedModelGraceDays: number;
  readonly logDetail: "metadata" | "redacted" | "full";
  readonly gatewayKeysInProduction: boolean;
  readonly retentionDays: number;
}

export interface LimitFacts {
  readonly callsPerDay: number | null;
  readonly tokensPerDay: number | null;
  /** Decimal string of at most 4 places. */
  readonly eurosPerDay: string | null;
  readonly eurosPerMonth: string | null;
  readonly peoplePerDay: number | null;
  readonly callsPerMinute: number | null;
  /** Of each credential, and of each person it acts for. Absent: the system's own limits alone. */
  readonly perCredential?: ShareLimitFacts;
  readonly perPerson?: ShareLimitFacts;
}

/** What one of those who share a system's limits may use of them a day. */
export interface ShareLimitFacts {
  readonly callsPerDay: number | null;
  readonly tokensPerDay: number | null;
  /** Decimal string of at most 4 places. */
  readonly eurosPerDay: string | null;
}

export interface SessionFacts {
  readonly user: "token" | "none";
  readonly issuers: readonly string[];
  readonly claims: readonly string[];
  /** What `aud` of a user's token must name; absent or empty: it isn't compared. */
  readonly audiences?: readonly string[];
  /** `clean`: user turns hold only what the user typed, so they count as the user's own words. */
  readonly userChannel: "clean" | "mixed";
}

/** What a model costs from a day on, in micro-euro a token: the same number as euros a million tokens. */
export interface PriceFacts {
  /** Epoch seconds of midnight UTC. */
  readonly from: number;
  readonly input: number;
  readonly output: number;
}

export interface ModelFacts {
  readonly name: string;
  readonly vendor: string | null;
  readonly protocol: Protocol;
  /** Base URL with exactly one version segment, no trailing slash. */
  readonly endpoint: string;
  readonly upstream: string;
  readonly served: readonly string[];
  /** Name of the sealed secret, or null: then no authorization header is sent. */
  readonly credential: string | null;
  readonly region: string | null;
  readonly training: "never" | "allowed" | "unknown";
  readonly maxSensitivity: Sensitivity;
  readonly visibility: Visibility;
  readonly fallback: boolean;
  /** In order of their day; absent or empty: nobody stated one, and limits in money count a price that is high on purpose. */
  readonly prices?: readonly PriceFacts[];
  /** By the kill switch; absent: no. */
  readonly stopped?: boolean;
  /** Azure's dated version of its API; absent: the gateway's default. */
  readonly apiVersion?: string;
  /** Models that may be called in its place when it can't answer, in order; absent: none. Each needs its own grant. */
  readonly fallbacks?: readonly string[];
}

export interface CriticalArgument {
  readonly arg: string;
  readonly type: ArgumentType;
}

/** What an extracting tool may say: one of these words, a number, or the name of a registered Entity of this type. */
export type Extraction = { readonly enum: readonly string[] } | { readonly number: true } | { readonly entity: string };

export interface ToolFacts {
  readonly name: string;
  /** What models and servers call it. */
  readonly names: readonly string[];
  readonly server: string | null;
  readonly effect: Effect;
  readonly reversible: boolean;
  readonly critical: readonly CriticalArgument[];
  readonly recipients: "caller" | "others" | null;
  readonly recipientsFrom: readonly string[];
  readonly output: "trusted" | "untrusted";
  /** Quarantined extraction: a result that is exactly such a value taints nothing. Absent: it says what it likes. */
  readonly extracts?: Extraction;
  /** JSON Schema of the arguments, or null when none is declared. */
  readonly input: Readonly<Record<string, unknown>> | null;
  /** Hash of the pinned definition; null while unpinned on a server that pins. */
  readonly pinned: string | null;
  /** True when the definition last seen differs from the pinned one, or was never pinned though it must be. */
  readonly changed: boolean;
  /** A person refused the definition that its server offers now; absent: nobody did. */
  readonly refused?: boolean;
  /** The pinned definition word for word, for `tools/list`; absent or null: none is pinned. */
  readonly definition?: Readonly<Record<string, unknown>> | null;
  /** `tool:hosted.NAME`: run by the provider. */
  readonly hosted: boolean;
  readonly region: string | null;
  readonly returns: string | null;
  /** By the kill switch; absent: no. */
  readonly stopped?: boolean;
}

export interface McpServerFacts {
  readonly name: string;
  readonly url: string | null;
  readonly vendor: string | null;
  readonly region: string | null;
  readonly credential: string | null;
  /** A process that the gateway starts and supervises; absent or null: the server has a `url`. */
  readonly process?: McpProcessFacts | null;
}

export interface McpProcessFacts {
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface DatasetFacts {
  readonly name: string;
  readonly sensitivity: Sensitivity;
  readonly classes: readonly string[];
  readonly region: string | null;
  readonly purposes: readonly string[];
}

export interface DestinationFacts {
  readonly name: string;
  readonly kind: string;
  readonly vendor: string | null;
  readonly region: string | null;
  readonly classes: readonly string[];
  readonly maxSensitivity: Sensitivity;
  readonly purposes: readonly string[];
  /** By the kill switch; absent: no. */
  readonly stopped?: boolean;
}

export interface VendorFacts {
  readonly name: string;
  readonly visibility: Visibility;
  readonly contractEnds: number | null;
}

export interface GroupFacts {
  readonly name: string;
  readonly members: readonly string[];
}

/** A custom policy, already compiled from rule sugar to Cedar text (one policy set). */
export interface PolicyFacts {
  readonly name: string;
  readonly version: number;
  readonly cedar: string;
}

export interface ExternalFacts {
  readonly name: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface CredentialFacts {
  readonly id: string;
  /** Hex SHA-256 of the whole key; null for kinds that call with access tokens. */
  readonly keyHash: string | null;
  readonly name: string;
  /** Null: identity known, no system (`not_registered`). */
  readonly system: string | null;
  readonly state: CredentialState;
  readonly notAfter: number;
  readonly kind: CredentialKind;
  /** The accountable natural person's e-mail: requester of its holds. */
  readonly accountable: string;
  /** Narrower purposes bound to this credential; empty means the system's. */
  readonly purposes: readonly string[];
  readonly scope: readonly ActionName[];
}
