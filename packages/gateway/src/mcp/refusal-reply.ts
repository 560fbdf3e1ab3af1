import { type Refusal, type RefusalLinks, refusalBody, statusOf } from "../http/refusal.ts";
import type { Members } from "../surfaces/fields.ts";
import { rpcCodes, rpcError, type RpcId, rpcResult } from "./json-rpc.ts";

/** How refusals of one MCP request are said. */
export interface McpShape {
  /** Null: no request to answer, so the HTTP status says it. */
  id: RpcId | null;
  /** A tool's call: a changed or unknown tool answers as a tool that failed, which is what servers themselves do. */
  toolCall: boolean;
  /** The protocol's own error where it has one. */
  error: { readonly code: number; readonly data?: Members } | null;
  /** A client of the stateless revision that can send its user to a page: a hold is an input that is required. */
  asksUser: boolean;
  stateless: boolean;
  /** What the approval's repeat must carry beside it. */
  state: string | null;
  /** RFC 9728 address for `WWW-Authenticate`. */
  readonly resourceMetadata: string;
}

export function mcpShape(resourceMetadata: string): McpShape {
  return { id: null, toolCall: false, error: null, asksUser: false, stateless: false, state: null, resourceMetadata };
}

/**
 * A refusal as JSON-RPC. A denial of one message is that message's error and HTTP 200, since clients read no error out of
 * another status; who may not speak at all, and what failed, keep their status (G7).
 */
export function mcpRefusal(shape: McpShape, refusal: Refusal, links: RefusalLinks): { status: number; body: Members } {
  const same = refusalBody("openai", refusal, links).error as Members;
  const { type: _type, message, ...data } = same;
  const status = statusOf(refusal.code);
  const { id } = shape;
  if (shape.error !== null) return { status: 400, body: rpcError(id, shape.error.code, String(message), { ...shape.error.data, ...data }) };
  if (id !== null && shape.toolCall && (refusal.code === "tool_changed" || refusal.code === "unknown_tool"))
    return {
      status: 200,
      body: rpcResult(id, { ...complete(shape), content: [{ type: "text", text: String(message) }], isError: true, structuredContent: { message, ...data } }),
    };
  if (id !== null && shape.asksUser && refusal.approval !== undefined && refusal.code === "approval_required")
    return {
      status: 200,
      body: rpcResult(id, {
        resultType: "input_required",
        inputRequests: { [approvalInput]: { method: "elicitation/create", params: { mode: "url", message: refusal.reason, url: refusal.approval.url } } },
        requestState: approvalState(refusal.approval.id, shape.state),
      }),
    };
  const own = status === 403 || status === 422 || refusal.code === "unsupported";
  return { status: id !== null && own ? (shape.stateless && refusal.code === "unsupported" ? 404 : 200) : status, body: rpcError(id, rpcCodeOf(refusal.code, status), String(message), data) };
}

function complete(shape: McpShape): Members {
  return shape.stateless ? { resultType: "complete" } : {};
}

function rpcCodeOf(code: Refusal["code"], status: number): number {
  if (code === "unreadable_body") return rpcCodes.parse;
  if (code === "invalid_request" || code === "payload_too_large") return rpcCodes.invalidRequest;
  if (code === "unsupported" || code === "method_not_allowed" || code === "unknown_route") return rpcCodes.methodNotFound;
  if (code === "unsupported_field") return rpcCodes.invalidParams;
  return status >= 500 ? rpcCodes.fault : rpcCodes.denied;
}

/** Key of our input request, and of the client's answer to it. */
export const approvalInput = "mandate-approval";
const prefix = "mandate-approval.";

interface Wrapped {
  readonly approval: string;
  /** What the client's own retry carried for the server. */
  readonly params: Members;
}

/** `requestState` of a held call. Nothing in it is believed: the approval is bound to the call's hash, here it is only named. */
function approvalState(approval: string, params: string | null): string {
  return prefix + Buffer.from(JSON.stringify({ approval, params: params === null ? {} : JSON.parse(params) }), "utf8").toString("base64url");
}

/** Undefined: the state is the server's own. */
export function readApprovalState(state: unknown): Wrapped | undefined {
  if (typeof state !== "string" || !state.startsWith(prefix) || state.length > 64 * 1024) return undefined;
  try {
    const value = JSON.parse(Buffer.from(state.slice(prefix.length), "base64url").toString("utf8")) as { approval?: unknown; params?: unknown };
    if (typeof value.approval !== "string" || value.approval.length > 200) return undefined;
    const params = typeof value.params === "object" && value.params !== null && !Array.isArray(value.params) ? (value.params as Members) : {};
    return { approval: value.approval, params };
  } catch {
    return undefined;
  }
}
