import type { SystemFacts } from "@mandate/model";
import { authenticate, type CallingCredential } from "../auth/authenticate.ts";
import { purposeOf } from "../auth/purpose.ts";
import { joinLabels, type Session } from "../auth/session-token.ts";
import { verifyUser } from "../auth/user-token.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { readBody } from "../http/read-body.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { hasExactNumbers, UnreadableJson } from "../json/strict-json.ts";
import { type Known, operatingRefusal, refuseKnown, stalenessRefusal } from "../pipeline/refuse-known.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { TokenBook } from "../pipeline/token-book.ts";
import type { Members } from "../surfaces/fields.ts";
import { allRoute } from "./all-servers.ts";
import type { McpContext } from "./context.ts";
import { governMessage } from "./govern.ts";
import { readMessage, type RpcMessage } from "./json-rpc.ts";
import { metadataAddress } from "./protected-resource.ts";
import { mcpShape } from "./refusal-reply.ts";
import { type HeaderProblem, revisionOf } from "./revision.ts";
import { reaches, serversOf, type ServerView } from "./server-view.ts";
import type { McpSession } from "./sessions.ts";
import { closeSession, openStream } from "./streams.ts";

/** What of a server's route is known before its message is read. */
export interface Target {
  readonly route: string;
  /** Null: all servers behind one endpoint. */
  readonly view: ServerView | null;
}

/** `/mcp/{server}`: POST for messages, GET for a session's stream, DELETE for its end. */
export async function handleMcp(
  runtime: Runtime,
  exchange: Exchange,
  compiled: Compiled,
  name: string,
  countUnknown: (refusal: Refusal) => void,
): Promise<void> {
  const { req } = exchange;
  const shape = mcpShape(metadataAddress(compiled, name));
  exchange.mcp = shape;
  const caller = authenticate(compiled, req, Math.floor(runtime.now() / 1000), runtime.proofs);
  if (!caller.known) {
    countUnknown(caller.refusal);
    return exchange.refuse(caller.refusal);
  }
  const known: Known = { exchange, compiled, system: caller.system, credential: caller.credential, surface: "mcp", action: "mcp.connect", resource: `mcp-server:${/^[\w.-]{1,100}$/.test(name) ? name : "unread"}` };
  const refused = (refusal: Refusal): Promise<void> => refuseKnown(runtime, known, refusal);
  const edge = edgeRefusal(exchange, compiled);
  if (edge !== null) return refused(edge);

  let message: RpcMessage | null = null;
  let value: Members = {};
  let exactNumbers = true;
  if (req.method === "POST") {
    const body = await exchange.time.during(readBody(req, runtime.limits, exchange.held));
    if (body === undefined) return;
    if (!Buffer.isBuffer(body)) return refused(caller.refusal ?? body);
    try {
      ({ message, value } = readMessage(body, runtime.limits.maxJsonDepth));
      exactNumbers = hasExactNumbers(body.toString("utf8"));
    } catch (error) {
      if (!(error instanceof UnreadableJson)) throw error;
      return refused(caller.refusal ?? refuse("unreadable_body", error.message, "Send one JSON-RPC message in UTF-8, no batch."));
    }
    if (message.kind === "request") shape.id = message.id;
    shape.toolCall = message.kind === "request" && message.method === "tools/call";
  }
  const { system, credential } = caller;
  if (caller.refusal !== null || system === null) {
    // Who may not speak at all is told by the status, whatever was asked.
    shape.id = null;
    return refused(caller.refusal ?? refuse("not_registered", "The key belongs to no registered system.", "Register the system."));
  }
  const state = stateRefusal(runtime, system, credential);
  if (state !== null) {
    shape.id = null;
    return refused(state);
  }
  const revision = revisionOf(req.headers, message);
  if ("code" in revision) return refused(headerRefusal(exchange, revision));
  shape.stateless = revision.stateless;
  const view = name === allRoute ? null : (serversOf(compiled).get(name) ?? null);
  if (name !== allRoute && (view === null || !reaches(system, view)))
    return refused(
      refuse("not_granted", `${system.title} was not granted any tool of this MCP server.`, "Add `tool:SERVER/*`, or single tools of it, to the system's uses and have the change approved.", known.resource),
    );
  const target: Target = { route: name, view };

  const owner = `${system.name}\n${credential.id}\n${credential.token?.subject ?? ""}`;
  const asked = req.headers["mcp-session-id"];
  let session: McpSession | null = null;
  if (asked !== undefined && !revision.stateless) {
    session = typeof asked === "string" ? (runtime.mcp.sessions.find(asked, name, owner) ?? null) : null;
    if (session === null) {
      shape.id = null;
      exchange.json(404, { jsonrpc: "2.0", id: null, error: { code: -32_001, message: "There is no such session. Open one with `initialize`.", data: { code: "mcp.unknown_session" } } });
      return;
    }
  }
  const made = await contextOf({ runtime, exchange, compiled, system, credential, revision, session, exactNumbers });
  if ("refusal" in made) return refused(made.refusal);
  if (req.method === "GET") return openStream(made, target, known);
  if (req.method === "DELETE") return closeSession(made, target);
  return governMessage(made, target, known, message!, value, owner);
}

/** Refusals that need no caller. A page in a browser is nobody's agent: its origin is a stranger's (DNS rebinding). */
function edgeRefusal(exchange: Exchange, compiled: Compiled): Refusal | null {
  const { req, res } = exchange;
  if (req.method !== "POST" && req.method !== "GET" && req.method !== "DELETE") {
    res.setHeader("allow", "POST, GET, DELETE");
    return refuse("method_not_allowed", "This path takes POST, GET and DELETE.", "Send JSON-RPC messages by POST.");
  }
  const { origin, host } = req.headers;
  if (origin !== undefined && !isOwnOrigin(origin, compiled)) return refuse("not_authorized", "The request comes from a page of another origin.", "Call the gateway from an agent, not from a web page.", "origin");
  // A loopback listener is reached by names of loopback alone: another name is a page's way in.
  if (isLoopback(req.socket.localAddress) && host !== undefined && !isLoopbackHost(host) && !isOwnHost(host, compiled))
    return refuse("not_authorized", "The request was sent to a name that is not this gateway's.", "Use the gateway's own address.", "host");
  if (req.method === "POST" && !/^application\/json\s*(;|$)/i.test(req.headers["content-type"] ?? ""))
    return refuse("unreadable_body", "MCP messages are `application/json`.", "Send Content-Type: application/json.", "content-type");
  return null;
}

function isOwnOrigin(origin: string, { snapshot }: Compiled): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return isLoopbackHost(url.host) || [snapshot.gatewayUrl, snapshot.consoleUrl].some((own) => URL.canParse(own) && new URL(own).origin === url.origin);
}

function isOwnHost(host: string, { snapshot }: Compiled): boolean {
  return URL.canParse(snapshot.gatewayUrl) && new URL(snapshot.gatewayUrl).host === host.toLowerCase();
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
}

function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}

function stateRefusal(runtime: Runtime, system: SystemFacts, credential: CallingCredential): Refusal | null {
  const stale = stalenessRefusal(runtime, system);
  if (stale !== null) return stale;
  if (credential.scope.length > 0 && !credential.scope.includes("tool.call"))
    return refuse("not_granted", "The key's scope does not include tool calls.", { text: "Use a key with that scope.", command: `mandate credential create --system ${system.name}` }, "credential.scope");
  return operatingRefusal(system);
}

function headerRefusal(exchange: Exchange, problem: HeaderProblem): Refusal {
  exchange.mcp!.error = { code: problem.code, ...(problem.data === undefined ? {} : { data: problem.data }) };
  return refuse("invalid_request", problem.message, "Send headers that say what the body says.");
}

async function contextOf(init: Omit<McpContext, "purpose" | "user" | "labelled" | "tokens">): Promise<McpContext | { refusal: Refusal }> {
  const { runtime, exchange, compiled, system, credential, session } = init;
  const { headers } = exchange.req;
  const named = purposeOf(system, credential, one(headers["x-mandate-purpose"]));
  if ("refusal" in named) return named;
  const verified = verifyUser(one(headers["x-mandate-user"]), system, Math.floor(runtime.now() / 1000), compiled.issuerKeys, credential.token?.user ?? null);
  if ("refusal" in verified) return verified;
  await runtime.sessions.settle(one(headers["x-mandate-session"]), system, credential.id);
  const labelled = signedSession(runtime, one(headers["x-mandate-session"]), system, credential.id);
  const seenBy = labelled ?? session?.labelled ?? null;
  let tokens: TokenBook | undefined;
  return { ...init, purpose: named.purpose, user: verified.user, labelled: seenBy, tokens: () => (tokens ??= new TokenBook(runtime.tokenKey, system.name, seenBy?.id ?? credential.id)) };
}

/** A session that a client merely names says nothing of what it has seen: tainted, unless this gateway signed it. */
function signedSession(runtime: Runtime, header: string | undefined, system: SystemFacts, credentialId: string): Session | null {
  const session = runtime.sessions.open(header, system, credentialId);
  if (session === null || header!.startsWith("mss1.")) return session;
  return { id: session.id, labels: joinLabels(session.labels, { maxSensitivity: "public", untrusted: true, residency: [], classes: [], purposes: null }) };
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}
