import type { EntryRef, EntryType, Terminal, Verdict } from "@mandate/model";
import type { SpanAbout } from "./telemetry/about.ts";
import type { TraceContext } from "./telemetry/trace-context.ts";

/**
 * Where the pipeline writes evidence. INVARIANT (G3): `intent` resolves only when the entry is durable, and nothing goes
 * upstream before; `outcome` resolves only when durable, and the answer's last byte leaves after it.
 * Both reject with AppError `evidence_unavailable` (503) when they can't be written.
 */
export interface EvidenceSink {
  /** Also reserves room for the call's outcome, so that an intent never lacks the space to be closed. */
  intent(draft: EntryDraft): Promise<EntryRef>;
  /** Closes the call: exactly one for each intent. */
  outcome(draft: EntryDraft & { readonly terminal: Terminal }): Promise<EntryRef>;
  /** A decision that starts no upstream call (AuthZEN, refusal): one entry. */
  decision(draft: EntryDraft): Promise<EntryRef>;
  /**
   * Signed promise that a decision's newest entry stands in the log (`signReceipt` of the ledger); undefined when none was
   * written, or too long ago.
   */
  receipt?(decisionId: string): string | undefined;
  /** False while writes fail or the journal is full: readiness says so. */
  ready(): boolean;
}

export interface EntryDraft {
  readonly type: EntryType;
  readonly decisionId: string;
  readonly system: string | null;
  readonly policyVersion: string;
  readonly registerVersion: number;
  readonly outcome: Verdict;
  readonly approvals: readonly string[];
  /** Retention class, for example `T2`. */
  readonly retention: string;
  /** Sealed. JSON-able; names the caller, rule, reason, detectors and so on. Null: nothing to seal. */
  readonly payload: Readonly<Record<string, unknown>> | null;
  /**
   * Sealed once per session and referred to from the payload as `{ct, pc}` in this order, member `messages`. Without a
   * session short ones stand there as `{text}`; else all of them are one item, the JSON array.
   */
  readonly messages: readonly Uint8Array[];
  readonly sessionId: string | null;
  /** Sealed apart: what replay needs (DecisionRequest, digest of the facts, the decision itself, detector versions). */
  readonly context: Readonly<Record<string, unknown>> | null;
  /** Whose content this is, as `subjectTag` hides it: what is erased when that person asks. Absent: nobody known. */
  readonly subject?: string | null;
  /** Data classes found, for the index. */
  readonly classes?: readonly string[];
  /** How it ended: always on an outcome, and on a decision that starts no call (`done` when allowed, else `refused`). */
  readonly terminal?: Terminal;
  /** In clear, for the decisions index and the record's `summary`: never content. */
  readonly summary?: DecisionSummary;
  /** The call in its caller's trace. Of it a trace id that the caller named reaches the index; the rest is a span's. */
  readonly trace?: DraftTrace;
}

export interface DraftTrace {
  readonly context: TraceContext;
  /** Epoch milliseconds. */
  readonly startedMs: number;
  /** False: the record names a system that nobody registered, which may be anything a caller wrote. */
  readonly ofRegistered: boolean;
  /** Made when a span is. */
  readonly about: () => SpanAbout;
}

/** What a list of decisions shows. On an intent it says what was decided, on an outcome how it ended. */
export interface DecisionSummary {
  readonly action: string;
  /** `model:NAME`, `tool:NAME`… */
  readonly resource: string;
  readonly outcome: Verdict;
  readonly code: string | null;
  readonly reason: string;
  readonly rule: string | null;
  readonly surface: string;
  readonly credential: string | null;
  readonly approval: string | null;
  readonly durationMs: number | null;
  readonly tokens: { readonly input: number; readonly output: number } | null;
  /** Tool calls decided inside a model's answer, once each. */
  readonly tools?: readonly DecidedTool[];
  /** Who acted for whom, the caller first: `cred_a>cred_b`, `cred_a>user`. Absent: the caller acted for nobody. */
  readonly links?: readonly string[];
  /** Types of data that a rule had replaced. */
  readonly masked?: readonly string[];
}

export interface DecidedTool {
  /** Register name; what the model called it when it isn't registered. */
  readonly tool: string;
  readonly outcome: Verdict;
}

/** One record of the journal as the sequencer reads it: the entry and the sealed material that belongs to it. */
export interface JournalRecord {
  readonly seq: number;
  /** Exact leaf bytes: RFC 8785 header. */
  readonly leaf: Uint8Array;
  readonly sealed: readonly SealedRecord[];
  /** Clear summary for the decisions index, never content: JSON. */
  readonly summary: Readonly<Record<string, unknown>>;
}

export interface SealedRecord {
  /** Hex; names the payload. */
  readonly ct: string;
  readonly bytes: Uint8Array;
  /** Wrapped (key, salt) and the key-encryption key's id. */
  readonly wrapped: Uint8Array;
  readonly kid: string;
}

/** What the control plane reads from a gateway's journal. */
export interface JournalReader {
  readonly origin: string;
  /** Verifier key line (signed-note vkey) of the key that signs the journal's batches. */
  readonly writerKey: string;
  /** Next records from `fromSeq`, at most `maxBytes` (at least one record when any). Resolves empty when none yet. */
  read(fromSeq: number, maxBytes: number): Promise<readonly JournalRecord[]>;
  /** Number of durable records: the next `seq`. */
  size(): number;
  /** Records below `seq` are sequenced and integrated; their segments may go. */
  acknowledge(seq: number, checkpointSize: number): Promise<void>;
  /** Lets go of everything acknowledged, the newest segment included. */
  shed?(): Promise<void>;
  /** Calls back when more became durable. */
  onDurable(listener: () => void): () => void;
}
