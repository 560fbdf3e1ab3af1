import type { Terminal, Verdict } from "./vocabulary.ts";

/**
 * Entry types of the evidence log. Calls and stand-alone decisions come from gateways, the rest from the control plane.
 */
export const entryTypes = [
  "call.intent",
  "call.outcome",
  "decision",
  "approval",
  "register.change",
  "tier",
  "authorization",
  "credential",
  "secret",
  "person",
  "session",
  "policy",
  "setting",
  "finding",
  "exception",
  "incident",
  "reassessment",
  "legal_review",
  "delegation",
  "control",
  "notification",
  "audit",
  "evidence.read",
  "evidence.erasure",
  "evidence.hold",
  "log.created",
  "log.closed",
  "log.checkpoint",
] as const;
export type EntryType = (typeof entryTypes)[number];

/**
 * Header of an entry: the Merkle leaf is its RFC 8785 form. No names of people, prompts or unsalted low-entropy hashes
 * stand here (LEDGER, Format). Members that don't apply are absent, never null.
 */
export interface EntryHeader {
  readonly v: 1;
  readonly type: EntryType;
  /** UUIDv7 based, `ent_…`. */
  readonly id: string;
  /** RFC 3339 UTC with milliseconds, the writer's clock. */
  readonly at: string;
  /** Origin of the log. A log has a single writer, so `seq` is also the entry's index in it. */
  readonly shard: string;
  readonly seq: number;
  /** Size of the newest checkpoint of this shard that the writer had seen. */
  readonly seen: number;
  readonly system?: string;
  readonly agent?: string;
  readonly policy?: string;
  readonly register?: number;
  /** Decision id. */
  readonly decision?: string;
  readonly outcome?: Verdict;
  readonly terminal?: Terminal;
  readonly approvals?: readonly string[];
  /** Id of the audit that the entry is a record of. */
  readonly audit?: string;
  /** Lower-case hex SHA-256 of an approval's signature in RFC 8785 form: a pack's `approvals/` can't be swapped. */
  readonly commits?: string;
  /** Names (as `ct`) of contents whose keys are gone and whose bytes went: a pack lacks them by right. */
  readonly erased?: readonly string[];
  /** Lower-case hex SHA-256 of nonce, ciphertext, tag. */
  readonly ct?: string;
  /** Lower-case hex HMAC-SHA-256(salt, plaintext). */
  readonly pc?: string;
  /** The same two for the sealed evaluation context. */
  readonly xct?: string;
  readonly xpc?: string;
  /** Id of the key-encryption key that wraps the entry's keys. */
  readonly kid?: string;
  readonly retention?: string;
}

/** Where an entry stands. */
export interface EntryRef {
  readonly log: string;
  readonly index: number;
}
