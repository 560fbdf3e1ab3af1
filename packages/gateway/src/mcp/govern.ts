import type { Decision, ToolFacts } from "@mandate/model";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import { callHashOf, openHold, spend } from "../pipeline/holds.ts";
import { detectIn } from "../pipeline/question.ts";
import { evidenceRefusal, type Known, noteUnwritten, refuseKnown } from "../pipeline/refuse-known.ts";
import { reportAttempt } from "../pipeline/refused-attempt.ts";
import { echo, isMembers, type Members } from "../surfaces/fields.ts";
import { allTools, innerOf, initializeAll, listAll } from "./all-servers.ts";
import { requestHashOf } from "./call.ts";
import { clientAnswer, notification } from "./client-answers.ts";
import { decideDeclared, type MappedAnswer } from "./coaz/declared.ts";
import { mask, textsOf } from "./content.ts";
import { decide, type McpContext, permitted, question } from "./context.ts";
import { isToolName } from "./definitions.ts";
import { asTool, connectionSubject, exchangeWith, sessionHeader, withServer } from "./exchange.ts";
import type { Target } from "./handle.ts";
import { idKey, type RpcMessage, rpcResult } from "./json-rpc.ts";
import { handlingOf } from "./methods.ts";
import { decisionOf, type Subject } from "./record.ts";
import { readApprovalState } from "./refusal-reply.ts";
import { type HeaderProblem, metaKeys, parameterHeaders } from "./revision.ts";
import { isUnpinned, listedTools, type ServerView } from "./server-view.ts";
import { sentParams } from "./sent-params.ts";
import { checkedResult, clientOf, listFields, shownServer } from "./shown.ts";
import { listOf } from "./upstream-session.ts";
import type { McpSession } from "./sessions.ts";

type Request = RpcMessage & { kind: "request" };

/** One POST: a request, a notification, or the answer to something a server asked. */
export async function governMessage(context: McpContext, target: Target, known: Known, message: RpcMessage, value: Members, owner: string): Promise<void> {
  if (message.kind === "notification") return notification(context, target, known, message);
  if (message.kind === "response") return clientAnswer(context, target, known, message, value);
  const handling = handlingOf(message.method, context.revision.stateless);
  if (handling === null)
    return refuseKnown(context.runtime, known, refuse("unsupported", "This gateway does not take that method.", "Use tools, resources, prompts and completions; tasks are not taken.", echo(message.method)));
  if (context.session?.pending.has(idKey(message.id)) === true)
    return refuseKnown(context.runtime, known, refuse("invalid_request", "A request of this id is running in the session.", "Use another id.", "id"));
  const again = approvedAgain(context, message);
  const sent = sentParams(context, target.view, message.method, again.params);
  if ("refusal" in sent) return refuseKnown(context.runtime, known, sent.refusal);
  const request = { ...again, params: sent.params };
  const { exchange } = context;
  exchange.mcp!.asksUser = context.revision.stateless && asksByUrl(message);
  exchange.mcp!.state = request.state;
  switch (handling) {
    case "local":
      return message.method === "ping" ? exchange.json(200, rpcResult(message.id, {})) : listTools(context, target, known, message);
    case "handshake":
      return handshake(context, target, known, { ...message, params: request.params }, owner);
    case "tool":
      return toolCall(context, target, known, { ...message, params: request.params }, request.approval, owner);
    case "connection":
    case "listen":
      return connection(context, target, known, { ...message, params: request.params }, request.approval, owner);
    default: {
      if (target.view === null && (message.method === "prompts/list" || message.method === "resources/list" || message.method === "resources/templates/list"))
        return listAll(context, known, message);
      const inner = target.view === null ? innerOf(context, message.method, request.params) : { view: target.view, params: request.params };
      if (inner === null) return refuseKnown(context.runtime, known, refuse("not_granted", "There is no such thing behind this endpoint.", "Use what the lists name.", handling));
      const tool = inner.view.methods.get(handling);
      return governed(context, inner.view, known, { ...message, params: inner.params }, { tool, name: `${inner.view.server.name}/${handling}`, input: argumentsOf(inner.params), approvalId: request.approval, headers: {} }, owner);
    }
  }
}

/** What is asked, without what differs from one sending to the next: an approval is bound to it. */
function argumentsOf(params: Members): Members {
  const { _meta: _m, requestState: _s, inputResponses: _r, ...rest } = params;
  return rest;
}

/** A repeat after a hold: which approval it spends, and the request as it was before it was held. */
function approvedAgain(context: McpContext, message: Request): { params: Members; approval: string | null; state: string | null } {
  const header = context.exchange.req.headers["x-mandate-approval"];
  const meta = isMembers(message.params["_meta"]) ? message.params["_meta"] : {};
  const named = meta[metaKeys.approval];
  const wrapped = readApprovalState(message.params.requestState);
  let { params } = message;
  if (named !== undefined) {
    const { [metaKeys.approval]: _named, ...rest } = meta;
    params = { ...params, _meta: rest };
  }
  if (wrapped !== undefined) {
    const { requestState: _state, inputResponses: _responses, ...rest } = params;
    params = { ...rest, ...wrapped.params };
  }
  const approval = wrapped?.approval ?? (typeof header === "string" && header !== "" && header.length <= 200 ? header : typeof named === "string" && named !== "" && named.length <= 200 ? named : null);
  const retry = { ...(params.requestState === undefined ? {} : { requestState: params.requestState }), ...(params.inputResponses === undefined ? {} : { inputResponses: params.inputResponses }) };
  return { params, approval, state: JSON.stringify(retry) };
}

function asksByUrl(message: Request): boolean {
  const meta = isMembers(message.params["_meta"]) ? message.params["_meta"] : {};
  const capabilities = meta[metaKeys.capabilities];
  return isMembers(capabilities) && isMembers(capabilities.elicitation) && isMembers(capabilities.elicitation.url);
}

/** Answered from the register: what was reviewed, never what the server says now. */
async function listTools(context: McpContext, target: Target, known: Known, message: Request): Promise<void> {
  const { exchange, system } = context;
  const tools = target.view === null ? allTools(context) : listedTools(system, target.view).map((one) => one.definition);
  if (!(await recorded(context, target, known, message, "A system may see which tools it was granted."))) return;
  exchange.json(200, rpcResult(message.id, { ...listFields(context), tools }), sessionHeader(context.session));
  // Looking now, rather than at the next call alone, lets people hear of drift before anything is refused.
  if (target.view !== null && context.session?.servers.has(target.view.server.name) === true)
    void context.runtime.mcp.drift.look(context, target.view, listOf(context, target.view)).catch(() => undefined);
}

/** A decision that sends nothing. @returns false: it could not be recorded, and the caller was told */
async function recorded(context: McpContext, target: Target, known: Known, message: Request, reason: string): Promise<boolean> {
  const { runtime, exchange } = context;
  const subject = { decisionId: exchange.decisionId, server: target.route, method: message.method, resource: known.resource, decision: permitted(context, reason), request: null, found: [], content: [] };
  try {
    await runtime.options.evidence.decision(decisionOf(context, subject, null));
    return true;
  } catch (error) {
    noteUnwritten(runtime, exchange.decisionId, error);
    exchange.refuse(evidenceRefusal);
    return false;
  }
}

async function handshake(context: McpContext, target: Target, known: Known, message: Request, owner: string): Promise<void> {
  const { runtime, revision } = context;
  if (context.session !== null) return refuseKnown(runtime, known, refuse("invalid_request", "This session is open already.", "Send `initialize` without a session id."));
  let session: McpSession | null = null;
  if (!revision.stateless) {
    const { version, capabilities, info } = clientOf(context, target.view, message.params);
    session = runtime.mcp.sessions.open({ route: target.route, owner, version, clientCapabilities: capabilities, clientInfo: info, labelled: context.labelled }) ?? null;
    if (session === null) return refuseKnown(runtime, known, { ...refuse("rate", "The key has too many MCP sessions open.", "Close sessions that are no longer used."), retryAfterSeconds: 10 });
  }
  if (target.view === null) return initializeAll({ ...context, session }, known, message);
  const { view } = target;
  const params = session === null ? message.params : { protocolVersion: session.version, capabilities: session.clientCapabilities, clientInfo: session.clientInfo };
  const inner = { ...context, session, labelled: context.labelled ?? session?.labelled ?? null };
  await exchangeWith(inner, view, known, { ...message, params }, connectionSubject(inner, view, message, params), {
    transform: (result) => shownServer(inner, view, result),
    opens: session,
  });
}

async function connection(context: McpContext, target: Target, known: Known, message: Request, approvalId: string | null, owner: string): Promise<void> {
  const { runtime } = context;
  const { view } = target;
  if (view === null) return refuseKnown(runtime, known, refuse("unsupported", "The endpoint of all servers does not take that method.", "Use the server's own endpoint.", echo(message.method)));
  const { params } = message;
  // Resources that a client wants to hear of are resources it reads.
  if (isMembers(params.notifications) && params.notifications.resourceSubscriptions !== undefined)
    return governed(context, view, known, message, { tool: view.methods.get("resources/read"), name: `${view.server.name}/resources/read`, input: argumentsOf(params), approvalId, headers: {} }, owner);
  await withServer(context, view, known, owner, (inner) => exchangeWith(inner, view, known, message, connectionSubject(inner, view, message, params), { longLived: message.method === "subscriptions/listen" }));
}

async function toolCall(context: McpContext, target: Target, known: Known, message: Request, approvalId: string | null, owner: string): Promise<void> {
  const { runtime, exchange } = context;
  const { name, arguments: given, task } = message.params;
  const refused = (refusal: Refusal): Promise<void> => refuseKnown(runtime, known, refusal);
  if (typeof name !== "string" || !isToolName(name)) return refused(refuse("unknown_tool", "The tool's name is not one that a tool can have.", "Use a name that tools/list gives.", "params.name"));
  asTool(known, `tool:${echo(name)}`);
  if (given !== undefined && !isMembers(given)) return refused(refuse("unsupported_field", "`arguments` must be an object.", "Send the tool's arguments as an object.", "params.arguments"));
  if (task !== undefined) return refused(refuse("unsupported_field", "This gateway runs no tool as a task.", "Call the tool without `task`.", "params.task"));
  const input = given ?? {};
  if (!context.exactNumbers)
    return refused(refuse("unsupported_field", "A number has more digits than can be read exactly.", "Send it as text.", "params.arguments"));
  const inner = target.view === null ? innerOf(context, message.method, message.params) : { view: target.view, params: message.params };
  const called = inner?.params.name;
  const tool = typeof called === "string" ? inner?.view.tools.get(called) : undefined;
  if (inner !== null && tool === undefined && isUnpinned(context.system, inner.view)) return refused(neverPinned(inner.view, known.resource));
  if (inner === null || tool === undefined)
    return refused(refuse("unknown_tool", "That tool is not in the register.", "Use a name that tools/list gives, or have the tool registered and granted.", known.resource));
  asTool(known, `tool:${tool.name}`);
  const headers = context.revision.stateless ? parameterHeaders(exchange.req.headers, tool.definition?.inputSchema, input) : {};
  if (isProblem(headers)) {
    exchange.mcp!.error = { code: headers.code };
    return refused(refuse("invalid_request", headers.message, "Send headers that say what the arguments say."));
  }
  await governed(context, inner.view, known, { ...message, params: inner.params }, { tool, name: tool.name, input, approvalId, headers }, owner);
}

function isProblem(headers: Record<string, string> | HeaderProblem): headers is HeaderProblem {
  return typeof headers.code === "number";
}

interface Asked {
  readonly tool: ToolFacts | undefined;
  /** Its name where there is no entry: the rules refuse it by that. */
  readonly name: string;
  readonly input: Members;
  readonly approvalId: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The pipeline of SPEC 3 for one thing that is asked of a server. */
async function governed(context: McpContext, view: ServerView, known: Known, message: Request, asked: Asked, owner: string): Promise<void> {
  const { runtime, exchange, system, credential } = context;
  const refused = (refusal: Refusal): Promise<void> => refuseKnown(runtime, known, refusal);
  const { tool, input } = asked;
  asTool(known, `tool:${tool?.name ?? asked.name}`);
  let found: { readonly types: readonly string[]; readonly classes: readonly string[] };
  try {
    found = detectIn(textsOf(message.params));
  } catch {
    runtime.options.log.error("detectors.failed", { decision: exchange.decisionId });
    return refused(refuse("control_unavailable", "The call could not be checked, so it was refused.", "Repeat the call; if it stays so, tell the person who runs Mandate."));
  }
  let request = question(context, tool ?? asked.name, input, found.classes);
  // The same call was decided where the model asked for it, with the conversation that is missing here.
  const answered = tool === undefined ? undefined : runtime.emitted.calls.take(system.name, tool.name, input, runtime.now());
  if (answered !== undefined) {
    const named = exchange.req.headers["x-mandate-session"] !== undefined;
    request = { ...request, argumentsFromUser: answered.argumentsFromUser, labels: named ? request.labels : answered.labels, approval: answered.approval };
  }
  let decision = decide(context, request);
  const content = [Buffer.from(JSON.stringify(message.params), "utf8")];
  known.record = { decision, request, messages: content, sessionId: context.labelled?.id ?? null };
  if (decision.outcome === "deny") {
    reportAttempt(runtime, system, decision, known.resource);
    return refused(tool?.changed === true && isOfTheDefinition(decision) ? { ...changed(tool, view), rule: decision.rule } : refusalOf(decision));
  }
  await withServer(context, view, known, owner, async (inner) => {
    const isTool = message.method === "tools/call";
    let definition: string | null = null;
    let mapped: readonly MappedAnswer[] = [];
    if (isTool && tool !== undefined) {
      const live = (await exchange.time.during(runtime.mcp.drift.look(inner, view, listOf(inner, view)))).get(String(message.params.name));
      definition = live?.hash ?? "absent";
      // Never pinned is never reviewed (G11), whatever the register's facts make of it.
      if (live === undefined || live.hash !== tool.pinned) return refused(changed(tool, view));
      const declared = decideDeclared(inner, tool, argumentsOf(message.params));
      if ("refusal" in declared) return refused(declared.refusal);
      mapped = declared.asked;
    }
    const approvals: string[] = request.approval === null ? [] : [request.approval.id];
    if (decision.outcome === "hold") {
      const callHash = callHashOf({ system: system.name, action: "tool.call", resource: known.resource, server: view.server.name, method: message.method, input });
      const held = [{ decision, request, input, resource: known.resource }];
      const result = asked.approvalId === null ? null : await spend(runtime, asked.approvalId, callHash, system.name, decision);
      if (result === null || ("refusal" in result && result.again)) {
        const opened = await openHold(runtime, { decisionId: exchange.decisionId, system: system.name, requester: credential.accountable, credentialId: credential.id, callHash }, held);
        return refused(opened.refusal);
      }
      if ("refusal" in result) return refused(result.refusal);
      request = { ...request, approval: result.spent };
      decision = decide(inner, request);
      if (decision.outcome !== "allow") return refused(refusalOf(decision));
      approvals.push(result.spent.id);
    }
    const met = mask(input, decision.obligations, inner.tokens(), "sent");
    if ("refusal" in met) return refused(met.refusal);
    const params = met.record === null ? message.params : isTool ? { ...message.params, arguments: met.value } : { ...message.params, ...met.value };
    const reserved = await runtime.meter.reserve(system, { credential: credential.id, person: context.user?.subject ?? null }, { tokens: 0, microEuros: 0 }, runtime.now());
    if ("code" in reserved) return refused(reserved);
    const subject: Subject = { decisionId: exchange.decisionId, server: view.server.name, method: message.method, resource: known.resource, decision, request, requestHash: requestHashOf(message.params), found: found.types, masked: met.record, content, definition, mapped };
    await exchangeWith(inner, view, known, { ...message, params }, subject, { tool: tool ?? null, approvals, settle: () => reserved.settle({ tokens: 0, microEuros: 0 }), headers: asked.headers, longLived: message.method === "subscriptions/listen", transform: (result) => checkedResult(inner, view, result) });
  });
}

/** The open reassessment of a changed definition is a difference too: a caller is told what it is, and who can end it. */
function isOfTheDefinition({ code, rule }: Decision): boolean {
  return code === "tool_changed" || (code === "reassessment_required" && rule?.endsWith("difference-denied") === true);
}

function neverPinned({ server }: ServerView, resource: string): Refusal {
  const next = { text: "Have the definitions that it offers reviewed and pinned.", command: `mandate mcp pin ${server.name} --reason TEXT`, url: `/mcp-servers/${encodeURIComponent(server.name)}` };
  return refuse("tool_changed", `${server.name} could not be reached when it was registered, so nobody has reviewed what it offers.`, next, resource);
}

function changed(tool: ToolFacts, view: ServerView): Refusal {
  const page = { command: `mandate mcp diff ${view.server.name}`, url: `/mcp-servers/${encodeURIComponent(view.server.name)}` };
  if (tool.refused === true) return refuse("tool_changed", `The definition that ${view.server.name} offers of ${tool.name} was read and refused.`, { text: "Have the server offer the definition that was reviewed.", ...page }, `tool:${tool.name}`);
  const reason = tool.pinned === null ? `Nobody has reviewed the definition of ${tool.name} yet.` : `The definition of ${tool.name} is not the one that was reviewed.`;
  return refuse("tool_changed", reason, { text: "Have the definition it offers reviewed and pinned.", ...page }, `tool:${tool.name}`);
}

