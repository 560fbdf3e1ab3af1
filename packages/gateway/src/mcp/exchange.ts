import type { ToolFacts } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";
import { type Known, refuseKnown } from "../pipeline/refuse-known.ts";
import type { Members } from "../surfaces/fields.ts";
import { UpstreamFailure } from "../upstream/client.ts";
import { McpCall, requestHashOf } from "./call.ts";
import { ClientReply } from "./client-reply.ts";
import { type McpContext, permitted } from "./context.ts";
import { UnreadableOffer } from "./drift.ts";
import type { RpcMessage } from "./json-rpc.ts";
import { tellServer } from "./own-requests.ts";
import type { Subject } from "./record.ts";
import { failureRefusal, ServerStream } from "./server-stream.ts";
import type { ServerView } from "./server-view.ts";
import type { McpSession } from "./sessions.ts";
import { headersFor, linkOf, openServer } from "./upstream-session.ts";

type Request = RpcMessage & { kind: "request" };

/** A message that concerns the connection alone: no rule is asked, its records are made all the same. */
export function connectionSubject(context: McpContext, view: ServerView, message: Request, params: Members): Subject {
  return {
    decisionId: context.exchange.decisionId,
    server: view.server.name,
    method: message.method,
    resource: `mcp-server:${view.server.name}`,
    decision: permitted(context, "The system was granted tools of this server."),
    request: null,
    requestHash: requestHashOf(params),
    found: [],
    content: [],
    definition: null,
  };
}

/** Runs with a session at the server, opening one where the client has none there. */
export async function withServer(context: McpContext, view: ServerView, known: Known, owner: string, work: (context: McpContext) => Promise<void>): Promise<void> {
  const { runtime } = context;
  let inner = context;
  let ephemeral: McpSession | null = null;
  try {
    if (!context.revision.stateless) {
      if (context.session === null) {
        ephemeral = runtime.mcp.sessions.open({ route: known.resource, owner, version: "2025-11-25", clientCapabilities: {}, clientInfo: {}, labelled: context.labelled }) ?? null;
        if (ephemeral === null) return await refuseKnown(runtime, known, { ...refuse("rate", "The key has too many MCP sessions open.", "Close sessions that are no longer used."), retryAfterSeconds: 10 });
        inner = { ...context, session: ephemeral, labelled: context.labelled ?? ephemeral.labelled };
      }
      await context.exchange.time.during(openServer(inner, view));
    }
    await work(inner);
  } catch (error) {
    if (error instanceof UnreadableOffer) return await refuseKnown(runtime, known, refuse("tool_changed", "What the server offers now is no list of tools that can be told apart.", "Ask the server's owner.", known.resource));
    if (!(error instanceof UpstreamFailure)) throw error;
    runtime.options.log.warn("mcp.upstream_failed", { server: view.server.name, kind: error.kind, internal: error.internal });
    return await refuseKnown(runtime, known, failureRefusal(error));
  } finally {
    if (ephemeral !== null) {
      endAtServer(inner, view);
      runtime.mcp.sessions.close(ephemeral);
    }
  }
}

export function endAtServer(context: McpContext, view: ServerView): void {
  const state = context.session?.servers.get(view.server.name);
  if (state?.sessionId == null) return;
  void tellServer(linkOf(context, view), null, headersFor(context, view, null), "DELETE");
}

interface ExchangeInit {
  readonly tool?: ToolFacts | null;
  readonly approvals?: readonly string[];
  readonly settle?: () => void;
  readonly headers?: Readonly<Record<string, string>>;
  readonly transform?: (result: Members) => Members | { refusal: Refusal };
  readonly longLived?: boolean;
  /** The session that this handshake opens. */
  readonly opens?: McpSession | null;
}

/** Intent, the message itself, everything that comes back, outcome. */
export async function exchangeWith(context: McpContext, view: ServerView, known: Known, message: Request, subject: Subject, init: ExchangeInit): Promise<void> {
  const { runtime, exchange, session } = context;
  const opens = init.opens ?? null;
  const call = new McpCall(context, { subject, tool: init.tool ?? null, id: message.id, approvals: init.approvals ?? [], settle: init.settle ?? (() => undefined), ...(init.transform === undefined ? {} : { transform: init.transform }) });
  const abandon = (): void => {
    if (opens !== null) runtime.mcp.sessions.close(opens);
  };
  if (!(await call.begin())) return abandon();
  // A subscription's client comes back, as on the stream of revisions before.
  if (init.longLived === true) call.endsQuietly(() => call.onCut(null));
  // A lasting stream has no end that anybody waits for.
  if (init.longLived !== true) exchange.time.kind = "mcp";
  const reply = new ClientReply(exchange, { acceptsStream: accepts(exchange.req.headers.accept), idleMs: runtime.limits.callerIdleMs, sessionId: session?.id ?? null });
  const stream = new ServerStream({
    context,
    view,
    call,
    reply,
    tell: (answer) => void tellServer(linkOf(context, view), answer, headersFor(context, view, null)),
    onHead: (status, sessionId) => {
      if (opens !== null && status < 300) opens.servers.set(view.server.name, { sessionId, at: view.server.url ?? "" });
      // The server has forgotten it, so what this gateway's session stands for is gone.
      if (status === 404 && session !== null && opens === null) runtime.mcp.sessions.close(session);
    },
  });
  try {
    stream.attach(
      linkOf(context, view).send(
        { verb: "POST", message: { jsonrpc: "2.0", id: message.id, method: message.method, params: message.params }, headers: { ...headersFor(context, view, message), ...init.headers, ...runtime.tracer.upstream(exchange.trace, subject.decisionId) }, longLived: init.longLived === true, grow: (bytes) => exchange.held?.grow(bytes) !== false },
        stream,
      ),
    );
    if (call.open) exchange.time.pause();
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    runtime.options.log.warn("mcp.upstream_refused", { server: view.server.name, internal: error.internal });
    await call.stop("upstream_cut", failureRefusal(error), () => exchange.refuse(failureRefusal(error)));
    known.resource = subject.resource;
  }
  await Promise.race([call.done, exchangeOver(exchange.res)]);
  if (call.status === null || call.status >= 300) abandon();
}

function exchangeOver(res: { once(event: "close", listener: () => void): unknown; readonly closed?: boolean }): Promise<void> {
  return new Promise((resolve) => (res.closed === true ? resolve() : void res.once("close", resolve)));
}

export function accepts(header: string | undefined): boolean {
  return header !== undefined && /text\/event-stream|text\/\*|\*\/\*/i.test(header);
}

/** From here on the message is a tool's call, in whatever becomes of it. */
export function asTool(known: Known, resource: string): void {
  known.action = "tool.call";
  known.resource = resource;
}

export function sessionHeader(session: McpSession | null): Record<string, string> {
  return session === null ? {} : { "mcp-session-id": session.id };
}
