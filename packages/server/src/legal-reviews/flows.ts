import { dataArea, regionWithin } from "@mandate/policy";
import type { Tx } from "../database/index.ts";
import type { Register } from "../registry/index.ts";
import { listReviews, refusedFlows, regionOf } from "./reviews.ts";

export interface Flow {
  /** `destination:NAME`, `model:NAME`, `tool:NAME`. */
  readonly target: string;
  readonly region: string;
  /** Where the data it could carry lies. */
  readonly from: readonly string[];
}

/** Whose flows: what the version uses, inside which boundary. */
export interface FlowSubject {
  readonly system: string;
  readonly regions: readonly string[];
  readonly grants: { readonly models: readonly string[]; readonly tools: readonly string[]; readonly datasets: readonly string[]; readonly destinations: readonly string[] };
}

/**
 * Flows that what is granted makes possible: a target in another region than the data, by the reading that decides calls.
 * A target outside the boundary is left out: nothing reaches it, reviewed or not.
 */
export function declaredFlows(register: Register, { regions, grants }: FlowSubject): readonly Flow[] {
  const data = [...new Set(grants.datasets.flatMap((name) => register.get("Dataset", name)?.spec.region ?? []))].filter((region) => regionWithin(region, regions));
  const targets = [...grants.models.map((name) => `model:${name}`), ...grants.tools.map((name) => `tool:${name}`), ...grants.destinations.map((name) => `destination:${name}`)];
  return targets.flatMap((target): Flow[] => {
    const region = regionOf(register, target);
    if (region === undefined || !regionWithin(region, regions)) return [];
    const from = data.filter((one) => !regionWithin(region, dataArea([one], regions)));
    return from.length === 0 ? [] : [{ target, region, from }];
  });
}

export interface FlowDecisions {
  /** In words: who decided what. */
  readonly decided: readonly string[];
  readonly undecided: readonly string[];
}

/** What a legal reviewer has decided of a system's flows, declared ones and those that calls were refused for. */
export async function flowDecisions(tx: Tx, org: string, register: Register, subject: FlowSubject, nowMs: number): Promise<FlowDecisions> {
  const reviews = (await listReviews(tx, org, nowMs, { limit: 2000, system: subject.system }));
  const declared = declaredFlows(register, subject);
  const known = new Set(declared.map((one) => one.target));
  const granted = new Set([...subject.grants.models.map((name) => `model:${name}`), ...subject.grants.tools.map((name) => `tool:${name}`), ...subject.grants.destinations.map((name) => `destination:${name}`)]);
  const tried = (await refusedFlows(tx, org, nowMs)).filter((one) => one.system === subject.system && granted.has(one.target) && !known.has(one.target));
  const decided: string[] = [];
  const undecided: string[] = [];
  for (const { target, region, from } of declared) {
    const covers = reviews.filter((one) => one.target === target && one.region === region && from.every((place) => regionWithin(place, one.from)));
    const standing = covers.find((one) => one.state === "allowed" || one.state === "refused");
    const words = `${target}, from ${from.join(", ")} to ${region}`;
    if (standing !== undefined) decided.push(`${words}: ${standing.state}${standing.state === "allowed" ? ` until ${standing.ends.slice(0, 10)}` : ""} by ${standing.reviewer ?? "a reviewer"}.`);
    else undecided.push(`${words}${covers.some((one) => one.state === "asked") ? " waits for the reviewer" : ""}.`);
  }
  for (const { target, calls } of tried) {
    const refused = reviews.some((one) => one.target === target && one.state === "refused");
    if (!refused) undecided.push(`${target}: ${calls} calls of the last 30 days were refused for it.`);
  }
  for (const one of reviews) if (one.state === "asked" && granted.has(one.target) && !known.has(one.target)) undecided.push(`${one.target}, to ${one.region} waits for the reviewer.`);
  return { decided, undecided };
}
