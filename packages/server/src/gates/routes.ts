import { authorizationTypes, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { z } from "zod";
import type { Database, Tx } from "../database/index.ts";
import { pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { readGates } from "./gates.ts";
import type { GateSubject } from "./gates.ts";

const gate = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(["met", "not_met", "waived", "cant_tell"]),
  detail: z.string(),
  evidence: z.string().nullable(),
  who: z.object({ role: z.string(), email: z.string().nullable() }),
  fix: z.object({ text: z.string(), page: z.string() }),
  waiver: z.object({ exception: z.string(), by: z.array(z.string()).readonly(), until: z.string(), compensating: z.string() }).nullable(),
});
const seat = z.object({ group: z.string(), count: z.number(), people: z.array(z.string()).readonly() });

export interface GateRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  /** @throws AppError `registry.not_found` */
  readonly subject: (tx: Tx, name: string, nowMs: number) => Promise<GateSubject & { readonly versionDigest: string }>;
  /** Who must say yes, and who could. */
  readonly approvers: (tx: Tx, system: string, tier: Tier, type: "pilot" | "production") => Promise<readonly { readonly group: string; readonly count: number; readonly people: readonly string[] }[]>;
}

export function gateRoutes(app: App, { db, org, now, subject, approvers }: GateRouteDeps): void {
  app.get(
    "/api/v1/systems/:name/gates",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "getGates",
        summary: "What the tier asks before a pilot or production: met, not met and who can fix it, waived until when, or can't tell",
        params: z.object({ name: pathName }),
        querystring: z.object({ type: z.enum(authorizationTypes).default("production") }),
        response: { 200: z.object({ system: z.string(), type: z.enum(authorizationTypes), tier: z.enum(tiers), versionDigest: z.string(), ready: z.boolean(), gates: z.array(gate).readonly(), approvers: z.array(seat).readonly() }) },
      },
    },
    ({ params, query }) =>
      db.read(org, async (tx) => {
        const of = await subject(tx, params.name, now());
        const gates = await readGates(tx, org, of, query.type, now());
        return { system: params.name, type: query.type, tier: of.tier, versionDigest: of.versionDigest, ready: of.tier !== "X" && gates.every((one) => one.state !== "not_met"), gates, approvers: await approvers(tx, params.name, of.tier, query.type) };
      }),
  );
}
