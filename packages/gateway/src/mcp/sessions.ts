import { hash } from "node:crypto";
import { newId } from "@mandate/model";
import type { Session } from "../auth/session-token.ts";
import type { Members } from "../surfaces/fields.ts";
import type { UpstreamCall } from "../upstream/client.ts";

/** What this gateway knows of a server inside one session. */
export interface ServerState {
  /** The server's own session id; null: it keeps none. */
  sessionId: string | null;
  /** Address it was opened at: a server that moved is another one. */
  readonly at: string;
}

/** A call whose answer has not come, and may still come on another stream. */
export interface PendingCall {
  answer(message: Members, deliver: (message: Members) => void): Promise<void>;
  expire(): void;
}

export interface McpSession {
  readonly id: string;
  /** Server's name, or the endpoint of all of them. */
  readonly route: string;
  readonly owner: string;
  /** What both agreed on. */
  version: string;
  readonly clientCapabilities: Members;
  readonly clientInfo: Members;
  /** Whose labels its calls carry and raise. */
  readonly labelled: Session;
  readonly servers: Map<string, ServerState>;
  readonly pending: Map<string, PendingCall>;
  /** Requests of the server that the client was shown, by id. */
  readonly asked: Map<string, { readonly method: string }>;
  readonly streams: Set<UpstreamCall>;
  usedMs: number;
}

const maxSessions = 10_000;
const maxSessionsOfOne = 256;
const idleMs = 3_600_000;

/**
 * `Mcp-Session-Id`, as this gateway issues it. INVARIANT: an id means something only to the credential that opened it, on
 * the route it was opened at; the server's own id never leaves this process.
 */
export class McpSessions {
  readonly #sessions = new Map<string, McpSession>();
  readonly #random: (bytes: Uint8Array) => Uint8Array;
  readonly #now: () => number;
  readonly #closed: (session: McpSession) => void;

  constructor(init: { random: (bytes: Uint8Array) => Uint8Array; now: () => number; closed: (session: McpSession) => void }) {
    this.#random = init.random;
    this.#now = init.now;
    this.#closed = init.closed;
  }

  /** Undefined: this owner has too many. */
  open(init: Pick<McpSession, "route" | "owner" | "version" | "clientCapabilities" | "clientInfo"> & { labelled: Session | null }): McpSession | undefined {
    this.#sweep();
    const mine = [...this.#sessions.values()].filter((one) => one.owner === init.owner);
    if (mine.length >= maxSessionsOfOne || this.#sessions.size >= maxSessions) {
      const oldest = mine.reduce<McpSession | undefined>((old, one) => (old === undefined || one.usedMs < old.usedMs ? one : old), undefined);
      if (oldest === undefined || oldest.pending.size + oldest.streams.size > 0) return undefined;
      this.close(oldest);
    }
    // 256 bits: knowing one is no credential, and guessing one is no way in either.
    const id = `mcs_${Buffer.from(this.#random(new Uint8Array(32))).toString("base64url")}`;
    const session: McpSession = {
      ...init,
      id,
      // What the client has read elsewhere nobody here has seen: without a signed session it starts tainted.
      labelled: init.labelled ?? {
        id: newId("session", this.#now(), this.#random),
        labels: { maxSensitivity: "public", untrusted: true, residency: [], classes: [], purposes: null },
      },
      servers: new Map(),
      pending: new Map(),
      asked: new Map(),
      streams: new Set(),
      usedMs: this.#now(),
    };
    this.#sessions.set(id, session);
    return session;
  }

  find(id: string, route: string, owner: string): McpSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || session.route !== route || session.owner !== owner) return undefined;
    session.usedMs = this.#now();
    return session;
  }

  close(session: McpSession): void {
    if (!this.#sessions.delete(session.id)) return;
    for (const stream of session.streams) stream.abort();
    for (const call of session.pending.values()) call.expire();
    this.#closed(session);
  }

  streamsOf(owner: string): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.owner === owner) count += session.streams.size;
    return count;
  }

  closeAll(): void {
    for (const session of this.#sessions.values()) this.close(session);
  }

  get size(): number {
    return this.#sessions.size;
  }

  #sweep(): void {
    const before = this.#now() - idleMs;
    for (const session of this.#sessions.values()) if (session.usedMs < before && session.streams.size === 0 && session.pending.size === 0) this.close(session);
  }
}

/** A session's name in records: the id itself would let a reader of the log take it over. */
export function sessionDigest(id: string): string {
  return hash("sha256", id, "hex").slice(0, 32);
}
