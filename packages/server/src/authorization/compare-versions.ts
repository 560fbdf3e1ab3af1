import { isDeepStrictEqual } from "node:util";
import { audiences, autonomies, sensitivityRank } from "@mandate/model";
import type { SpecOf } from "@mandate/model";
import type { VersionManifest } from "./version.ts";

/** Classes of change (SPEC 2, Reassessment). `C` stops the system at once, `B` denies the difference alone, `A` is recorded. */
export type ChangeClass = "A" | "B" | "C";

export interface VersionChange {
  readonly class: ChangeClass;
  /** `tool:refunds.issue`, or a field such as `boundary.regions`. */
  readonly subject: string;
  readonly what: string;
}

type System = VersionManifest["spec"];

/** Pure. What differs between the version approved and the one the register holds now, each with its class. */
export function compareVersions(approved: VersionManifest, current: VersionManifest): VersionChange[] {
  return [...compareSystems(approved.spec, current.spec), ...compareGrants(approved, current), ...compareObjects(approved, current)];
}

function compareSystems(before: System, after: System): VersionChange[] {
  const changes: VersionChange[] = [];
  const add = (condition: boolean, kind: ChangeClass, subject: string, what: string) => {
    if (condition) changes.push({ class: kind, subject, what });
  };
  const purposes = new Map(before.purposes.map((purpose) => [purpose.id, purpose.text]));
  add(after.purposes.some((purpose) => purposes.get(purpose.id) !== purpose.text), "C", "purposes", "the purpose changes");
  add(gained(before.affected, after.affected), "C", "affected", "other people are affected");
  for (const question of ["prohibited", "annex3", "annex1", "article6_3", "profiling"] as const) {
    const [was, is] = [before.intake?.[question], after.intake?.[question]];
    // A first answer "none" fills a gap; anything else flips what was signed.
    const firstNone = was === undefined && (is === false || (Array.isArray(is) && is.length === 0));
    add(!isDeepStrictEqual(was, is) && !firstNone, "C", `intake.${question}`, "an answer to Article 5 or Annex III changes");
  }
  add(autonomies.indexOf(after.autonomy) > autonomies.indexOf(before.autonomy), "B", "autonomy", "autonomy is raised");
  add(audiences.indexOf(after.audience) > audiences.indexOf(before.audience), "B", "audience", "the audience widens");
  const [was, is] = [before.boundary, after.boundary];
  if (was && is) {
    add(sensitivityRank(is.sensitivity) > sensitivityRank(was.sensitivity), "B", "boundary.sensitivity", "more sensitive data");
    add(gained(was.classes, is.classes), "B", "boundary.classes", "new data classes");
    add(gained(was.regions, is.regions), "B", "boundary.regions", "a new region");
    add(gained(was.share ?? [], is.share ?? []), "B", "boundary.share", "a new recipient");
    add(was.training === "never" && is.training === "allowed", "B", "boundary.training", "training is allowed");
    add(!isDeepStrictEqual(was.retention, is.retention), "B", "boundary.retention", "retention changes");
  }
  add(!isDeepStrictEqual(before.session, after.session), "B", "session", "how sessions are known changes");
  add(!isDeepStrictEqual(before.limits, after.limits), "B", "limits", "limits change");
  add(!before.policies.every((name) => after.policies.includes(name)), "B", "policies", "a policy is taken away");
  add(!isDeepStrictEqual(before.environments, after.environments), "A", "environments", "environments change");
  return changes;
}

function compareGrants(approved: VersionManifest, current: VersionManifest): VersionChange[] {
  const kinds = [["models", "model"], ["tools", "tool"], ["datasets", "dataset"], ["prompts", "prompt"], ["destinations", "destination"]] as const;
  return kinds.flatMap(([field, kind]) => {
    const before = new Set(approved.grants[field]);
    return current.grants[field].filter((name) => !before.has(name)).map((name): VersionChange => {
      const subject = `${kind}:${name}`;
      const spec = current.objects[subject];
      const stop = kind === "tool" && irreversible(spec as ToolSpec | undefined);
      return { class: stop ? "C" : "B", subject, what: stop ? "a new irreversible effect" : `a new ${kind}` };
    });
  });
}

type ToolSpec = SpecOf<"Tool">;
type ModelSpec = SpecOf<"Model">;

function compareObjects(approved: VersionManifest, current: VersionManifest): VersionChange[] {
  return Object.entries(current.objects).flatMap(([subject, after]): VersionChange[] => {
    const before = approved.objects[subject];
    if (before === undefined || isDeepStrictEqual(before, after)) return [];
    if (subject.startsWith("model:") && provider(before as ModelSpec) !== provider(after as ModelSpec)) {
      return [{ class: "C", subject, what: "the model's provider changes" }];
    }
    if (subject.startsWith("tool:") && irreversible(after as ToolSpec) && !irreversible(before as ToolSpec)) {
      return [{ class: "C", subject, what: "a new irreversible effect" }];
    }
    return [{ class: "B", subject, what: "its definition changes" }];
  });
}

/** Who serves a model: vendor, wire protocol, host of the endpoint. */
function provider(spec: ModelSpec): string {
  return JSON.stringify([spec.vendor ?? null, spec.host ?? null, spec.protocol, URL.parse(spec.endpoint)?.host ?? null]);
}

/** Pinned tools that nobody labelled have no spec: the worst effect, so a new one stops the system. */
function irreversible(spec: ToolSpec | undefined): boolean {
  if (!spec) return true;
  return ["pays", "executes", "deletes", "grants"].includes(spec.effect) && spec.reversible !== true;
}

function gained(before: readonly string[], after: readonly string[]): boolean {
  return after.some((item) => !before.includes(item));
}
