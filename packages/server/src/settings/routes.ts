import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { commandLineSchema, putMcpCommands, readMcpCommands } from "./mcp-commands.ts";
import { isOutboundEntry, putOutboundAllow, readOutboundAllow } from "./outbound.ts";

const outbound = z.object({ allow: z.array(z.string()).readonly(), default: z.boolean() });

export function settingRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly contexts: Contexts; readonly defaultAllow: readonly string[] }): void {
  const { db, org, contexts, defaultAllow } = deps;

  app.get("/api/v1/settings/outbound", { config: { access: "signed-in" }, schema: { operationId: "getOutbound", response: { 200: outbound } } }, async () => {
    const allow = await db.read(org, (tx) => readOutboundAllow(tx, org));
    return { allow: allow ?? defaultAllow, default: allow === undefined };
  });

  app.put(
    "/api/v1/settings/outbound",
    {
      config: { access: administrators },
      schema: {
        operationId: "putOutbound",
        summary: "Private and loopback addresses that upstream calls may reach",
        body: z.strictObject({ allow: z.array(z.string().max(262).refine(isOutboundEntry, "is not a CIDR of a private range or host:port")).max(200) }),
        response: { 200: outbound },
      },
    },
    async (request) => {
      await putOutboundAllow(contexts.for(actorOf(request)), request.body.allow);
      return { allow: request.body.allow, default: false };
    },
  );

  const commands = z.object({ allow: z.array(z.array(z.string()).readonly()).readonly() });
  app.get("/api/v1/settings/mcp-commands", { config: { access: "signed-in" }, schema: { operationId: "getMcpCommands", response: { 200: commands } } }, async () => ({ allow: await db.read(org, (tx) => readMcpCommands(tx, org)) }));

  app.put(
    "/api/v1/settings/mcp-commands",
    {
      config: { access: administrators },
      schema: { operationId: "putMcpCommands", summary: "Command lines, word for word, that MCP servers may be started as", body: z.strictObject({ allow: z.array(commandLineSchema).max(100) }), response: { 200: commands } },
    },
    async (request) => {
      await putMcpCommands(contexts.for(actorOf(request)), request.body.allow);
      return { allow: request.body.allow };
    },
  );
}
