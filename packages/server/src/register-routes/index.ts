import type { App } from "../http/index.ts";
import { applyRoute } from "./apply.ts";
import { authorizationRoutes } from "./authorizations.ts";
import type { RegisterRouteDeps } from "./deps.ts";
import { objectRoutes } from "./objects.ts";
import { systemVersionRoutes } from "./system-versions.ts";
import { systemRoutes } from "./systems.ts";

export type { RegisterRouteDeps } from "./deps.ts";

/** The register over HTTP: apply, every kind, systems with their lifecycle, authorizations. */
export async function registerRoutes(app: App, deps: RegisterRouteDeps): Promise<void> {
  await applyRoute(app, deps);
  objectRoutes(app, deps);
  systemRoutes(app, deps);
  systemVersionRoutes(app, deps);
  authorizationRoutes(app, deps);
}
