import { refuse, refusalOf } from "../http/refusal.ts";
import { evidenceRefusal, type Known, refuseKnown } from "../pipeline/refuse-known.ts";
import { echo, type Members } from "../surfaces/fields.ts";
import { McpCall, requestHashOf } from "./call.ts";
import { checkContent } from "./content.ts";
import { decide, type McpContext, question } from "./context.ts";
import { asTool, sessionHeader } from "./exchange.ts";
import type { Target } from "./handle.ts";
import { idKey, rpcCodes, rpcError, type RpcMessage } from "./json-rpc.ts";
import { clientNotifications, serverRequests } from "./methods.ts";
import { tellServer } from "./own-requests.ts";
import type { Subject } from "./record.ts";
import { headersFor, linkOf } from "./upstream-session.ts";

/** A client's notification: its effect on the protocol goes on, none of its words. */
export async function notification(context: McpContext, target: Target, known: Known, message: RpcMessage & { kind: "notification" }): Promise<void> {
  const { exchange, session, runtime } = context;
  const members = Object.hasOwn(clientNotifications, message.method) ? clientNotifications[message.method]! : null;
  if (members === null || session === null || context.revision.stateless)
    return refuseKnown(runtime, known, refuse("invalid_request", "This gateway does not take that notification here.", "Send it inside a session, or leave it out.", echo(message.method)));
  const params: Members = Object.fromEntries(members.filter((name) => isShort(message.params[name])).map((name) => [name, message.params[name]]));
  const view = target.view;
  if (view !== null && session.servers.has(view.server.name)) {
    const sent = { jsonrpc: "2.0", method: message.method, ...(members.length === 0 ? {} : { params }) };
    // The next request may need what this says: it is passed on before it is acknowledged.
    await tellServer(linkOf(context, view), sent, headersFor(context, view, null));
  }
  exchange.bytes(202, Buffer.alloc(0), sessionHeader(session));
}

function isShort(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && value.length <= 256);
}

/** What a client answers a server is content that leaves: decided and recorded as a tool's arguments are. */
export async function clientAnswer(context: McpContext, target: Target, known: Known, message: RpcMessage & { kind: "response" }, value: Members): Promise<void> {
  const { runtime, exchange, session } = context;
  const asked = message.id === null ? undefined : session?.asked.get(idKey(message.id));
  if (session === null || asked === undefined || target.view === null)
    return refuseKnown(runtime, known, refuse("invalid_request", "Nothing was asked under this id.", "Answer only what the server asked in this session.", "id"));
  session.asked.delete(idKey(message.id!));
  const { view } = target;
  const method = serverRequests[asked.method]!.tool;
  const tool = view.methods.get(method);
  asTool(known, `tool:${tool?.name ?? `${view.server.name}/${method}`}`);
  const request = question(context, tool ?? `${view.server.name}/${method}`, message.result, []);
  const decision = decide(context, request);
  const content = [Buffer.from(JSON.stringify(value), "utf8")];
  known.record = { decision, request, messages: content, sessionId: context.labelled?.id ?? null };
  const tell = (answer: Members): Promise<number> => tellServer(linkOf(context, view), answer, headersFor(context, view, null));
  const checked = decision.outcome === "allow" ? checkContent(context, request, decision, message.result ?? message.error ?? {}, "The client's answer") : null;
  const refusal = decision.outcome === "allow" ? checked!.refusal : refusalOf(decision);
  if (refusal !== null) {
    // The server waits for an answer: that there is none is one.
    void tell(rpcError(message.id, rpcCodes.denied, "The client's answer was refused."));
    return refuseKnown(runtime, known, refusal);
  }
  const subject: Subject = { decisionId: exchange.decisionId, server: view.server.name, method: asked.method, resource: known.resource, decision, request, requestHash: requestHashOf(value), found: checked!.check.types, content, definition: null };
  const call = new McpCall(context, { subject, tool: null, id: null, approvals: [], settle: () => undefined });
  if (!(await call.begin())) return;
  call.status = await tell(message.result === null ? { jsonrpc: "2.0", id: message.id, error: checked!.value } : { jsonrpc: "2.0", id: message.id, result: checked!.value });
  if (call.status >= 200 && call.status < 300) {
    if (!(await call.finish(checked!.check))) return exchange.refuse(evidenceRefusal);
    return exchange.bytes(202, Buffer.alloc(0), sessionHeader(session));
  }
  const broken = refuse("upstream_unreachable", "The MCP server did not take the answer.", "Ask the server's owner.");
  await call.stop("upstream_cut", broken);
  exchange.refuse(broken);
}

