import { offeredTools } from "@mandate/gateway";
import type { OutboundRule, UpstreamSecret } from "@mandate/gateway";
import { isSealedFor } from "@mandate/model";
import { outboundRequest } from "../outbound/index.ts";
import type { OfferedTool } from "../registry/index.ts";

export interface AskOptions {
  readonly outbound: OutboundRule;
  /** Opened only for this server's own credential. */
  readonly secret: UpstreamSecret | null;
  readonly timeoutMs: number;
}

const sessionRevision = "2025-11-25";
const statelessRevision = "2026-07-28";
const maxAnswerBytes = 4 * 1024 * 1024;
const maxPages = 20;

/**
 * Asks an MCP server over streamable HTTP what it offers, in the revision with sessions, else in the one without. Undefined
 * where it can't be reached, may not be called, or answers something else: its tools then stay unpinned and refused.
 */
export async function askServer(url: string, options: AskOptions): Promise<readonly OfferedTool[] | undefined> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const target = new URL(url);
    const authorization = authorizationFor(target, options.secret);
    const send = (method: "POST" | "DELETE", body: string, headers: Record<string, string>): Promise<Answer> => post(method, target, body, { ...authorization, ...headers }, options.outbound, signal);
    return await inSession(send).catch((error: unknown) => {
      if (error instanceof OtherRevision) return withoutSession(send);
      throw error;
    });
  } catch {
    return undefined;
  }
}

type Send = (method: "POST" | "DELETE", body: string, headers: Record<string, string>) => Promise<Answer>;

/** The server answered, and knows no `initialize`. */
class OtherRevision extends Error {}

async function inSession(send: Send): Promise<readonly OfferedTool[] | undefined> {
  let headers: Record<string, string> = { "mcp-protocol-version": sessionRevision };
  let id = 0;
  const call = async (method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const answer = await send("POST", JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }), headers);
    if (answer.session !== undefined) headers = { ...headers, "mcp-session-id": answer.session };
    if (method === "initialize" && answer.status >= 400 && answer.status < 500 && answer.status !== 401 && answer.status !== 403) throw new OtherRevision();
    return resultOf(answer, id);
  };
  await call("initialize", { protocolVersion: sessionRevision, capabilities: {}, clientInfo: { name: "mandate", version: "1" } });
  await send("POST", JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized", params: {} }), headers);
  try {
    return await everyPage((params) => call("tools/list", params));
  } finally {
    if (headers["mcp-session-id"] !== undefined) await send("DELETE", "", headers).catch(() => undefined);
  }
}

function withoutSession(send: Send): Promise<readonly OfferedTool[] | undefined> {
  const meta = { "io.modelcontextprotocol/protocolVersion": statelessRevision, "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/clientInfo": { name: "mandate", version: "1" } };
  const headers = { "mcp-protocol-version": statelessRevision, "mcp-method": "tools/list" };
  let id = 0;
  return everyPage(async (params) => resultOf(await send("POST", JSON.stringify({ jsonrpc: "2.0", id: ++id, method: "tools/list", params: { ...params, _meta: meta } }), headers), id));
}

async function everyPage(list: (params: Record<string, unknown>) => Promise<Record<string, unknown>>): Promise<readonly OfferedTool[] | undefined> {
  const tools: unknown[] = [];
  let cursor: unknown;
  for (let page = 0; page < maxPages; page++) {
    const result = await list(cursor === undefined ? {} : { cursor });
    if (!Array.isArray(result["tools"])) return undefined;
    tools.push(...(result["tools"] as unknown[]));
    cursor = result["nextCursor"];
    if (typeof cursor !== "string" || cursor === "") return offeredTools(tools);
  }
  return undefined;
}

/** INVARIANT (G8): a secret goes to the hosts it was sealed for, here as at the gateway. */
function authorizationFor(target: URL, secret: UpstreamSecret | null): Record<string, string> {
  if (secret === null) return {};
  if (!isSealedFor(secret.hosts, target)) throw new Error("secret isn't sealed for this host");
  return { authorization: `Bearer ${secret.value}` };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly session: string | undefined;
}

async function post(method: "POST" | "DELETE", target: URL, body: string, headers: Record<string, string>, outbound: OutboundRule, signal: AbortSignal): Promise<Answer> {
  const answer = await outboundRequest(target, { method, body, headers: { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" }, outbound, signal, maxAnswerBytes });
  const session = answer.headers["mcp-session-id"];
  return { status: answer.status, type: answer.headers["content-type"] ?? "", body: answer.body, session: typeof session === "string" ? session : undefined };
}

/** The JSON-RPC result with this id, from a JSON answer or from an event stream. */
function resultOf(answer: Answer, id: number): Record<string, unknown> {
  if (answer.status < 200 || answer.status >= 300) throw new Error(`status ${answer.status}`);
  const texts = answer.type.startsWith("text/event-stream")
    ? answer.body.split(/\r?\n\r?\n/).map((event) => event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n"))
    : [answer.body];
  for (const text of texts) {
    if (text === "") continue;
    const message = JSON.parse(text) as { id?: unknown; result?: unknown };
    if (message.id === id && typeof message.result === "object" && message.result !== null) return message.result as Record<string, unknown>;
  }
  throw new Error("no result");
}
