import { z } from "zod";
import { requireAccess } from "./access.ts";
import type { App } from "./fastify-types.ts";
import { hostName, isLoopbackName } from "./host-guard.ts";
import type { Gauge, RequestCounts } from "./metrics.ts";
import { renderGauges } from "./metrics.ts";

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
}

/** `/healthz`, `/readyz`, `/metrics`: for whoever runs the machine. */
export function operationsRoutes(app: App, deps: { readonly readiness: () => Readiness; readonly counts: RequestCounts; readonly gauges: () => readonly Gauge[] | Promise<readonly Gauge[]> }): void {
  app.get("/healthz", { config: { access: "public" }, schema: { response: { 200: z.object({ alive: z.literal(true) }) } } }, () => ({ alive: true as const }));

  const readiness = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.boolean()) });
  app.get("/readyz", { config: { access: "public" }, schema: { response: { 200: readiness, 503: readiness } } }, async (_request, reply) => {
    const state = deps.readiness();
    return reply.code(state.ready ? 200 : 503).send({ ready: state.ready, checks: { ...state.checks } });
  });

  app.get("/metrics", { config: { access: "public" } }, async (request, reply) => {
    // Figures tell an outsider what runs here: off loopback they want a token. The socket says where a caller is; a
    // proxy on this machine makes everyone local, so the name asked for must be loopback too.
    const local = isLoopbackName(request.socket.remoteAddress ?? "") && isLoopbackName(hostName(request.headers.host) ?? "") && request.headers["x-forwarded-for"] === undefined;
    if (!local) requireAccess("signed-in", request.authentication?.actor ?? null);
    return reply.type("text/plain; version=0.0.4; charset=utf-8").send(deps.counts.render() + renderGauges(await deps.gauges()));
  });
}
