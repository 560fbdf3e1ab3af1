import { isDeepStrictEqual } from "node:util";
import { audiences, autonomies, sensitivityRank, visibilities } from "@mandate/model";
import type { AISystemSpec, SpecOf } from "@mandate/model";
import { triggers } from "../reassessment/index.ts";
import type { CaseChange, ChangeClass, Trigger } from "../reassessment/index.ts";
import type { VersionManifest } from "./version.ts";

export type { ChangeClass } from "../reassessment/index.ts";

export interface VersionChange extends CaseChange {
  /** `object`: something that other systems may use as well changed; they share one case. */
  readonly scope: "system" | "object";
}

/** Pure. What differs between the version approved and the one the register holds now, each with its class. */
export function compareVersions(approved: VersionManifest, current: VersionManifest): VersionChange[] {
  return [...compareSystems(approved.spec, current.spec), ...compareGrants(approved, current), ...compareObjects(approved, current)];
}


function compareSystems(before: AISystemSpec, after: AISystemSpec): VersionChange[] {
  const changes: VersionChange[] = [];
  const add = (condition: boolean, trigger: Trigger, subject: string, what: string, was: unknown, is: unknown, kind: ChangeClass = triggers[trigger]) => {
    if (condition) changes.push({ class: kind, trigger, scope: "system", subject, what, old: was ?? null, new: is ?? null });
  };
  const purposes = new Map(before.purposes.map((purpose) => [purpose.id, purpose.text]));
  add(after.purposes.some((purpose) => purposes.get(purpose.id) !== purpose.text), "purpose", "purposes", "the purpose changes", before.purposes, after.purposes);
  add(gained(before.affected, after.affected), "affected-people", "affected", "other people are affected", before.affected, after.affected);
  for (const question of ["prohibited", "annex3", "annex1", "article6_3", "profiling"] as const) {
    const [was, is] = [before.intake?.[question], after.intake?.[question]];
    // A first answer "none" fills a gap; anything else flips what was signed.
    const firstNone = was === undefined && (is === false || (Array.isArray(is) && is.length === 0));
    add(!isDeepStrictEqual(was, is) && !firstNone, "legal-answer", `intake.${question}`, "an answer to Article 5 or Annex III changes", was, is);
  }
  add(autonomies.indexOf(after.autonomy) > autonomies.indexOf(before.autonomy), "autonomy", "autonomy", "autonomy is raised", before.autonomy, after.autonomy);
  add(audiences.indexOf(after.audience) > audiences.indexOf(before.audience), "audience", "audience", "the audience widens", before.audience, after.audience);
  const [was, is] = [before.boundary, after.boundary];
  if (was && is) {
    add(sensitivityRank(is.sensitivity) > sensitivityRank(was.sensitivity), "definition", "boundary.sensitivity", "more sensitive data", was.sensitivity, is.sensitivity);
    add(gained(was.classes, is.classes), "definition", "boundary.classes", "new data classes", was.classes, is.classes);
    add(gained(was.regions, is.regions), "region", "boundary.regions", "a new region", was.regions, is.regions);
    add(gained(was.share ?? [], is.share ?? []), "recipient", "boundary.share", "a new recipient", was.share, is.share);
    add(was.training === "never" && is.training === "allowed", "definition", "boundary.training", "training is allowed", was.training, is.training);
    add(!isDeepStrictEqual(was.retention, is.retention), "definition", "boundary.retention", "retention changes", was.retention, is.retention);
  }
  add(!isDeepStrictEqual(before.session, after.session), "definition", "session", "how sessions are known changes", before.session, after.session);
  add(!isDeepStrictEqual(before.limits, after.limits), "limits", "limits", "limits change", before.limits, after.limits);
  add(!before.policies.every((name) => after.policies.includes(name)), "policy", "policies", "a policy is taken away", before.policies, after.policies);
  add(gained(before.uses.agents, after.uses.agents), "new-consumer", "uses.agents", "it becomes a consumer of an agent", before.uses.agents, after.uses.agents);
  add(!isDeepStrictEqual(before.environments, after.environments), "cosmetic", "environments", "environments change", before.environments, after.environments);
  return changes;
}

const grantTriggers = { model: "model-version", tool: "tool-added", dataset: "dataset", prompt: "prompt", destination: "recipient" } as const;

function compareGrants(approved: VersionManifest, current: VersionManifest): VersionChange[] {
  const kinds = [["models", "model"], ["tools", "tool"], ["datasets", "dataset"], ["prompts", "prompt"], ["destinations", "destination"]] as const;
  // Where the system's own record says the same as before, what it uses grew by itself: an agent's tools, a server's.
  const scope = isDeepStrictEqual(approved.spec.uses, current.spec.uses) ? "object" : "system";
  return kinds.flatMap(([field, kind]) => {
    const before = new Set(approved.grants[field]);
    return current.grants[field].filter((name) => !before.has(name)).map((name): VersionChange => {
      const subject = `${kind}:${name}`;
      const spec = current.objects[subject];
      const added = { scope, subject, old: null, new: spec ?? null } as const;
      if (kind === "tool" && irreversible(spec as SpecOf<"Tool"> | undefined)) return { ...added, class: "C", trigger: "irreversible-effect", what: "a new irreversible effect" };
      if (kind === "dataset" && aboveBoundary(spec as SpecOf<"Dataset"> | undefined, approved.spec)) return { ...added, class: "C", trigger: "data-above-boundary", what: "data above the boundary" };
      if (kind === "prompt" && (spec as SpecOf<"Prompt"> | undefined)?.shared === true) return { ...added, class: "B", trigger: "new-consumer", what: "it becomes a consumer of a shared prompt" };
      return { ...added, class: "B", trigger: grantTriggers[kind], what: `a new ${kind}` };
    });
  });
}

function compareObjects(approved: VersionManifest, current: VersionManifest): VersionChange[] {
  return Object.entries(current.objects).flatMap(([subject, after]): VersionChange[] => {
    const before = approved.objects[subject];
    if (before === undefined || isDeepStrictEqual(before, after)) return [];
    if (subject.startsWith("pin:")) return [{ class: "B", trigger: "tool-definition", scope: "object", subject: subject.replace("pin:", "tool:"), what: "its server's definition changes", old: before, new: after }];
    const { trigger, what } = objectChange(subject, before, after, approved.spec);
    return [{ class: triggers[trigger], trigger, scope: "object", subject, what, old: before, new: after }];
  });
}

interface Named {
  readonly trigger: Trigger;
  readonly what: string;
}

/** What a changed object is called, its worst change first. */
function objectChange(subject: string, before: unknown, after: unknown, system: AISystemSpec): Named {
  const [kind] = subject.split(":", 1);
  if (kind === "model") return modelChange(before as SpecOf<"Model">, after as SpecOf<"Model">);
  if (kind === "vendor") return vendorChange(before as SpecOf<"Vendor">, after as SpecOf<"Vendor">);
  if (kind === "tool" && irreversible(after as SpecOf<"Tool">) && !irreversible(before as SpecOf<"Tool">)) return { trigger: "irreversible-effect", what: "a new irreversible effect" };
  if (kind === "dataset" && aboveBoundary(after as SpecOf<"Dataset">, system) && !aboveBoundary(before as SpecOf<"Dataset">, system)) return { trigger: "data-above-boundary", what: "data above the boundary" };
  if (kind === "tool" || kind === "mcp-server") return { trigger: "tool-definition", what: "its definition changes" };
  if (kind === "prompt") return { trigger: "prompt", what: "its template changes" };
  if (kind === "destination") return { trigger: "recipient", what: "its definition changes" };
  return { trigger: "definition", what: "its definition changes" };
}

function modelChange(before: SpecOf<"Model">, after: SpecOf<"Model">): Named {
  if (provider(before) !== provider(after)) return { trigger: "model-provider", what: "the model's provider changes" };
  if (before.upstream !== after.upstream || !isDeepStrictEqual(before.served, after.served)) return { trigger: "model-version", what: "another version serves" };
  if (before.region !== after.region) return { trigger: "region", what: "its region changes" };
  if (before.training !== after.training) return { trigger: "vendor-training", what: "training use changes" };
  if (lessVisible(before.visibility, after.visibility)) return { trigger: "logging", what: "less of it is logged" };
  return { trigger: "model-version", what: "its definition changes" };
}

function vendorChange(before: SpecOf<"Vendor">, after: SpecOf<"Vendor">): Named {
  if (lessVisible(before.visibility, after.visibility)) return { trigger: "logging", what: "less of it is logged" };
  if (before.training !== after.training) return { trigger: "vendor-training", what: "training use changes" };
  if (gained(before.regions ?? [], after.regions ?? [])) return { trigger: "vendor-region", what: "a new region" };
  if (!isDeepStrictEqual(before.subprocessors ?? [], after.subprocessors ?? [])) return { trigger: "vendor-sub-processor", what: "its sub-processors change" };
  return { trigger: "vendor-terms", what: "its terms change" };
}

function lessVisible(before: string | undefined, after: string | undefined): boolean {
  const order: readonly string[] = visibilities;
  return before !== undefined && after !== undefined && order.indexOf(after) < order.indexOf(before);
}

function aboveBoundary(dataset: SpecOf<"Dataset"> | undefined, system: AISystemSpec): boolean {
  if (!dataset || !system.boundary) return false;
  return sensitivityRank(dataset.sensitivity) > sensitivityRank(system.boundary.sensitivity);
}

/** Who serves a model: vendor, wire protocol, host of the endpoint. */
function provider(spec: SpecOf<"Model">): string {
  return JSON.stringify([spec.vendor ?? null, spec.host ?? null, spec.protocol, URL.parse(spec.endpoint)?.host ?? null]);
}

/** Pinned tools that nobody labelled have no spec: the worst effect, so a new one stops the system. */
function irreversible(spec: SpecOf<"Tool"> | undefined): boolean {
  if (!spec) return true;
  return ["pays", "executes", "deletes", "grants"].includes(spec.effect) && spec.reversible !== true;
}

function gained(before: readonly string[], after: readonly string[]): boolean {
  return after.some((item) => !before.includes(item));
}
