import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import type { EntryHeader } from "@mandate/model";
import { newId } from "@mandate/model";
import type { KeyWrapper } from "@mandate/ledger/node";
import { keyWrapper } from "@mandate/ledger/node";
import type { EntryDraft, SealedRecord } from "../evidence-sink.ts";
import type { SealingKey } from "../snapshot.ts";
import { evidenceUnavailable } from "./errors.ts";
import type { Draft } from "./journal.ts";

/** More than this costs less as an item apart than escaped. */
const maxInlineBytes = 4096;
const loneSurrogate = /\\ud[89a-f]/;

export interface SealerOptions {
  /** Origin of the log. */
  readonly origin: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Fills its argument with random bytes and returns it. */
  readonly random: (bytes: Uint8Array) => Uint8Array;
  /** Key-encryption key of a system this month; null is for entries that concern none. Undefined: nothing can be sealed. */
  readonly sealingKey: (system: string | null) => SealingKey | undefined;
  /** Messages remembered for all sessions together. */
  readonly maxRemembered?: number;
}

interface Commitments {
  readonly ct: string;
  readonly pc: string;
}

/**
 * Turns a draft into an entry: commitments in the header, everything else sealed. A chat resends its history with each
 * call, so a message is sealed once a session and referred to afterwards.
 */
export class Sealer {
  readonly #options: Required<SealerOptions>;
  /** By system, key and session; then by SHA-256 of the plaintext, which never leaves this process. */
  readonly #sessions: SessionMemory;
  readonly #wrappers = new Map<string, { readonly key: Uint8Array; readonly wrapper: KeyWrapper }>();
  #randomAt = 0;
  #randomPool: Uint8Array = new Uint8Array(0);

  constructor(options: SealerOptions) {
    this.#options = { maxRemembered: 100_000, ...options };
    this.#sessions = new SessionMemory(this.#options.maxRemembered);
  }

  /** Forgets what it sealed: after a failed write the journal may lack the payloads that a memory would refer to. */
  forget(): void {
    this.#sessions.clear();
  }

  /** @throws AppError `evidence_unavailable` when there is no key to seal under */
  entry(draft: EntryDraft, seq: number, seen: number): Draft {
    const sealed: SealedRecord[] = [];
    const messages = this.#messages(draft, sealed);
    const hasPayload = draft.payload !== null || messages.length > 0;
    const content = messages.length > 0 ? { ...draft.payload, messages } : draft.payload;
    const payload = hasPayload ? this.#sealJson(content, draft, sealed) : undefined;
    const context = draft.context === null ? undefined : this.#sealJson(draft.context, draft, sealed);
    const nowMs = this.#options.clock();
    // In the order of RFC 8785, so that the engine's own writer gives the canonical form at a third of the cost.
    const header: EntryHeader = {
      approvals: draft.approvals.length > 0 ? draft.approvals : undefined,
      at: new Date(nowMs).toISOString(),
      ct: payload?.ct,
      decision: draft.decisionId,
      id: newId("entry", nowMs, this.#random),
      kid: sealed[0]?.kid,
      outcome: draft.outcome,
      pc: payload?.pc,
      policy: draft.policyVersion,
      register: draft.registerVersion,
      retention: draft.retention,
      seen,
      seq,
      shard: this.#options.origin,
      system: draft.system ?? undefined,
      terminal: draft.terminal,
      type: draft.type,
      v: 1,
      xct: context?.ct,
      xpc: context?.pc,
    };
    const text = JSON.stringify(header);
    // The engine escapes a lone surrogate, RFC 8785 has no form for it: the verifier would refuse the entry.
    if (text.length > 65_536 || loneSurrogate.test(text)) throw evidenceUnavailable("entry header is not well-formed");
    const summary = {
      ...draft.summary,
      ...(draft.subject == null ? {} : { subject: draft.subject }),
      ...(draft.sessionId === null ? {} : { session: draft.sessionId }),
      ...(draft.classes === undefined || draft.classes.length === 0 ? {} : { classes: draft.classes }),
      ...(draft.trace?.context.fromCaller === true ? { trace: draft.trace.context.traceId } : {}),
      at: header.at,
      type: draft.type,
      decision: draft.decisionId,
      terminal: draft.terminal ?? null,
    };
    return { header, record: { leaf: Buffer.from(text), sealed, summary } };
  }

  /** Random bytes drawn for many ids at once: a draw is a system call. */
  readonly #random = (bytes: Uint8Array): Uint8Array => {
    if (this.#randomAt + bytes.length > this.#randomPool.length) {
      this.#randomPool = this.#options.random(new Uint8Array(4096));
      this.#randomAt = 0;
    }
    bytes.set(this.#randomPool.subarray(this.#randomAt, this.#randomAt + bytes.length));
    this.#randomAt += bytes.length;
    return bytes;
  };

  /**
   * Nothing refers again to what no session knows: short texts of such stand in the payload itself, under its one key.
   */
  #messages(draft: EntryDraft, sealed: SealedRecord[]): readonly (Commitments | { readonly text: string })[] {
    const { messages, sessionId } = draft;
    if (sessionId === null && messages.length > 0) {
      const bytes = messages.reduce((sum, message) => sum + message.length, 0);
      if (bytes <= maxInlineBytes && messages.every((message) => isUtf8(message)))
        return messages.map((message) => ({ text: Buffer.from(message.buffer, message.byteOffset, message.length).toString("utf8") }));
      if (messages.length > 1) return [this.#sealMessage(together(messages), draft, sealed)];
    }
    return messages.map((message) => this.#sealMessage(message, draft, sealed));
  }

  #sealMessage(message: Uint8Array, draft: EntryDraft, sealed: SealedRecord[]): Commitments {
    const wrapper = this.#wrapper(draft.system);
    if (draft.sessionId === null) return this.#seal(message, wrapper, sealed);
    // By subject as well: erasing one person's content must not take the words of another in the same session.
    const session = this.#sessions.of(`${draft.system ?? ""}\n${wrapper.kid}\n${draft.subject ?? ""}\n${draft.sessionId}`);
    const digest = hash("sha256", message, "base64");
    const known = session.get(digest);
    if (known !== undefined) return known;
    const commitments = this.#seal(message, wrapper, sealed);
    this.#sessions.add(session, digest, commitments);
    return commitments;
  }

  #sealJson(value: unknown, draft: EntryDraft, sealed: SealedRecord[]): Commitments {
    return this.#seal(Buffer.from(JSON.stringify(value)), this.#wrapper(draft.system), sealed);
  }

  #seal(plaintext: Uint8Array, wrapper: KeyWrapper, sealed: SealedRecord[]): Commitments {
    const { ct, pc, bytes, wrapped } = wrapper.seal(plaintext);
    sealed.push({ ct, bytes, wrapped, kid: wrapper.kid });
    return { ct, pc };
  }

  #wrapper(system: string | null): KeyWrapper {
    const key = this.#options.sealingKey(system);
    if (key === undefined) throw evidenceUnavailable(`no sealing key for system \`${system ?? ""}\``);
    const known = this.#wrappers.get(key.kid);
    if (known !== undefined && known.key === key.key) return known.wrapper;
    // Keys turn over monthly; what a long-lived process no longer uses must not stay in memory for ever.
    if (this.#wrappers.size > 10_000) this.#wrappers.clear();
    const wrapper = keyWrapper(key.kid, key.key);
    this.#wrappers.set(key.kid, { key: key.key, wrapper });
    return wrapper;
  }
}

/** What each session sealed, in two generations as `Recent` keeps them; bounded by messages, not by sessions. */
class SessionMemory {
  readonly #half: number;
  #young = new Map<string, Map<string, Commitments>>();
  #old = new Map<string, Map<string, Commitments>>();
  /** Messages of the young ones. */
  #count = 0;

  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2));
  }

  of(key: string): Map<string, Commitments> {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const session = this.#old.get(key) ?? new Map<string, Commitments>();
    this.#old.delete(key);
    this.#young.set(key, session);
    this.#count += session.size;
    return session;
  }

  add(session: Map<string, Commitments>, digest: string, commitments: Commitments): void {
    session.set(digest, commitments);
    if (++this.#count < this.#half) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#count = 0;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#count = 0;
  }
}

/** The JSON array of messages that are JSON each. */
function together(messages: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const message of messages) parts.push(parts.length === 0 ? open : between, message);
  parts.push(close);
  return Buffer.concat(parts);
}
const [open, between, close] = [Buffer.from("["), Buffer.from(","), Buffer.from("]")];
