import { newId, type ToolFacts } from "@mandate/model";
import { parseStrictObject } from "../json/strict-json.ts";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import type { Members } from "../surfaces/fields.ts";
import type { UpstreamCall, UpstreamFailure } from "../upstream/client.ts";
import { brokenOff, type McpCall } from "./call.ts";
import type { ClientReply } from "./client-reply.ts";
import { checkContent } from "./content.ts";
import { decide, type McpContext, permitted, question } from "./context.ts";
import { idKey, messageOf, rpcCodes, rpcError, rpcResult, type RpcMessage } from "./json-rpc.ts";
import type { EventFields, LinkEvents } from "./link.ts";
import { serverNotifications, serverRequests } from "./methods.ts";
import { decisionOf } from "./record.ts";
import { isGranted, type ServerView } from "./server-view.ts";

const maxAsked = 64;
const maxQueued = 256;

export interface StreamInit {
  readonly context: McpContext;
  readonly view: ServerView;
  /** The call this exchange was opened for, or the record of a stream that answers nothing. */
  readonly call: McpCall;
  readonly reply: ClientReply;
  /** Sends a message of ours to the server, and forgets it. */
  readonly tell: (message: Members) => void;
  readonly onHead: (status: number, sessionId: string | null) => void;
}

/**
 * Everything a server sends on one exchange. What the revision doesn't know is dropped, what a server asks of the client
 * is decided, and one message follows another only when it was dealt with.
 */
export class ServerStream implements LinkEvents {
  readonly #init: StreamInit;
  readonly #queue: (() => Promise<void>)[] = [];
  #working = false;
  #paused = false;
  #pressed = false;
  #over = false;
  #resumable = false;
  #status = 0;
  #upstream: UpstreamCall | undefined;

  constructor(init: StreamInit) {
    this.#init = init;
    const { call, reply, context } = init;
    call.releasedBytes = () => reply.releasedBytes;
    call.onCut = (refusal) => this.#cut(refusal);
    reply.onPressure = (waits) => {
      this.#pressed = waits;
      this.#flow();
    };
    reply.onStuck = () => this.#gone();
    context.exchange.res.once("close", () => {
      if (!context.exchange.res.writableFinished) this.#gone();
    });
  }

  attach(upstream: UpstreamCall): void {
    this.#upstream = upstream;
    if (this.#over) upstream.abort();
    else this.#flow();
  }

  head(status: number, sessionId: string | null, streamed: boolean): void {
    this.#status = status;
    this.#init.call.status = status;
    this.#init.onHead(status, sessionId);
    if (streamed && status < 300) this.#init.reply.openStream();
  }

  message(text: string, fields: EventFields): void {
    if (fields.id !== null) this.#resumable = true;
    this.#do(() => this.#message(text, fields));
  }

  end(): void {
    this.#do(() => this.#ended());
  }

  fail(failure: UpstreamFailure): void {
    this.#do(async () => {
      this.#over = true;
      const { call } = this.#init;
      this.#init.context.runtime.options.log.warn("mcp.upstream_failed", { server: this.#init.view.server.name, kind: failure.kind, internal: failure.internal });
      await call.stop("upstream_cut", failureRefusal(failure), (message) => this.#final(message, 502));
      this.#init.reply.end();
    });
  }

  #do(work: () => Promise<void>): void {
    if (this.#queue.length > maxQueued) return this.#cut(brokenOff);
    this.#queue.push(work);
    if (!this.#working) void this.#run();
  }

  async #run(): Promise<void> {
    const { time } = this.#init.context.exchange;
    this.#working = true;
    time.run();
    for (;;) {
      const work = this.#queue.shift();
      if (work === undefined) break;
      this.#flow();
      try {
        await work();
      } catch (error) {
        this.#init.context.runtime.options.log.error("mcp.message_failed", { decision: this.#init.context.exchange.decisionId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        await this.#init.call.stop("blocked", refuse("control_unavailable", "The server's message could not be checked, so it was withheld.", "Repeat the call shortly."), (message) => this.#final(message, 503));
        this.#finish();
      }
    }
    this.#working = false;
    if (this.#init.call.open) time.pause();
    this.#flow();
  }

  /** Reads no faster than messages are dealt with and taken. */
  #flow(): void {
    const wait = this.#queue.length > 16 || this.#pressed;
    if (wait === this.#paused) return;
    this.#paused = wait;
    if (wait) this.#upstream?.pause();
    else this.#upstream?.resume();
  }

  async #message(text: string, fields: EventFields): Promise<void> {
    if (this.#over) return;
    const { call, context, reply } = this.#init;
    if (text === "") return reply.event("", fields);
    let value: Members;
    let message: RpcMessage;
    try {
      ({ value } = parseStrictObject(Buffer.from(text, "utf8"), context.runtime.limits.maxJsonDepth));
      message = messageOf(value);
    } catch {
      if (this.#status >= 300) return;
      await call.stop("upstream_cut", malformed, (said) => this.#final(said, 502));
      return this.#finish();
    }
    if (message.kind === "response") return this.#response(message, value, fields);
    if (message.kind === "request") return this.#request(message);
    await this.#notification(message, value, fields);
  }

  async #response(message: RpcMessage & { kind: "response" }, value: Members, fields: EventFields): Promise<void> {
    const { call, context, reply } = this.#init;
    const mine = call.id !== null && (message.id === null ? this.#status >= 300 : idKey(message.id) === idKey(call.id));
    if (mine) {
      // What authenticates us there is our own affair, not the caller's.
      if (this.#status === 401 || this.#status === 403) return;
      await call.answer({ ...value, id: call.id }, (said) => reply.final(this.#status >= 400 && said.error !== undefined ? this.#status : 200, said, fields));
      return this.#finish();
    }
    // An answer that the client missed when its first stream broke.
    const other = message.id === null ? undefined : context.session?.pending.get(idKey(message.id));
    await other?.answer(value, (said) => reply.event(JSON.stringify(said), fields));
  }

  async #request(message: RpcMessage & { kind: "request" }): Promise<void> {
    const { context, view, reply, tell } = this.#init;
    const { session, runtime } = context;
    if (message.method === "ping") return tell(rpcResult(message.id, {}));
    const known = Object.hasOwn(serverRequests, message.method) ? serverRequests[message.method]! : null;
    if (known === null || context.revision.stateless) return tell(rpcError(message.id, rpcCodes.methodNotFound, "The client doesn't take this request."));
    const tool: ToolFacts | undefined = view.methods.get(known.tool);
    const request = question(context, tool ?? `${view.server.name}/${known.tool}`, message.params, []);
    const decision = decide(context, request);
    let refusal: Refusal | null = decision.outcome === "allow" ? null : refusalOf(decision);
    if (session === null || !Object.hasOwn(session.clientCapabilities, known.capability) || !reply.streaming || session.asked.size >= maxAsked)
      refusal ??= refuse("unsupported", "The client can't be asked that.", "Connect with the capability it needs.", message.method);
    const checked = refusal === null ? checkContent(context, request, decision, message.params, "The MCP server's request") : null;
    refusal ??= checked!.refusal;
    const decisionId = newId("decision", runtime.now(), runtime.options.random);
    const content = [Buffer.from(JSON.stringify(message.params), "utf8")];
    const resource = `tool:${request.resource.id}`;
    await runtime.options.evidence.decision(decisionOf(context, { decisionId, server: view.server.name, method: message.method, resource, decision, request, found: checked?.check.types ?? [], content }, refusal));
    if (refusal !== null) return tell(rpcError(message.id, rpcCodes.denied, refusal.reason, { code: refusal.code, decision_id: decisionId }));
    session!.asked.set(idKey(message.id), { method: message.method });
    reply.event(JSON.stringify({ jsonrpc: "2.0", id: message.id, method: message.method, params: checked!.value }), { id: null, retry: null });
  }

  async #notification(message: RpcMessage & { kind: "notification" }, value: Members, fields: EventFields): Promise<void> {
    const { context, reply, view, call } = this.#init;
    if (!serverNotifications.has(message.method)) return;
    const allowed = permitted(context, "A server may report on what it was asked.");
    const checked = checkContent(context, call.request ?? question(context, anyGranted(context, view), null, []), allowed, message.params, "The MCP server's notification");
    if (checked.refusal !== null) return;
    reply.event(JSON.stringify({ ...value, params: checked.value }), fields);
  }

  async #ended(): Promise<void> {
    if (this.#over) return;
    const { call, reply, context } = this.#init;
    if (call.id === null) {
      await call.finish();
      this.#over = true;
      return reply.end();
    }
    // SEP-1699: a server may close a stream it has numbered, and answer on the one its client comes back with.
    if (call.open && this.#resumable && this.#status < 300 && context.session !== null) {
      this.#over = true;
      call.onCut = (refusal) => void call.stop(refusal === null ? "aborted" : "blocked", refusal);
      return reply.end();
    }
    await call.stop("upstream_cut", this.#status === 404 && context.session !== null ? sessionEnded : this.#status >= 300 ? refused(this.#status) : brokenOff, (said) => this.#final(said, this.#status === 404 ? 404 : 502));
    this.#finish();
  }

  #final(message: Members, status: number): void {
    this.#init.reply.final(status, message, { id: null, retry: null });
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#upstream?.abort();
    this.#init.reply.end();
  }

  #cut(refusal: Refusal | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#upstream?.abort();
    const { call, reply } = this.#init;
    const terminal = refusal === null ? "aborted" : refusal.code === "upstream_timeout" || refusal === brokenOff ? "upstream_cut" : "blocked";
    void call.stop(terminal, refusal, (said) => (call.id === null ? undefined : this.#final(said, 503))).then(() => {
      reply.end();
    });
  }

  /** The client went away. Before the stateless revision that cancels nothing, where it can come back for the answer. */
  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#upstream?.abort();
    const { call, reply, context } = this.#init;
    reply.cut();
    if (call.open && call.id !== null && this.#resumable && context.session !== null && !context.revision.stateless) {
      call.onCut = (refusal) => void call.stop(refusal === null ? "aborted" : "blocked", refusal);
      return;
    }
    void call.stop("aborted", null);
  }
}

const malformed = refuse("upstream_unreachable", "The MCP server sent something that is no JSON-RPC message.", "Ask the server's owner.");
const sessionEnded = refuse("upstream_unreachable", "The MCP server no longer knows this session.", "Open a new one with `initialize`.");

function refused(status: number): Refusal {
  return refuse("upstream_unreachable", `The MCP server answered with status ${status}.`, "Ask the server's owner.");
}

export function failureRefusal(failure: UpstreamFailure): Refusal {
  return refuse(failure.kind === "timeout" ? "upstream_timeout" : "upstream_unreachable", failure.kind === "refused" ? failure.message : "The MCP server could not be reached, or its answer broke off.", "Ask the server's owner; the gateway's log says more.");
}

/** A stream that answers no call is judged as the first thing its system was granted of the server. */
function anyGranted({ system }: McpContext, view: ServerView): ToolFacts | string {
  return [...view.tools.values(), ...view.methods.values()].find((tool) => isGranted(system, tool)) ?? view.server.name;
}
