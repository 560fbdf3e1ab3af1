import type { McpServerFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { Members } from "../surfaces/fields.ts";
import type { UpstreamCall, UpstreamFailure } from "../upstream/client.ts";

/** Fields of a server-sent event beside its data. Null: not sent. */
export interface EventFields {
  readonly id: string | null;
  readonly retry: string | null;
}

export const noFields: EventFields = { id: null, retry: null };

/** What comes back on one exchange with a server, message by message. `end` or `fail` comes last, once. */
export interface LinkEvents {
  head(status: number, sessionId: string | null, streamed: boolean): void;
  /** JSON text of one message, not parsed; empty for an event that carries none. */
  message(text: string, fields: EventFields): void;
  end(): void;
  fail(failure: UpstreamFailure): void;
}

export interface LinkRequest {
  readonly verb: "POST" | "GET" | "DELETE";
  readonly message: Members | null;
  /** Without credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** A stream that may stay silent. */
  readonly longLived: boolean;
  /** Asked before so many bytes of the answer are kept; false: there is no room for them. Absent: nobody counts. */
  readonly grow?: (bytes: number) => boolean;
}

/** One way to reach one MCP server. */
export interface McpLink {
  /** @throws UpstreamFailure (`refused`) before anything was sent */
  send(request: LinkRequest, events: LinkEvents): UpstreamCall;
}

/** @param session key of the gateway's own session: a supervised process belongs to one */
export type LinkTo = (compiled: Compiled, server: McpServerFacts, session: string) => McpLink;
