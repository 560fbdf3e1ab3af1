import { AppError } from "@mandate/model";
import { z } from "zod";
import { systemActor } from "../context/index.ts";
import type { Contexts } from "../context/index.ts";
import { actorOf, editors, pathName, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { getObject, pinServer } from "../registry/index.ts";
import type { RegisterPorts } from "../registry/index.ts";

/** Accepts what a server offers now (`POST /api/v1/mcp-servers/{name}/pin`). */
export function mcpPinRoutes(app: App, deps: { readonly contexts: Contexts; readonly ports: RegisterPorts }): void {
  const { contexts, ports } = deps;
  app.post(
    "/api/v1/mcp-servers/:name/pin",
    { config: { access: editors }, schema: { operationId: "pinMcpServer", params: z.object({ name: pathName }), body: reasonBody, response: { 200: z.object({ server: z.string(), tools: z.array(z.string()).readonly() }) } } },
    async (request) => {
      const { name } = request.params;
      const server = await getObject(contexts.quiet(systemActor("reader")), "McpServer", name);
      if (server === undefined) throw new AppError({ code: "registry.not_found", status: 404, message: "There is no MCP server with this name.", remedies: [{ text: "List what there is.", command: "npx mandate get mcp-servers" }] });
      const { url, credential } = server.spec;
      if (typeof url !== "string" || ports.pinMcpServer === undefined) throw new AppError({ code: "mcp.no_url", status: 409, message: "This server has no url to ask.", remedies: [{ text: "Give it a url; supervised stdio servers come with a later release." }] });
      const offered = await ports.pinMcpServer({ name, url, credential: typeof credential === "string" ? credential.slice("secret:".length) : null });
      if (offered === undefined) throw new AppError({ code: "mcp.unreachable", status: 409, message: "The server can't be reached from here, or doesn't answer as an MCP server, so nothing was pinned.", remedies: [{ text: "Check its url, its secret's hosts, and the outbound allow list, then pin again.", url: "/settings" }] });
      return pinServer(contexts.for(actorOf(request)), ports, name, offered, request.body.reason);
    },
  );
}
