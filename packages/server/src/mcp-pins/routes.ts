import { AppError } from "@mandate/model";
import { z } from "zod";
import { systemActor } from "../context/index.ts";
import type { Contexts } from "../context/index.ts";
import { actorOf, editors, pathName, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { getObject, loadOffer, loadPins, pinServer, readObject } from "../registry/index.ts";
import { compareOffer } from "./compare.ts";
import type { RegisterPorts } from "../registry/index.ts";

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
      }),
    )
    .readonly(),
});

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

/** Accepts what a server offers now (`POST /api/v1/mcp-servers/{name}/pin`). */
export function mcpPinRoutes(app: App, deps: { readonly contexts: Contexts; readonly ports: RegisterPorts }): void {
  const { contexts, ports } = deps;
  app.get(
    "/api/v1/mcp-servers/:name/definitions",
    { config: { access: "signed-in" }, schema: { operationId: "compareMcpDefinitions", summary: "Pinned definitions against what the server was last seen to offer", params: z.object({ name: pathName }), response: { 200: comparison } } },
    async (request) => {
      const { name } = request.params;
      const ctx = contexts.quiet(systemActor("reader"));
      return ctx.read(async (tx) => {
        if (!(await readObject(tx, ctx.org, "McpServer", name))) throw notFound();
        const pins = (await loadPins(tx, ctx.org)).filter((pin) => pin.server === name);
        const offer = await loadOffer(tx, ctx.org, name);
        return { server: name, seenAt: offer?.seenAt.toISOString() ?? null, tools: compareOffer(pins, offer?.tools ?? null) };
      });
    },
  );

  app.post(
    "/api/v1/mcp-servers/:name/pin",
    { config: { access: editors }, schema: { operationId: "pinMcpServer", params: z.object({ name: pathName }), body: reasonBody, response: { 200: z.object({ server: z.string(), tools: z.array(z.string()).readonly() }) } } },
    async (request) => {
      const { name } = request.params;
      const server = await getObject(contexts.quiet(systemActor("reader")), "McpServer", name);
      if (server === undefined) throw notFound();
      const { url, command, args, env, credential } = server.spec as McpServerSpec;
      const process = command === undefined ? null : { command, args: args ?? [], env: env ?? {} };
      const offered = await ports.pinMcpServer?.({ name, url: url ?? null, process, credential: credential?.slice("secret:".length) ?? null });
      if (offered === undefined) throw new AppError({ code: "mcp.unreachable", status: 409, message: "The server can't be reached from here, or doesn't answer as an MCP server, so nothing was pinned.", remedies: [{ text: "Check its url, its secret's hosts and the outbound allow list; of a command, that an administrator allowed it word for word. Then pin again.", url: "/settings" }] });
      return pinServer(contexts.for(actorOf(request)), ports, name, offered, request.body.reason);
    },
  );
}
