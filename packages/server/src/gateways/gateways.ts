import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import { bearerHash, newBearer } from "../bearer.ts";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { isUniqueViolation } from "../database/index.ts";
import { actorOf, administrators, page } from "../http/index.ts";
import type { App } from "../http/index.ts";

/** What a gateway told us last. */
export interface GatewayState {
  readonly name: string;
  readonly registerVersion: number | null;
  /** RFC 3339, or null when it never reported. */
  readonly lastSeen: string | null;
  /** True when it enforces the newest register version. */
  readonly confirmed: boolean;
}

const gateway = z.object({ id: z.string().nullable(), name: z.string(), registerVersion: z.number().nullable(), lastSeen: z.string().nullable(), confirmed: z.boolean() });

/** Lists the gateway of this process and those registered to enrol; enrolling comes with stand-alone gateways. */
export function gatewayRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly contexts: Contexts; readonly local: () => readonly GatewayState[] }): void {
  const { db, org, contexts } = deps;

  app.get("/api/v1/gateways", { config: { access: "signed-in" }, schema: { operationId: "listGateways", response: { 200: page(gateway) } } }, async () => {
    const { rows } = await db.read(org, (tx) => sql<{ id: string; name: string }>`select id, name from gateways where org = ${org} order by name`.execute(tx));
    const local = deps.local().map((one) => ({ id: null, ...one }));
    return { items: [...local, ...rows.map((row) => ({ id: row.id, name: row.name, registerVersion: null, lastSeen: null, confirmed: false }))], nextCursor: null };
  });

  app.post(
    "/api/v1/gateways",
    {
      config: { access: administrators, secretAnswer: true },
      schema: { operationId: "registerGateway", body: z.strictObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "is not a name") }), response: { 201: z.object({ id: z.string(), token: z.string() }) } },
    },
    async (request, reply) => {
      const ctx = contexts.quiet(actorOf(request));
      const token = newBearer("gatewayEnrolment", ctx.random);
      const id = newId("gateway", ctx.now(), ctx.random);
      const { name } = request.body;
      try {
        await ctx.transact(async (tx, record) => {
          await sql`insert into gateways (org, id, name, token_hash, created_at) values (${org}, ${id}, ${name}, ${bearerHash(token)}, ${new Date(ctx.now())})`.execute(tx);
          record({ type: "setting", payload: { event: "gateway.registered", gateway: id, name, by: ctx.actor.id } });
        });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new AppError({ code: "gateways.name_taken", status: 409, message: `A gateway is registered as \`${name}\`.`, remedies: [{ text: "Choose another name." }] });
      }
      return reply.code(201).send({ id, token });
    },
  );
}
