import { AppError } from "@mandate/model";
import { z } from "zod";
import { systemActor } from "../context/index.ts";
import type { Contexts } from "../context/index.ts";
import { actorOf, editors, pathName, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { getObject, loadOffer, loadPins, loadRefusals, pinServer, readObject } from "../registry/index.ts";
import { noteOffered } from "../reassessment/index.ts";
import type { DriftPorts } from "../reassessment/index.ts";
import { compareOffer } from "./compare.ts";
import { closeDrift, refuseOffer } from "./answer.ts";
import type { OfferedTool, RegisterPorts } from "../registry/index.ts";

const definition = z.object({ hash: z.string(), definition: z.record(z.string(), z.unknown()) }).nullable();
const comparison = z.object({
  server: z.string(),
  seenAt: z.string().nullable(),
  tools: z
    .array(
      z.object({
        tool: z.string(),
        state: z.enum(["pinned", "changed", "gone", "new"]),
        pinned: definition,
        offered: definition,
        diff: z.array(z.object({ path: z.string(), old: z.string().nullable(), new: z.string().nullable() })).readonly(),
        refused: z.object({ by: z.string(), at: z.string(), reason: z.string() }).nullable(),
        hidden: z.object({ characters: z.array(z.object({ code: z.string(), name: z.string(), count: z.number() })).readonly(), says: z.string().nullable() }),
      }),
    )
    .readonly(),
});

/** Hash of each definition that the person read, by the server's name of the tool. */
const shown = z.record(z.string().min(1).max(128), z.string().regex(/^[0-9a-f]{64}$/)).refine((tools) => Object.keys(tools).length > 0 && Object.keys(tools).length <= 500, "Name between 1 and 500 tools.");
const answered = z.object({ server: z.string(), tools: z.array(z.string()).readonly() });

interface McpServerSpec {
  readonly url?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly credential?: string;
}

function notFound(): AppError {
  return new AppError({ code: "registry.not_found", status: 404, message: "There is no MCP server with this name.", remedies: [{ text: "List what there is.", command: "npx mandate get mcp-servers" }] });
}

/** Old against new, and the two answers to it: pin or refuse. */
export function mcpPinRoutes(app: App, deps: { readonly contexts: Contexts; readonly ports: RegisterPorts; readonly drift: DriftPorts }): void {
  const { contexts, ports } = deps;
  const reading = contexts.quiet(systemActor("reader"));

  const compared = (name: string): Promise<z.infer<typeof comparison>> =>
    reading.read(async (tx) => {
      if (!(await readObject(tx, reading.org, "McpServer", name))) throw notFound();
      const pins = (await loadPins(tx, reading.org)).filter((pin) => pin.server === name);
      const offer = await loadOffer(tx, reading.org, name);
      return { server: name, seenAt: offer?.seenAt.toISOString() ?? null, tools: compareOffer(pins, offer?.tools ?? null, await loadRefusals(tx, reading.org, name)) };
    });

  const offeredBy = async (name: string): Promise<readonly OfferedTool[]> => {
    const server = await getObject(reading, "McpServer", name);
    if (server === undefined) throw notFound();
    const { url, command, args, env, credential } = server.spec as McpServerSpec;
    const process = command === undefined ? null : { command, args: args ?? [], env: env ?? {} };
    const offered = await ports.pinMcpServer?.({ name, url: url ?? null, process, credential: credential?.slice("secret:".length) ?? null });
    if (offered === undefined) throw new AppError({ code: "mcp.unreachable", status: 409, message: "The server can't be reached from here, or doesn't answer as an MCP server, so nothing was changed.", remedies: [{ text: "Check its url, its secret's hosts and the outbound allow list; of a command, that an administrator allowed it word for word. Then ask again.", url: "/settings" }] });
    return offered;
  };

  app.get(
    "/api/v1/mcp-servers/:name/definitions",
    { config: { access: "signed-in" }, schema: { operationId: "compareMcpDefinitions", summary: "Pinned definitions against what the server was last seen to offer", params: z.object({ name: pathName }), response: { 200: comparison } } },
    (request) => compared(request.params.name),
  );

  app.post(
    "/api/v1/mcp-servers/:name/look",
    { config: { access: editors }, schema: { operationId: "lookAtMcpServer", summary: "Ask the server what it offers now, and compare it with what is pinned; accepts nothing", params: z.object({ name: pathName }), response: { 200: comparison } } },
    async (request) => {
      const { name } = request.params;
      await noteOffered(contexts.for(systemActor("reader")), name, await offeredBy(name), deps.drift);
      return compared(name);
    },
  );

  app.post(
    "/api/v1/mcp-servers/:name/pin",
    { config: { access: editors }, schema: { operationId: "pinMcpServer", summary: "Accept what the server offers now; `tools` alone, in the definitions that were shown, or all but what was refused", params: z.object({ name: pathName }), body: reasonBody.extend({ tools: shown.optional() }), response: { 200: answered } } },
    async (request) => {
      const { name } = request.params;
      const ctx = contexts.for(actorOf(request));
      const { reason, tools } = request.body;
      return pinServer(ctx, ports, name, await offeredBy(name), reason, {
        shown: tools,
        accepted: (tx, record, accepted) => closeDrift(tx, ctx, record, { server: name, tools: accepted.map((one) => one.tool), outcome: "reaffirmed", reason: `the definition was read and pinned: ${reason}` }, deps.drift),
      });
    },
  );

  app.post(
    "/api/v1/mcp-servers/:name/refuse",
    { config: { access: editors }, schema: { operationId: "refuseMcpDefinitions", summary: "Refuse definitions that were shown: the tools stay held and say so", params: z.object({ name: pathName }), body: reasonBody.extend({ tools: shown }), response: { 200: answered } } },
    async (request) => {
      if ((await getObject(reading, "McpServer", request.params.name)) === undefined) throw notFound();
      return refuseOffer(contexts.for(actorOf(request)), request.params.name, request.body.tools, request.body.reason, deps.drift);
    },
  );
}
