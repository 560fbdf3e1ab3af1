import { AppError } from "@mandate/model";
import type { Role } from "@mandate/model";
import type { Actor } from "../command.ts";
import { requireAccess } from "../http/index.ts";

/** Who may take evidence out: those who answer for it and those who audit it. */
export const exporters = ["auditor", "business-owner", "technical-owner", "security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official", "administrator"] as const satisfies readonly Role[];

/**
 * The systems that this export is of. Somebody whose role is for one unit or system gets those it reaches, and nothing of the
 * organization beside them.
 * @returns null: every system
 * @throws AppError `identity.right_missing` (403)
 */
export function scopeOfExport(actor: Actor, system: string | undefined): readonly string[] | null {
  // A service account was let in by its scope; it holds no role.
  if (actor.kind === "service" || actor.roles.some((role) => (exporters as readonly Role[]).includes(role))) return system === undefined ? null : [system];
  const reached = [...new Set((actor.scopedRoles ?? []).flatMap((one) => ((exporters as readonly Role[]).includes(one.role) ? one.systems : [])))].sort();
  if (system === undefined && reached.length > 0) return reached;
  requireAccess(exporters, actor, system);
  return system === undefined ? [] : [system];
}

export function systemNeeded(format: string): AppError {
  return new AppError({ code: "exports.system_needed", status: 400, message: `\`${format}\` is of one system.`, remedies: [{ text: "Name the system.", command: `npx mandate export ${format} --system NAME -f FILE` }] });
}
