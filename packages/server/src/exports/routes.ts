import { exportFormatNames, exportFormats } from "@mandate/frameworks/exports";
import { z } from "zod";
import { actorOf } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { writeExport } from "./export.ts";
import type { ExportParts } from "./export.ts";
import { scopeOfExport, systemNeeded } from "./scope.ts";
import { exportFiles } from "./scratch.ts";

const format = z.object({ name: z.enum(exportFormatNames), title: z.string(), holds: z.string(), mediaType: z.string(), extension: z.string(), needsSystem: z.boolean() });

export interface ExportRouteDeps extends ExportParts {
  /** Where exports stand while they are built and sent. */
  readonly scratchDir: string;
}

/** The record in formats of others. */
export function exportRoutes(app: App, deps: ExportRouteDeps): void {
  const build = exportFiles(deps.scratchDir);

  app.get("/api/v1/exports", { config: { access: "signed-in" }, schema: { operationId: "listExportFormats", summary: "Formats that can be exported, and what each holds", response: { 200: z.object({ items: z.array(format).readonly() }) } } }, () => ({ items: exportFormats.map((one) => ({ ...one })) }));

  app.post(
    "/api/v1/exports/:format",
    {
      // Who may is asked below: somebody with a role for some systems gets those.
      config: { access: "signed-in", secretAnswer: true },
      schema: {
        operationId: "createExport",
        summary: "Export the record in one format; that it was taken out is an entry",
        params: z.object({ format: z.enum(exportFormatNames) }),
        body: z.strictObject({ system: z.string().min(1).max(128).optional() }),
      },
    },
    async (request, reply) => {
      const about = exportFormats.find((one) => one.name === request.params.format)!;
      const { system } = request.body;
      if (about.needsSystem && system === undefined) throw systemNeeded(about.name);
      const actor = actorOf(request);
      const systems = scopeOfExport(actor, system);
      // A large export takes longer to write than an idle connection may stay open.
      request.raw.socket.setTimeout(0);
      const { bytes, stream } = await build((sink) => writeExport(deps, { format: about.name, actor, systems }, sink));
      const name = `${about.name}${system === undefined ? "" : `-${system.replaceAll(/[^A-Za-z0-9._-]/g, "_")}`}.${about.extension}`;
      return reply.type(about.mediaType).header("content-length", bytes).header("content-disposition", `attachment; filename="${name}"`).send(stream);
    },
  );
}
