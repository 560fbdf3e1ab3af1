import { expositionType, isFromHere, renderMetrics } from "@mandate/gateway";
import type { Metric } from "@mandate/gateway";
import { z } from "zod";
import { requireAccess } from "./access.ts";
import type { App } from "./fastify-types.ts";
import type { RequestCounts } from "./metrics.ts";

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
}

/** `/healthz`, `/readyz`, `/metrics`: for whoever runs the machine. */
export function operationsRoutes(app: App, deps: { readonly readiness: () => Readiness; readonly counts: RequestCounts; readonly metrics: () => readonly Metric[] | Promise<readonly Metric[]> }): void {
  app.get("/healthz", { config: { access: "public" }, schema: { response: { 200: z.object({ alive: z.literal(true) }) } } }, () => ({ alive: true as const }));

  const readiness = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.boolean()) });
  app.get("/readyz", { config: { access: "public" }, schema: { response: { 200: readiness, 503: readiness } } }, async (_request, reply) => {
    const state = deps.readiness();
    return reply.code(state.ready ? 200 : 503).send({ ready: state.ready, checks: { ...state.checks } });
  });

  app.get("/metrics", { config: { access: "public" } }, async (request, reply) => {
    // Figures tell an outsider what runs here: off loopback they want a token.
    if (!isFromHere(request.raw)) requireAccess("signed-in", request.authentication?.actor ?? null);
    return reply.type(expositionType).send(deps.counts.render() + renderMetrics(await deps.metrics()));
  });
}
