import type { Gauge } from "@mandate/gateway";
import { z } from "zod";
import type { App } from "../http/index.ts";
import { readFigures } from "./figures.ts";
import type { UpkeepDeps } from "./figures.ts";

const count = z.number().nonnegative();
const figures = z.object({
  now: z.string(),
  backup: z.object({ at: z.string(), ageSeconds: count, bytes: count }).nullable(),
  disk: z.object({ freeBytes: count, totalBytes: count }),
  database: z.object({ bytes: count, tables: z.array(z.object({ name: z.string(), bytes: count, rows: count })).readonly() }),
  partitions: z.array(z.object({ table: z.string(), months: count, monthsAhead: count, strays: count })).readonly(),
  evidence: z.object({
    entries: count,
    bytes: count,
    kinds: z.array(z.object({ kind: z.enum(["entries", "tree", "content", "keys", "search", "register"]), bytes: count, bytesPerDay: count })).readonly(),
    entriesPerDay: count,
    bytesPerDay: count,
    roomBytes: count.nullable(),
    daysLeft: count.nullable(),
  }),
});

/** How the store grows, how much room is left, when it was last copied: what `mandate doctor` reads. */
export function upkeepRoutes(app: App, deps: UpkeepDeps): void {
  app.get("/api/v1/upkeep", { config: { access: "signed-in" }, schema: { operationId: "getUpkeep", summary: "Growth, room and the last backup", response: { 200: figures } } }, async () => ({ now: new Date(deps.now()).toISOString(), ...(await readFigures(deps)) }));
}

/** The same for Prometheus; what nobody knows is absent, so that an alert on absence works. */
export async function upkeepGauges(deps: UpkeepDeps): Promise<Gauge[]> {
  const { backup, disk, database, evidence } = await readFigures(deps);
  return [
    ...(backup === null ? [] : [{ name: "mandate_backup_age_seconds", help: "Seconds since the last backup that was taken here.", value: backup.ageSeconds }]),
    { name: "mandate_disk_free_bytes", help: "Room left on the data directory's disk.", value: disk.freeBytes },
    { name: "mandate_database_bytes", help: "Tables and indexes.", value: database.bytes },
    { name: "mandate_evidence_entries", help: "Entries of all logs.", value: evidence.entries },
  ];
}
