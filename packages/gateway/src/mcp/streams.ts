import { newId } from "@mandate/model";
import { refuse } from "../http/refusal.ts";
import { type Known, refuseKnown } from "../pipeline/refuse-known.ts";
import { UpstreamFailure } from "../upstream/client.ts";
import { McpCall } from "./call.ts";
import { ClientReply } from "./client-reply.ts";
import type { McpContext } from "./context.ts";
import { accepts, connectionSubject, endAtServer } from "./exchange.ts";
import type { Target } from "./handle.ts";
import { rpcCodes, rpcError } from "./json-rpc.ts";
import { tellServer } from "./own-requests.ts";
import { failureRefusal, ServerStream } from "./server-stream.ts";
import { headersFor, linkOf } from "./upstream-session.ts";

const maxStreams = 4;
/** Of one key in all its sessions. */
const maxStreamsOfOwner = 64;

/** GET: what a server says of its own accord, and what a client missed. */
export async function openStream(context: McpContext, target: Target, known: Known): Promise<void> {
  const { exchange, session, runtime } = context;
  const { view } = target;
  if (session === null || view === null || context.revision.stateless || !accepts(exchange.req.headers.accept)) {
    exchange.res.setHeader("allow", "POST, DELETE");
    return refuseKnown(runtime, known, refuse("method_not_allowed", "There is no stream here without a session.", "Open a session with `initialize`; revision 2026-07-28 has no such stream."));
  }
  if (session.streams.size >= maxStreams || runtime.mcp.sessions.streamsOf(session.owner) >= maxStreamsOfOwner) return refuseKnown(runtime, known, { ...refuse("rate", "The session has as many streams as it may.", "Close one first."), retryAfterSeconds: 5 });
  const message = { kind: "request" as const, id: newId("request", runtime.now(), runtime.options.random), method: "GET", params: {} };
  const subject = { ...connectionSubject(context, view, message, {}), method: "GET" };
  const call = new McpCall(context, { subject, tool: null, id: null, approvals: [], settle: () => undefined });
  const reply = new ClientReply(exchange, { acceptsStream: true, idleMs: runtime.limits.callerIdleMs, sessionId: session.id });
  if (!(await call.begin())) return;
  let refusedStatus = 0;
  const stream = new ServerStream({
    context,
    view,
    call,
    reply,
    tell: (answer) => void tellServer(linkOf(context, view), answer, headersFor(context, view, null)),
    onHead: (status) => {
      if (status >= 300) refusedStatus = status;
    },
  });
  call.endsQuietly(() => stream.end());
  const last = exchange.req.headers["last-event-id"];
  const resume: Record<string, string> = typeof last === "string" && /^[\x21-\x7e]{1,512}$/.test(last) ? { "last-event-id": last } : {};
  const handle = { pause: () => undefined, resume: () => undefined, abort: () => call.onCut(null) };
  session.streams.add(handle);
  try {
    stream.attach(linkOf(context, view).send({ verb: "GET", message: null, headers: { ...headersFor(context, view, null), ...resume }, longLived: true }, stream));
    await call.done;
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    await call.stop("upstream_cut", failureRefusal(error));
    refusedStatus = 405;
  } finally {
    session.streams.delete(handle);
  }
  if (!reply.streaming && !exchange.res.headersSent) {
    exchange.res.setHeader("allow", "POST, DELETE");
    exchange.json(refusedStatus === 404 ? 404 : 405, rpcError(null, rpcCodes.methodNotFound, "The server has no such stream."));
  }
}

export async function closeSession(context: McpContext, target: Target): Promise<void> {
  const { exchange, session, runtime } = context;
  if (session === null) return exchange.json(400, rpcError(null, rpcCodes.invalidRequest, "There is no session to end."));
  if (target.view !== null) endAtServer(context, target.view);
  runtime.mcp.sessions.close(session);
  exchange.bytes(204, Buffer.alloc(0), {});
}

