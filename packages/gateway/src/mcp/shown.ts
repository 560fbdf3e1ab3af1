import { refuse, type Refusal, refusalOf } from "../http/refusal.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";
import { decide, type McpContext, question } from "./context.ts";
import { serverCapabilities, serverRequests } from "./methods.ts";
import { metaKeys, revisions, sessionRevisions } from "./revision.ts";
import { isGranted, type ServerView } from "./server-view.ts";

/** What a server is told of a client: capabilities that its system was granted, and a name. Nothing experimental. */
export function clientOf(context: McpContext, view: ServerView | null, params: Members): { version: string; capabilities: Members; info: Members } {
  const asked = params.protocolVersion;
  const version = sessionRevisions.find((one) => one === asked) ?? sessionRevisions[0];
  return { version, capabilities: clientCapabilities(context, view, params.capabilities), info: implementationOf(params.clientInfo, "mcp-client") };
}

/** Known parts alone: what else a capability may hold is nobody's to judge. */
export function clientCapabilities({ system }: McpContext, view: ServerView | null, declared: unknown): Members {
  if (!isMembers(declared) || view === null) return {};
  const granted = Object.values(serverRequests).filter(({ tool }) => isGranted(system, view.methods.get(tool))).map(({ capability }) => capability);
  return Object.fromEntries(granted.filter((name) => isMembers(declared[name])).map((name) => [name, partsOf(declared[name] as Members)]));
}

const parts = ["form", "url", "context", "tools", "listChanged"] as const;

function partsOf(declared: Members): Members {
  return Object.fromEntries(parts.filter((name) => declared[name] === true || isMembers(declared[name])).map((name) => [name, declared[name] === true ? true : {}]));
}

export function implementationOf(value: unknown, fallback: string): Members {
  const text = (of: unknown, otherwise: string): string => (typeof of === "string" && of.length <= 200 ? of : otherwise);
  return isMembers(value) ? { name: text(value.name, fallback), version: text(value.version, "0") } : { name: fallback, version: "0" };
}

/**
 * What a client is told of a server. Its `instructions` stay here: they are words for a model that nobody reviewed, and
 * no pin covers them.
 */
export function shownServer(context: McpContext, view: ServerView, result: Members): Members | { refusal: Refusal } {
  const capabilities = serverSide(context, view, result.capabilities);
  const { session } = context;
  if (session === null) {
    const versions = Array.isArray(result.supportedVersions) ? result.supportedVersions.filter((one) => revisions.includes(String(one))) : [];
    const meta = isMembers(result["_meta"]) ? result["_meta"] : {};
    return { resultType: "complete", supportedVersions: versions, capabilities, ttlMs: 0, cacheScope: "private", _meta: { [metaKeys.serverInfo]: implementationOf(meta[metaKeys.serverInfo], view.server.name) } };
  }
  const version = sessionRevisions.find((one) => one === result.protocolVersion);
  if (version === undefined) return { refusal: refuse("upstream_unreachable", "The MCP server speaks a revision that this gateway does not.", "Ask the server's owner.") };
  session.version = version;
  return { protocolVersion: version, capabilities, serverInfo: implementationOf(result.serverInfo, view.server.name) };
}

function serverSide({ system }: McpContext, view: ServerView, declared: unknown): Members {
  const shown = Object.entries(isMembers(declared) ? declared : {}).filter(([name, value]) => {
    if (!Object.hasOwn(serverCapabilities, name) || !isMembers(value)) return false;
    const method = serverCapabilities[name] ?? null;
    return method === null || isGranted(system, view.methods.get(method));
  });
  return Object.fromEntries(shown);
}

/** Fields that a list carries in the stateless revision. What one system may see is no other's. */
export function listFields(context: McpContext): Members {
  return context.revision.stateless ? { resultType: "complete", ttlMs: 0, cacheScope: "private" } : {};
}

/** A result may ask the client for more (2026-07-28): each question is decided as a request of the server is. */
export function checkedResult(context: McpContext, view: ServerView, result: Members): Members | { refusal: Refusal } {
  if (result.resultType !== "input_required") return result;
  const asked = isMembers(result.inputRequests) ? Object.values(result.inputRequests) : [];
  for (const one of asked) {
    const known = isMembers(one) && typeof one.method === "string" && Object.hasOwn(serverRequests, one.method) ? serverRequests[one.method]! : null;
    if (known === null || !isMembers(one) || !context.revision.stateless) return { refusal: refuse("unsupported", "The MCP server asked the client for something that this gateway does not take.", "Ask the server's owner.") };
    const decision = decide(context, question(context, view.methods.get(known.tool) ?? `${view.server.name}/${known.tool}`, isMembers(one.params) ? one.params : {}, []));
    if (decision.outcome !== "allow") return { refusal: { ...refusalOf(decision), ...(decision.outcome === "hold" ? { code: "policy" as const } : {}), reason: `The MCP server asked the client for more. ${decision.reason}` } };
  }
  return result;
}
