import { offeredTools } from "@mandate/gateway";
import type { OutboundRule, UpstreamSecret } from "@mandate/gateway";
import { outboundRequest } from "../outbound/index.ts";
import type { OfferedTool } from "../registry/index.ts";

export interface AskOptions {
  readonly outbound: OutboundRule;
  /** Opened only for this server's own credential. */
  readonly secret: UpstreamSecret | null;
  readonly timeoutMs: number;
}

const protocolVersion = "2025-11-25";
const maxAnswerBytes = 4 * 1024 * 1024;
const maxPages = 20;

/**
 * Asks an MCP server over streamable HTTP what it offers. Undefined where it can't be reached, may not be called, or
 * answers something else: its tools then stay unpinned and refused.
 */
export async function askServer(url: string, options: AskOptions): Promise<readonly OfferedTool[] | undefined> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  try {
    const target = new URL(url);
    const authorization = authorizationFor(target, options.secret);
    let session: string | undefined;
    let id = 0;
    const call = async (method: string, params: Record<string, unknown>, notification = false): Promise<Record<string, unknown>> => {
      const message = { jsonrpc: "2.0", ...(notification ? {} : { id: ++id }), method, params };
      const answer = await post(target, JSON.stringify(message), { ...authorization, ...(session === undefined ? {} : { "mcp-session-id": session }), "mcp-protocol-version": protocolVersion }, options.outbound, deadline);
      session = answer.session ?? session;
      return notification ? {} : resultOf(answer, id);
    };
    await call("initialize", { protocolVersion, capabilities: {}, clientInfo: { name: "mandate", version: "1" } });
    await call("notifications/initialized", {}, true);
    const tools: unknown[] = [];
    let cursor: unknown;
    for (let page = 0; page < maxPages; page++) {
      const result = await call("tools/list", cursor === undefined ? {} : { cursor });
      if (!Array.isArray(result["tools"])) return undefined;
      tools.push(...(result["tools"] as unknown[]));
      cursor = result["nextCursor"];
      if (typeof cursor !== "string") return offeredTools(tools);
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** INVARIANT (G8): a secret goes to the hosts it was sealed for, here as at the gateway. */
function authorizationFor(target: URL, secret: UpstreamSecret | null): Record<string, string> {
  if (secret === null) return {};
  const port = target.port === "" ? (target.protocol === "https:" ? "443" : "80") : target.port;
  const fits = secret.hosts.some((host) => host === `${target.hostname}:${port}` || (host === target.hostname && target.port === ""));
  if (!fits) throw new Error("secret isn't sealed for this host");
  return { authorization: `Bearer ${secret.value}` };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly session: string | undefined;
}

async function post(target: URL, body: string, headers: Record<string, string>, outbound: OutboundRule, signal: AbortSignal): Promise<Answer> {
  const answer = await outboundRequest(target, { method: "POST", body, headers: { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" }, outbound, signal, maxAnswerBytes });
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
