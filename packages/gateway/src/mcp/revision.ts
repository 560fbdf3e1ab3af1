import type { IncomingHttpHeaders } from "node:http";
import { isMembers, type Members } from "../surfaces/fields.ts";
import { rpcCodes, type RpcMessage } from "./json-rpc.ts";

/** With a handshake and sessions. */
export const sessionRevisions = ["2025-11-25", "2025-06-18", "2025-03-26"] as const;
/** Each request says all of it: version, client, capabilities. */
export const statelessRevision = "2026-07-28";
export const revisions: readonly string[] = [statelessRevision, ...sessionRevisions];

export const metaKeys = {
  version: "io.modelcontextprotocol/protocolVersion",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  /** Ours: the approval of a hold, for clients that can't set a header on one call. */
  approval: "io.mandate/approval",
} as const;

export interface HeaderProblem {
  readonly code: number;
  readonly message: string;
  readonly data?: Members;
}

export type Revision =
  | { readonly stateless: true; readonly version: typeof statelessRevision }
  | { readonly stateless: false; /** Null: the caller did not say. */ readonly version: string | null };

/**
 * Which revision a message speaks, by its header and its body together.
 * INVARIANT: what a proxy routes on and what a server runs are one and the same, or the message is refused (SEP-2243).
 */
export function revisionOf(headers: IncomingHttpHeaders, message: RpcMessage | null): Revision | HeaderProblem {
  const header = one(headers["mcp-protocol-version"]);
  const meta = message !== null && message.kind !== "response" && isMembers(message.params["_meta"]) ? message.params["_meta"] : {};
  const said = meta[metaKeys.version];
  if (said !== undefined && typeof said !== "string") return mismatch("The protocol version in `_meta` is not a string.");
  const stateless = header === statelessRevision || said === statelessRevision;
  if (said !== undefined && header !== said) return mismatch("MCP-Protocol-Version and the version in the body's `_meta` differ.");
  if (header !== null && !revisions.includes(header)) return unsupported(header);
  if (!stateless) return { stateless: false, version: header };
  if (message === null || message.kind === "response") return mismatch(`Revision ${statelessRevision} sends requests and notifications alone.`);
  if (message.kind === "request") {
    if (said === undefined || !isMembers(meta[metaKeys.capabilities]))
      return { code: rpcCodes.invalidParams, message: "The request's `_meta` must name the protocol version and the client's capabilities." };
    const problem = standardHeaders(headers, message.method, message.params);
    if (problem !== null) return problem;
  }
  return { stateless: true, version: statelessRevision };
}

function standardHeaders(headers: IncomingHttpHeaders, method: string, params: Members): HeaderProblem | null {
  if (one(headers["mcp-method"]) !== method) return mismatch("Mcp-Method is missing, or not the body's method.");
  const name = nameIn(method, params);
  const header = one(headers["mcp-name"]);
  if (name === null) return header === null ? null : mismatch("Mcp-Name is sent with a method that has none.");
  return header !== null && decodedHeader(header) === name ? null : mismatch("Mcp-Name is missing, or not what the body names.");
}

/** What `Mcp-Name` mirrors. */
export function nameIn(method: string, params: Members): string | null {
  const value = method === "tools/call" || method === "prompts/get" ? params.name : method === "resources/read" ? params.uri : null;
  return typeof value === "string" ? value : null;
}

/** Headers of a stateless request, made anew from its body, so that no header of the caller's reaches a server unchecked. */
export function statelessHeaders(method: string, params: Members): Record<string, string> {
  const name = nameIn(method, params);
  return { "mcp-protocol-version": statelessRevision, "mcp-method": method, ...(name === null ? {} : { "mcp-name": encodedHeader(name) }) };
}

/**
 * `Mcp-Param-*`: arguments that the pinned schema mirrors into headers (`x-mcp-header`).
 * @returns headers for the server; a problem when the caller's own say something else
 */
export function parameterHeaders(headers: IncomingHttpHeaders, schema: unknown, input: Members): Record<string, string> | HeaderProblem {
  const made: Record<string, string> = {};
  for (const [name, value] of mirrored(schema, input, 0)) made[`mcp-param-${name.toLowerCase()}`] = encodedHeader(String(value));
  for (const name of Object.keys(headers)) {
    if (!name.startsWith("mcp-param-")) continue;
    const wanted = made[name];
    if (wanted === undefined || decodedHeader(one(headers[name]) ?? "") !== decodedHeader(wanted)) return mismatch(`${name} is not what the arguments hold.`);
  }
  for (const name of Object.keys(made)) if (headers[name] === undefined) return mismatch(`${name} is missing.`);
  return made;
}

function mirrored(schema: unknown, input: unknown, depth: number): [string, string | number | boolean][] {
  if (depth > 16 || !isMembers(schema) || !isMembers(schema.properties) || !isMembers(input)) return [];
  return Object.entries(schema.properties).flatMap(([property, inner]): [string, string | number | boolean][] => {
    if (!Object.hasOwn(input, property) || !isMembers(inner)) return [];
    const value = input[property];
    const name = inner["x-mcp-header"];
    if (typeof name === "string" && /^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name) && (typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value)))
      return [[name, value as string | number | boolean]];
    return mirrored(inner, value, depth + 1);
  });
}

function encodedHeader(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/i.test(value);
  return plain ? value : `=?base64?${Buffer.from(value, "utf8").toString("base64")}?=`;
}

function decodedHeader(value: string): string {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value.trim());
  return encoded === null ? value.trim() : Buffer.from(encoded[1]!, "base64").toString("utf8");
}

function mismatch(message: string): HeaderProblem {
  return { code: rpcCodes.headerMismatch, message };
}

export function unsupported(requested: string): HeaderProblem {
  return { code: rpcCodes.unsupportedVersion, message: "This gateway does not speak that protocol version.", data: { supported: revisions, requested: requested.slice(0, 40) } };
}

function one(value: string | string[] | undefined): string | null {
  return value === undefined ? null : Array.isArray(value) ? value.join(",") : value;
}
