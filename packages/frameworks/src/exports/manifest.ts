import type { ExportHead } from "./facts.ts";
import type { ExportFormat } from "./formats.ts";
import { exportSchema } from "./formats.ts";
import { stableUuid } from "./canonical.ts";

/** Stands in every export: who made it, when, where the logs stood, how much it holds. */
export interface ExportManifest {
  readonly schema: typeof exportSchema;
  readonly format: ExportFormat;
  readonly organization: string;
  readonly exportedAt: string;
  readonly exportedBy: string;
  readonly registerVersion: number;
  readonly systems: readonly string[] | null;
  readonly position: ExportHead["position"];
  readonly counts: Readonly<Record<string, number>>;
}

export function manifestOf(format: ExportFormat, head: ExportHead, counts: Readonly<Record<string, number>>): ExportManifest {
  const { organization, exportedAt, exportedBy, registerVersion, systems, position } = head;
  return { schema: exportSchema, format, organization: organization.id, exportedAt, exportedBy, registerVersion, systems, position, counts };
}

/** Id of a document: another position or scope is another document; who made it and when isn't. */
export function documentUuid(format: ExportFormat, head: ExportHead): string {
  return stableUuid(head.organization.id, format, JSON.stringify(head.systems), ...head.position.flatMap(({ origin, size, root }) => [origin, String(size), root]));
}
