import { type RegisterFacts, sensitivityRank, type SystemFacts } from "@mandate/model";
import type { Scene } from "./scene.ts";
import { emptySet, type SetTerm, type Term } from "./terms.ts";

/**
 * Wishes for an example, never conditions of a proof: a call that somebody recognises shows more than one that is only
 * possible. The system as it is registered, and the thing called likewise.
 */
export function pinsOf(scene: Scene, system: SystemFacts | undefined, facts: RegisterFacts): readonly Term[] {
  const { terms, slots, texts } = scene;
  if (system === undefined) return ["principal.name", "principal.businessOwner", "principal.technicalOwner", "principal.versionDigest"].map((path) => texts.isOther(slots.text(path)));
  const text = (path: string, value: string): Term => terms.equal(slots.text(path), texts.code(value));
  const maybe = (path: string, value: string | null): Term => (value === null ? terms.not(slots.bool(`${path}?`)) : terms.and(slots.bool(`${path}?`), text(path, value)));
  const set = (path: string, values: readonly string[]): Term => terms.sameSet(slots.set(path), values.reduce<SetTerm>((all, value) => terms.with(all, texts.code(value), "true"), emptySet));
  const rank = (path: string, value: Parameters<typeof sensitivityRank>[0]): Term => terms.equal(slots.long(path), `${Math.max(0, sensitivityRank(value))}`);
  const wishes = [
    text("principal.name", system.name),
    terms.and(text("principal.tier", system.tier), text("principal.audience", system.audience), text("principal.autonomy", system.autonomy), maybe("principal.unit", system.unit)),
    terms.and(set("principal.purposes", system.purposes), set("principal.environments", system.environments)),
    terms.and(rank("principal.sensitivity", system.boundary.sensitivity), set("principal.classes", system.boundary.classes), text("principal.training", system.boundary.training)),
    text("principal.lifecycle", system.lifecycle),
    terms.and(maybe("principal.businessOwner", system.owners.business), maybe("principal.technicalOwner", system.owners.technical)),
  ];
  const { action, named } = scene.target;
  const tool = action === "tool.call" ? facts.tools.find((one) => one.name === named) : undefined;
  const model = action === "model.call" ? facts.models.find((one) => one.name === named) : undefined;
  const destination = action === "data.export" ? facts.destinations.find((one) => one.name === named) : undefined;
  if (tool !== undefined) wishes.push(terms.and(text("resource.effect", tool.effect), text("resource.output", tool.output)), maybe("resource.parent", tool.server));
  if (model !== undefined) wishes.push(terms.and(text("resource.training", model.training), rank("resource.maxSensitivity", model.maxSensitivity)), maybe("resource.parent", model.vendor));
  if (destination !== undefined) wishes.push(terms.and(set("resource.classes", destination.classes), rank("resource.maxSensitivity", destination.maxSensitivity), set("resource.purposes", destination.purposes)), maybe("resource.parent", destination.vendor));
  return wishes;
}

/** Nothing out of the ordinary that doesn't matter. */
export function plainest(scene: Scene, nowSeconds: number): readonly Term[] {
  const { terms, slots, texts, regions } = scene;
  const wishes = [
    terms.equal(slots.long("now"), `${nowSeconds}`),
    terms.and(terms.not(slots.bool("labels.untrusted")), terms.equal(slots.long("labels.sensitivity"), "0"), terms.isEmpty(slots.set("labels.classes")), terms.not(slots.bool("labels.purposes?"))),
    terms.and(terms.isEmpty(slots.set("principal.differences")), terms.isEmpty(slots.set("principal.missing"))),
    regions.none(regions.chosen("labels.residency")),
    terms.isEmpty(slots.set("data.classes")),
    terms.not(slots.bool("data.region?")),
    terms.not(slots.bool("data.sensitivity?")),
  ];
  if (scene.target.action === "tool.call") wishes.push(terms.not(slots.bool("returns?")), terms.not(slots.bool("resource.region?")));
  // arguments that a rule reads are shown rather than left out, and small numbers read better than large ones
  for (const [path, { sort, term, isText }] of slots.all) {
    if (!path.startsWith("input.") || path.endsWith("#kind")) continue;
    if (sort === "Bool" && path.endsWith("?")) wishes.push(term);
    else if (isText) wishes.push(texts.isOther(term));
    else if (sort === "Int" && !path.includes("#")) wishes.push(terms.within(term, 0, 10_000_000));
  }
  return wishes.slice(0, 24);
}
