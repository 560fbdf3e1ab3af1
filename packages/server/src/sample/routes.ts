import { z } from "zod";
import { administrators } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { SampleServer } from "./control.ts";
import { removeSample } from "./remove.ts";

/** `DELETE /api/v1/sample`: the one action that removes the sample. Its traffic ends when its keys do. */
export function sampleRoutes(app: App, server: SampleServer): void {
  app.delete(
    "/api/v1/sample",
    {
      config: { access: [...administrators, "governance-lead"] },
      schema: {
        operationId: "removeSample",
        summary: "Remove the sample organization; the evidence of what it did stays",
        response: { 200: z.object({ removed: z.number(), kept: z.array(z.object({ object: z.string(), users: z.array(z.string()).readonly(), reason: z.string() })) }) },
      },
    },
    () => removeSample(server),
  );
}
