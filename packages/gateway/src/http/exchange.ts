import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { newId } from "@mandate/model";
import { type McpShape, mcpRefusal } from "../mcp/refusal-reply.ts";
import type { ErrorShape } from "../surfaces/surface.ts";
import type { CallTime } from "../telemetry/call-time.ts";
import type { Holding } from "../byte-budget.ts";
import type { TraceContext } from "../telemetry/trace-context.ts";
import { awsErrorType, mayRetry, type Refusal, refusalBody, type RefusalLinks, statusOf } from "./refusal.ts";
import { endInSlices } from "./slices.ts";

/** Model and MCP output is other people's content: no browser may take it for a page or a script of ours. */
const fixedHeaders = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
} as const;

const oneWriteBytes = 64 * 1024;

/** One request and its one reply: the ids and headers that every reply carries. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly decisionId: string;
  readonly requestId: string;
  readonly registerVersion: number;
  readonly startedMs: number;
  /** When the caller's call began, whichever model is asked by now: what its deadline counts from. */
  callStartedMs: number;
  readonly #consoleUrl: string;
  /** The trace that the call belongs to; null: none that anybody would see. */
  readonly trace: TraceContext | null;
  /** What Mandate itself takes of the call, whichever model is asked. */
  readonly time: CallTime;
  /** What the call holds of the bytes that all calls may hold together; null: nothing is under way. */
  held: Holding | null = null;
  errorShape: ErrorShape = "openai";
  /** Set on the MCP gateway's paths: refusals are JSON-RPC there. */
  mcp: McpShape | null = null;
  /** Replaces the caller's session token. */
  sessionToken: string | undefined;
  /** A caller who asks with `x-mandate-receipt` gets the writer's signed promise that the entry stands in the log. */
  readonly #receipt: ((decisionId: string) => string | undefined) | undefined;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    init: { nowMs: number; random: (bytes: Uint8Array) => Uint8Array; registerVersion: number; consoleUrl: string; receipt?: ((decisionId: string) => string | undefined) | undefined; trace?: TraceContext | null; time: CallTime },
    requestId?: string,
  ) {
    this.req = req;
    this.res = res;
    this.startedMs = init.nowMs;
    this.callStartedMs = init.nowMs;
    this.registerVersion = init.registerVersion;
    this.trace = init.trace ?? null;
    this.time = init.time;
    this.#consoleUrl = init.consoleUrl;
    this.#receipt = req.headers["x-mandate-receipt"] === undefined ? undefined : init.receipt;
    this.decisionId = newId("decision", init.nowMs, init.random);
    const asked = req.headers["x-request-id"];
    this.requestId =
      requestId ??
      (typeof asked === "string" && /^[\w.:-]{1,128}$/.test(asked) ? asked : newId("request", init.nowMs, init.random));
  }

  /** The same reply under a decision of its own: what another model is to answer is another call. */
  again(nowMs: number, random: (bytes: Uint8Array) => Uint8Array): Exchange {
    const { registerVersion } = this;
    const next = new Exchange(this.req, this.res, { nowMs, random, registerVersion, consoleUrl: this.#consoleUrl, trace: this.trace, time: this.time }, this.requestId);
    next.errorShape = this.errorShape;
    next.sessionToken = this.sessionToken;
    next.callStartedMs = this.callStartedMs;
    next.held = this.held;
    return next;
  }

  get links(): RefusalLinks {
    return {
      consoleUrl: this.#consoleUrl,
      decisionId: this.decisionId,
      decisionUrl: `${this.#consoleUrl}/evidence/${this.decisionId}`,
      requestId: this.requestId,
    };
  }

  headers(more: OutgoingHttpHeaders): OutgoingHttpHeaders {
    const receipt = this.#receipt?.(this.decisionId);
    return {
      ...fixedHeaders,
      "x-mandate-decision": this.decisionId,
      "x-request-id": this.requestId,
      "x-mandate-register": String(this.registerVersion),
      ...(this.sessionToken === undefined ? {} : { "x-mandate-session": this.sessionToken }),
      ...(receipt === undefined ? {} : { "x-mandate-receipt": receipt }),
      ...more,
    };
  }

  json(status: number, body: unknown, more: OutgoingHttpHeaders = {}): void {
    this.bytes(status, Buffer.from(JSON.stringify(body), "utf8"), {
      "content-type": "application/json; charset=utf-8",
      ...more,
    });
  }

  bytes(status: number, body: Buffer, more: OutgoingHttpHeaders): void {
    if (this.res.headersSent || this.res.destroyed) return;
    // A body that nobody will read must not be taken for the next request, nor read at our expense.
    const unread = !this.req.complete;
    this.res.writeHead(
      status,
      this.headers({ ...more, "content-length": body.length, ...(unread ? { connection: "close" } : {}) }),
    );
    if (this.req.method === "HEAD") this.res.end();
    // Node sends a string and its head in one piece, a buffer in two; Latin-1 carries each byte as it is.
    else if (body.length <= oneWriteBytes) this.res.end(body.toString("latin1"), "latin1");
    else endInSlices(this.res, body);
  }

  refuse(refusal: Refusal): void {
    const { status, body } =
      this.mcp === null
        ? { status: statusOf(refusal.code), body: refusalBody(this.errorShape, refusal, this.links) }
        : mcpRefusal(this.mcp, refusal, this.links);
    this.json(status, body, {
      ...(this.errorShape === "bedrock" ? { "x-amzn-errortype": awsErrorType(status) } : {}),
      ...(status === 401 ? { "www-authenticate": challenge(refusal, this.mcp?.resourceMetadata) } : {}),
      ...(mayRetry(refusal.code) ? {} : { "x-should-retry": "false" }),
      ...(refusal.retryAfterSeconds === undefined ? {} : { "retry-after": String(refusal.retryAfterSeconds) }),
    });
  }
}

/** RFC 9728 §5.1: where a client learns who issues tokens for this resource. */
function challenge(refusal: Refusal, resourceMetadata: string | undefined): string {
  const said = refusal.challenge ?? "Bearer";
  if (resourceMetadata === undefined) return said;
  return said.replace(/^Bearer(?: |$)/, (scheme) => `Bearer resource_metadata="${resourceMetadata}"${scheme.endsWith(" ") ? ", " : ""}`);
}
