import type { Members } from "../surfaces/fields.ts";
import { UpstreamFailure } from "../upstream/client.ts";
import type { McpContext } from "./context.ts";
import type { ListTools } from "./drift.ts";
import type { McpLink } from "./link.ts";
import { askServer, tellServer } from "./own-requests.ts";
import { metaKeys, sessionRevisions, statelessHeaders, statelessRevision } from "./revision.ts";
import type { ServerView } from "./server-view.ts";

export function linkOf(context: McpContext, view: ServerView): McpLink {
  return context.runtime.mcp.link(context.compiled, view.server, context.session?.id ?? `stateless:${context.system.name}`);
}

/** Headers of a message to the server, all of them made here: none of the client's goes on. */
export function headersFor({ revision, session }: McpContext, view: ServerView, message: { readonly method: string; readonly params: Members } | null): Record<string, string> {
  if (revision.stateless) return message === null ? { "mcp-protocol-version": statelessRevision } : statelessHeaders(message.method, message.params);
  const state = session?.servers.get(view.server.name);
  return {
    ...(message?.method === "initialize" || session === null ? {} : { "mcp-protocol-version": session.version }),
    ...(state?.sessionId == null ? {} : { "mcp-session-id": state.sessionId }),
  };
}

/** A session at the server where this client's has none: behind the endpoint of all, or after the server lost it. */
export async function openServer(context: McpContext, view: ServerView): Promise<void> {
  const { session, runtime } = context;
  if (session === null) return;
  const { server } = view;
  const at = server.url ?? "";
  const known = session.servers.get(server.name);
  if (known !== undefined && known.at === at && runtime.mcp.isAlive(server, session.id)) return;
  session.servers.delete(server.name);
  const link = linkOf(context, view);
  const { result, sessionId } = await askServer(link, "initialize", { protocolVersion: session.version, capabilities: session.clientCapabilities, clientInfo: { name: "mandate-gateway", version: "1" } }, {}, runtime.limits.maxJsonDepth);
  if (!sessionRevisions.some((one) => one === result.protocolVersion)) throw new UpstreamFailure("refused", "The MCP server speaks a revision that this gateway does not.", "revision");
  session.servers.set(server.name, { sessionId, at });
  await tellServer(link, { jsonrpc: "2.0", method: "notifications/initialized" }, headersFor(context, view, null));
}

export function listOf(context: McpContext, view: ServerView): ListTools {
  const list = async (cursor: string | undefined): Promise<Members> => {
    const params: Members = { ...(cursor === undefined ? {} : { cursor }), ...(context.revision.stateless ? { _meta: { [metaKeys.version]: statelessRevision, [metaKeys.capabilities]: {}, [metaKeys.clientInfo]: { name: "mandate-gateway", version: "1" } } } : {}) };
    return (await askServer(linkOf(context, view), "tools/list", params, headersFor(context, view, { method: "tools/list", params }), context.runtime.limits.maxJsonDepth)).result;
  };
  return async (cursor) => {
    try {
      return await list(cursor);
    } catch (error) {
      // A server that was restarted has forgotten its sessions; the client's own need not end with that.
      if (!(error instanceof UpstreamFailure) || error.internal !== "status 404" || cursor !== undefined || context.session === null) throw error;
      context.session.servers.delete(view.server.name);
      await openServer(context, view);
      return list(cursor);
    }
  };
}
