import { parseStrictObject, UnreadableJson } from "../json/strict-json.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";

export type RpcId = string | number;

/** One JSON-RPC 2.0 message. Params are an object in every MCP revision; absent counts as empty. */
export type RpcMessage =
  | { readonly kind: "request"; readonly id: RpcId; readonly method: string; readonly params: Members }
  | { readonly kind: "notification"; readonly method: string; readonly params: Members }
  | { readonly kind: "response"; readonly id: RpcId | null; readonly result: Members | null; readonly error: Members | null };

/** JSON-RPC 2.0 §5.1, MCP 2026-07-28 "Error codes", and the AuthZEN profile for MCP (-32001 denied, -32603 not decided). */
export const rpcCodes = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  fault: -32_603,
  denied: -32_001,
  headerMismatch: -32_020,
  unsupportedVersion: -32_022,
} as const;

const maxIdChars = 256;
const maxMethodChars = 100;
const members = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);

/**
 * Reads one message. A batch is no object, so it is refused here: revisions since 2025-06-18 have none, and one body
 * with several calls in it would be one decision over several.
 * @throws UnreadableJson
 */
export function readMessage(body: Buffer, maxDepth: number): { message: RpcMessage; value: Members } {
  const { value } = parseStrictObject(body, maxDepth);
  for (const name of Object.keys(value)) if (!members.has(name)) throw new UnreadableJson("A JSON-RPC message has no such member.");
  return { message: messageOf(value), value };
}

/** @throws UnreadableJson */
export function messageOf(value: Members): RpcMessage {
  if (value.jsonrpc !== "2.0") throw new UnreadableJson('A JSON-RPC message says `"jsonrpc": "2.0"`.');
  if (value.method === undefined) return responseOf(value);
  const { method, params = {} } = value;
  if (typeof method !== "string" || method === "" || method.length > maxMethodChars || !/^[\x21-\x7e]+$/.test(method))
    throw new UnreadableJson("The method is not a name.");
  if (!isMembers(params)) throw new UnreadableJson("`params` must be an object.");
  if (value.result !== undefined || value.error !== undefined) throw new UnreadableJson("A message is a request or a response, not both.");
  if (!("id" in value)) return { kind: "notification", method, params };
  return { kind: "request", id: idOf(value.id), method, params };
}

function responseOf(value: Members): RpcMessage {
  const { result, error } = value;
  if ((result === undefined) === (error === undefined)) throw new UnreadableJson("A response has either a result or an error.");
  const part = result ?? error;
  if (!isMembers(part)) throw new UnreadableJson("A response's result or error must be an object.");
  const id = value.id === null || value.id === undefined ? null : idOf(value.id);
  if (id === null && error === undefined) throw new UnreadableJson("A result says which request it answers.");
  return { kind: "response", id, result: isMembers(result) ? result : null, error: isMembers(error) ? error : null };
}

function idOf(id: unknown): RpcId {
  if (typeof id === "string" && id.length <= maxIdChars) return id;
  // A number that two readers read differently would let one answer stand for another's request.
  if (typeof id === "number" && Number.isSafeInteger(id)) return id;
  throw new UnreadableJson("The id must be a short string or a whole number.");
}

/** 1 and "1" are different ids. */
export function idKey(id: RpcId): string {
  return `${typeof id}:${id}`;
}

export function rpcError(id: RpcId | null, code: number, message: string, data?: unknown): Members {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

export function rpcResult(id: RpcId, result: Members): Members {
  return { jsonrpc: "2.0", id, result };
}
