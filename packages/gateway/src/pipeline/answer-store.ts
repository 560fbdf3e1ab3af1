import { createCipheriv, createDecipheriv } from "node:crypto";
import type { TokenUsage, ToolCall } from "../surfaces/surface.ts";
import type { ContentCheck } from "./call.ts";

/** An answer whose tool call waits for a person. */
export interface StoredAnswer {
  readonly system: string;
  readonly surface: string;
  /** Hex SHA-256 of the request's bytes: only the identical request gets the answer. */
  readonly requestHash: string;
  readonly callHash: string;
  readonly status: number;
  readonly contentType: string;
  readonly calls: readonly ToolCall[];
  readonly served: readonly string[];
  readonly usage: TokenUsage | null;
  /** As it was when the answer was kept: nothing of it changes since. */
  readonly check: ContentCheck;
  readonly expiresAtMs: number;
}

interface Sealed {
  readonly answer: StoredAnswer;
  readonly nonce: Uint8Array;
  readonly bytes: Buffer;
  readonly tag: Buffer;
}

/**
 * Answers kept until their approval is spent, by approval id, encrypted under a key of this process, so that a heap dump
 * of the store alone shows none. Bounded: the oldest goes first, and its repeat asks the model again.
 */
export class AnswerStore {
  readonly #key: Uint8Array;
  readonly #random: (bytes: Uint8Array) => Uint8Array;
  readonly #maxBytes: number;
  readonly #held = new Map<string, Sealed>();
  #bytes = 0;

  constructor(init: { random: (bytes: Uint8Array) => Uint8Array; maxBytes: number }) {
    this.#random = init.random;
    this.#key = init.random(new Uint8Array(32));
    this.#maxBytes = init.maxBytes;
  }

  put(approvalId: string, answer: StoredAnswer, body: Buffer): void {
    this.drop(approvalId);
    const nonce = this.#random(new Uint8Array(12));
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const bytes = Buffer.concat([cipher.update(body), cipher.final()]);
    this.#held.set(approvalId, { answer, nonce, bytes, tag: cipher.getAuthTag() });
    this.#bytes += bytes.length;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.drop(oldest);
    }
  }

  find(approvalId: string, nowMs: number): StoredAnswer | undefined {
    const sealed = this.#held.get(approvalId);
    if (sealed === undefined) return undefined;
    if (sealed.answer.expiresAtMs > nowMs) return sealed.answer;
    this.drop(approvalId);
    return undefined;
  }

  /** The answer's bytes, and it is gone: an approval is spent once. */
  take(approvalId: string): Buffer | undefined {
    const sealed = this.#held.get(approvalId);
    if (sealed === undefined) return undefined;
    this.drop(approvalId);
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.nonce);
    decipher.setAuthTag(sealed.tag);
    return Buffer.concat([decipher.update(sealed.bytes), decipher.final()]);
  }

  drop(approvalId: string): void {
    const sealed = this.#held.get(approvalId);
    if (sealed === undefined) return;
    this.#bytes -= sealed.bytes.length;
    this.#held.delete(approvalId);
  }
}
