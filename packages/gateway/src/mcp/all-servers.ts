import { refuseKnown, type Known } from "../pipeline/refuse-known.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";
import { checkContent } from "./content.ts";
import { type McpContext, permitted, question } from "./context.ts";
import { rpcResult, type RpcMessage } from "./json-rpc.ts";
import { askServer } from "./own-requests.ts";
import { decisionOf } from "./record.ts";
import { evidenceRefusal } from "../pipeline/refuse-known.ts";
import { metaKeys, revisions } from "./revision.ts";
import { isGranted, listedTools, reaches, serversOf, type ServerView } from "./server-view.ts";
import { listFields } from "./shown.ts";
import { headersFor, linkOf, openServer } from "./upstream-session.ts";

/**
 * `/mcp/all`: every server a system was granted, behind one endpoint. A tool or prompt is `SERVER__NAME` there and a
 * resource `SERVER+URI`; a server's register name has neither `__` nor `+`, so no two can be taken for each other.
 */
export const allRoute = "all";
const separator = "__";
const maxServers = 50;

type Request = RpcMessage & { kind: "request" };

function reachable(context: McpContext): ServerView[] {
  return [...serversOf(context.compiled).values()].filter((view) => reaches(context.system, view) && !view.server.name.includes(separator)).slice(0, maxServers);
}

export function allTools(context: McpContext): Members[] {
  return reachable(context).flatMap((view) => listedTools(context.system, view).map(({ name, definition }) => ({ ...definition, name: view.server.name + separator + name })));
}

/** Which server is meant, and the request as that server knows it; null: none. */
export function innerOf(context: McpContext, method: string, params: Members): { readonly view: ServerView; readonly params: Members } | null {
  if (method === "completion/complete") {
    const ref = isMembers(params.ref) ? params.ref : {};
    const key = ref.type === "ref/resource" ? "uri" : "name";
    const split = splitName(context, ref[key], key === "uri" ? "+" : separator);
    return split === null ? null : { view: split.view, params: { ...params, ref: { ...ref, [key]: split.name } } };
  }
  const key = method.startsWith("resources/") ? "uri" : "name";
  const split = splitName(context, params[key], key === "uri" ? "+" : separator);
  return split === null ? null : { view: split.view, params: { ...params, [key]: split.name } };
}

function splitName(context: McpContext, value: unknown, mark: string): { view: ServerView; name: string } | null {
  if (typeof value !== "string") return null;
  const at = value.indexOf(mark);
  const view = at < 1 ? undefined : serversOf(context.compiled).get(value.slice(0, at));
  return view === undefined || !reaches(context.system, view) ? null : { view, name: value.slice(at + mark.length) };
}

export async function initializeAll(context: McpContext, known: Known, message: Request): Promise<void> {
  if (reachable(context).length === 0) return refuseKnown(context.runtime, known, { code: "not_granted", param: null, rule: null, reason: `${context.system.title} was not granted any MCP server.`, remedies: [{ text: "Add `tool:SERVER/*` to its uses and have the change approved." }] });
  if (!(await recorded(context, known, message))) return;
  const { session } = context;
  const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} };
  const info = { name: "mandate", version: "1" };
  const result = session === null ? { ...listFields(context), supportedVersions: revisions, capabilities, _meta: { [metaKeys.serverInfo]: info } } : { protocolVersion: session.version, capabilities, serverInfo: info };
  context.exchange.json(200, rpcResult(message.id, result), session === null ? {} : { "mcp-session-id": session.id });
}

const lists = {
  "prompts/list": { member: "prompts", method: "prompts/get", key: "name", mark: separator },
  "resources/list": { member: "resources", method: "resources/read", key: "uri", mark: "+" },
  "resources/templates/list": { member: "resourceTemplates", method: "resources/read", key: "uriTemplate", mark: "+" },
} as const;

/** What each server lists, under names that say whose it is. A server that fails is left out. */
export async function listAll(context: McpContext, known: Known, message: Request): Promise<void> {
  const { runtime, exchange, system } = context;
  const list = lists[message.method as keyof typeof lists];
  if (!(await recorded(context, known, message))) return;
  const views = reachable(context).filter((view) => isGranted(system, view.methods.get(list.method)));
  const answers = await Promise.allSettled(views.map((view) => listOne(context, view, message.method, list)));
  const result: Members = { ...listFields(context), [list.member]: answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : [])) };
  const first = views[0]?.methods.get(list.method);
  const checked = first === undefined ? null : checkContent(context, question(context, first, {}, []), permitted(context, "listed"), result, "The list");
  if (checked?.refusal != null) return refuseKnown(runtime, known, checked.refusal);
  exchange.json(200, rpcResult(message.id, checked?.value ?? result), context.session === null ? {} : { "mcp-session-id": context.session.id });
}

async function listOne(context: McpContext, view: ServerView, method: string, list: (typeof lists)[keyof typeof lists]): Promise<Members[]> {
  if (!context.revision.stateless) await openServer(context, view);
  const params: Members = context.revision.stateless ? { _meta: { [metaKeys.version]: context.revision.version, [metaKeys.capabilities]: {} } } : {};
  const { result } = await askServer(linkOf(context, view), method, params, headersFor(context, view, { method, params }), context.runtime.limits.maxJsonDepth);
  const items = Array.isArray(result[list.member]) ? (result[list.member] as unknown[]) : [];
  return items.flatMap((item) => (isMembers(item) && typeof item[list.key] === "string" ? [{ ...item, [list.key]: `${view.server.name}${list.mark}${String(item[list.key])}` }] : []));
}

async function recorded(context: McpContext, known: Known, message: Request): Promise<boolean> {
  const subject = { decisionId: context.exchange.decisionId, server: allRoute, method: message.method, resource: known.resource, decision: permitted(context, "A system may see what it was granted."), request: null, found: [], content: [] };
  try {
    await context.runtime.options.evidence.decision(decisionOf(context, subject, null));
    return true;
  } catch {
    context.exchange.refuse(evidenceRefusal);
    return false;
  }
}
