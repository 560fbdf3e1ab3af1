import { AppError, visibilities } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import { z } from "zod";
import type { Database } from "../database/index.ts";
import { pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { systemVisibility } from "./gaps.ts";

const answer = z.object({
  system: z.string(),
  minimum: z.enum(visibilities),
  models: z.array(z.object({ model: z.string(), visibility: z.enum(visibilities), below: z.boolean() })).readonly(),
  capture: z.enum(["metadata", "redacted", "full"]),
  gap: z.object({ models: z.array(z.string()).readonly(), accepted: z.object({ risk: z.string(), by: z.string(), ends: z.string() }).nullable() }).nullable(),
});

export function visibilityRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly now: () => number; readonly facts: () => RegisterFacts }): void {
  app.get("/api/v1/systems/:name/visibility", { config: { access: "signed-in" }, schema: { operationId: "getVisibility", summary: "What vendors of its models let us see, against what its tier needs", params: z.object({ name: pathName }), response: { 200: answer } } }, async ({ params }) => {
    const [found] = await deps.db.read(deps.org, (tx) => systemVisibility(tx, deps.org, deps.facts(), deps.now(), params.name));
    if (found === undefined) throw new AppError({ code: "registry.not_found", status: 404, message: "No system of this name is registered.", remedies: [{ text: "List the systems.", command: "npx mandate get systems" }] });
    return found as z.infer<typeof answer>;
  });
}
