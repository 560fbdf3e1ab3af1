import { type Refusal, refuse } from "../http/refusal.ts";
import { echo, isMembers, type Members } from "../surfaces/fields.ts";
import type { McpContext } from "./context.ts";
import { metaKeys } from "./revision.ts";
import { clientCapabilities, implementationOf } from "./shown.ts";
import type { ServerView } from "./server-view.ts";

const retry = ["requestState", "inputResponses"] as const;

/** Members of a request that go on to a server. The revision's text names no others. */
const listed: Readonly<Record<string, readonly string[]>> = {
  initialize: ["protocolVersion", "capabilities", "clientInfo"],
  "server/discover": [],
  ping: [],
  "tools/list": ["cursor"],
  "tools/call": ["name", "arguments", "task", ...retry],
  "resources/list": ["cursor"],
  "resources/templates/list": ["cursor"],
  "resources/read": ["uri", ...retry],
  "resources/subscribe": ["uri"],
  "resources/unsubscribe": ["uri"],
  "prompts/list": ["cursor"],
  "prompts/get": ["name", "arguments", ...retry],
  "completion/complete": ["ref", "argument", "context"],
  "logging/setLevel": ["level"],
  "subscriptions/listen": ["notifications"],
};

const levels = new Set(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]);
const changes = ["toolsListChanged", "promptsListChanged", "resourcesListChanged"] as const;

/** The request as a server gets it. What no table knows is refused where the tier says so, and goes nowhere in any tier. */
export function sentParams(context: McpContext, view: ServerView | null, method: string, params: Members): { params: Members } | { refusal: Refusal } {
  const known = listed[method] ?? [];
  const unknown = Object.keys(params).find((name) => name !== "_meta" && !known.includes(name));
  if (unknown !== undefined && context.system.parameters.unlistedField === "refuse")
    return { refusal: refuse("unsupported_field", `\`params.${echo(unknown)}\` is no member of ${method} that this gateway knows.`, "Leave it out.", `params.${echo(unknown)}`) };
  const sent: Record<string, unknown> = Object.fromEntries(known.filter((name) => Object.hasOwn(params, name)).map((name) => [name, params[name]]));
  if (method === "logging/setLevel" && !levels.has(String(params.level))) return { refusal: refuse("unsupported_field", "`level` is no log level.", "Use one of RFC 5424's, in lower case.", "params.level") };
  if (method === "subscriptions/listen") sent.notifications = filterOf(params.notifications);
  const meta = metaOf(context, view, params["_meta"]);
  return { params: meta === null ? sent : { ...sent, _meta: meta } };
}

function filterOf(value: unknown): Members {
  if (!isMembers(value)) return {};
  const uris = Array.isArray(value.resourceSubscriptions) ? value.resourceSubscriptions.filter((uri) => typeof uri === "string") : [];
  return { ...Object.fromEntries(changes.filter((name) => value[name] === true).map((name) => [name, true])), ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }) };
}

/** `_meta` is open to anything, so that only what the protocol itself needs of it goes on. */
function metaOf(context: McpContext, view: ServerView | null, value: unknown): Members | null {
  if (!isMembers(value)) return null;
  const { progressToken } = value;
  const token = typeof progressToken === "number" || (typeof progressToken === "string" && progressToken.length <= 256) ? { progressToken } : {};
  if (!context.revision.stateless) return token;
  const level = value["io.modelcontextprotocol/logLevel"];
  return {
    ...token,
    [metaKeys.version]: context.revision.version,
    [metaKeys.capabilities]: clientCapabilities(context, view, value[metaKeys.capabilities]),
    [metaKeys.clientInfo]: implementationOf(value[metaKeys.clientInfo], "mcp-client"),
    ...(typeof level === "string" && levels.has(level) ? { "io.modelcontextprotocol/logLevel": level } : {}),
  };
}
