import { annexIvPoints } from "@mandate/model";
import type { AnnexIvPoint, Role } from "@mandate/model";
import type { MeasuredFacts, SystemFacts } from "../exports/facts.ts";

/** A document of the register, as it stood. */
export interface DocumentFacts {
  readonly name: string;
  readonly title: string;
  readonly type: string;
  readonly owner: string;
  readonly url: string | null;
  readonly sha256: string | null;
  readonly ends: string | null;
  readonly annex4: readonly AnnexIvPoint[];
}

/** Everything on record of one system that its technical file draws on. */
export interface TechnicalFileFacts {
  readonly system: SystemFacts;
  /** Who is what towards it: `provider Halden AG`. */
  readonly roles: readonly string[];
  readonly policies: readonly string[];
  readonly reassessAlsoWhen: readonly string[];
  readonly versions: readonly { readonly number: number; readonly digest: string; readonly createdAt: string }[];
  readonly documents: readonly DocumentFacts[];
  readonly risks: readonly { readonly name: string; readonly title: string; readonly treatment: string; readonly residual: string; readonly controls: readonly string[] }[];
  readonly evaluations: readonly { readonly name: string; readonly metric: string; readonly threshold: string; readonly score: number | null; readonly measured: string | null; readonly dataset: string | null }[];
  readonly reviews: readonly { readonly name: string; readonly from: string; readonly until: string; readonly sampled: number; readonly adverse: number }[];
  readonly trained: readonly { readonly person: string; readonly course: string; readonly ends: string | null }[];
  readonly measured: readonly Pick<MeasuredFacts, "control" | "outcome" | "at">[];
  /** RFC 3339: what has ended by then answers nothing. */
  readonly at: string;
}

export interface OutlinePoint {
  readonly point: AnnexIvPoint;
  readonly asks: string;
  readonly state: "recorded" | "in part" | "not recorded";
  readonly documents: readonly DocumentFacts[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** What is missing and who can give it; null where nothing is. */
  readonly gap: string | null;
  readonly owner: string;
}

interface Asked {
  readonly asks: string;
  readonly who: Role;
  /** What the register holds of it. A member that is empty counts as absent. */
  readonly facts?: (of: TechnicalFileFacts) => Readonly<Record<string, unknown>>;
  /** What the record can't say even where it says something; absent: the record answers it whole. */
  readonly lacks?: string;
}

const parts = (of: TechnicalFileFacts, ...kinds: readonly string[]) => of.system.parts.filter((part) => kinds.includes(part.kind)).map(({ kind, name, version, vendor, facts, sha256 }) => ({ kind, name, version, vendor, sha256, ...facts }));
const outcomes = (of: TechnicalFileFacts, ...families: readonly string[]) => of.measured.filter((one) => families.some((family) => one.control.startsWith(`${family}-`)));

/** In our words: what each point of Annex IV asks, what of it the record holds, and who gives the rest. */
const points: Readonly<Record<AnnexIvPoint, Asked>> = {
  "1a": { asks: "Intended purpose, provider, version and what it changes against earlier ones", who: "business-owner", facts: (of) => ({ purposes: of.system.purposes, notFor: of.system.prohibitedUses, roles: of.roles, version: of.system.version, versionDigest: of.system.versionDigest }), lacks: "The provider's name and address are a document's." },
  "1b": { asks: "How it works together with hardware and software that isn't part of it", who: "technical-owner", facts: (of) => ({ tools: parts(of, "tool"), destinations: parts(of, "destination"), agents: parts(of, "agent") }), lacks: "Only what passes the gateway is on record." },
  "1c": { asks: "Versions of the software and firmware it needs, and what updates require", who: "technical-owner", facts: (of) => ({ models: parts(of, "model"), prompts: parts(of, "prompt") }), lacks: "Libraries and firmware that run beside the gateway aren't known." },
  "1d": { asks: "The forms in which it is placed on the market or put into service", who: "business-owner" },
  "1e": { asks: "The hardware that it is meant to run on", who: "technical-owner" },
  "1f": { asks: "Where it is a component of a product: how that looks, is marked and laid out", who: "business-owner" },
  "1g": { asks: "The user interface given to the deployer", who: "technical-owner" },
  "1h": { asks: "Instructions for use for the deployer", who: "business-owner" },
  "2a": { asks: "How it was developed, and which trained systems or tools of others were used", who: "technical-owner", facts: (of) => ({ models: parts(of, "model") }), lacks: "The steps of development aren't recorded." },
  "2b": { asks: "Design specification: logic, key choices and assumptions, what it optimizes for", who: "technical-owner", facts: (of) => ({ prompts: parts(of, "prompt"), agents: parts(of, "agent"), policies: of.policies, autonomy: of.system.autonomy }), lacks: "Choices and assumptions aren't recorded." },
  "2c": { asks: "Architecture: how its parts build on each other, and the computing that it takes", who: "technical-owner", facts: (of) => ({ parts: of.system.parts.map((part) => `${part.kind}:${part.name}`), unresolved: of.system.unresolved }), lacks: "Computing resources aren't recorded." },
  "2d": { asks: "Data: where it comes from, scope, how it was obtained, labelled and cleaned", who: "technical-owner", facts: (of) => ({ datasets: parts(of, "dataset"), boundary: of.system.boundary }), lacks: "Where data comes from, how it was labelled and cleaned aren't recorded." },
  "2e": { asks: "Human oversight: what people need to see, understand and stop", who: "business-owner", facts: (of) => ({ owners: of.system.owners, policies: of.policies, trained: of.trained }), lacks: "Why this oversight is enough isn't recorded." },
  "2f": { asks: "Changes that were determined beforehand, and what keeps it in line through them", who: "technical-owner", facts: (of) => ({ servedModels: parts(of, "model").map(({ name, ...rest }) => ({ name, served: (rest as { served?: string }).served ?? null })), reassessAlsoWhen: of.reassessAlsoWhen }), lacks: "Other changes are decided one by one, in reassessments." },
  "2g": { asks: "Validation and testing: data used, metrics, test logs and reports, dated and signed", who: "technical-owner", facts: (of) => ({ evaluations: of.evaluations }), lacks: "Reports signed by those responsible aren't recorded." },
  "2h": { asks: "Cybersecurity measures", who: "security-reviewer", facts: (of) => ({ measured: outcomes(of, "RT", "NHI", "LOG") }), lacks: "Measures outside this product aren't recorded." },
  "3": { asks: "Monitoring, functioning and control: capabilities, limits, foreseeable side effects, oversight", who: "technical-owner", facts: (of) => ({ evaluations: of.evaluations, reviews: of.reviews, measured: outcomes(of, "OVS", "DATA") }), lacks: "Foreseeable unintended outcomes are a document's." },
  "4": { asks: "Why the performance metrics fit it", who: "technical-owner", facts: (of) => ({ metrics: of.evaluations.map(({ metric, threshold }) => ({ metric, threshold })) }), lacks: "Why these metrics fit isn't recorded." },
  "5": { asks: "The risk management system", who: "business-owner", facts: (of) => ({ risks: of.risks }) },
  "6": { asks: "Changes that the provider made through its life", who: "technical-owner", facts: (of) => ({ versions: of.versions }) },
  "7": { asks: "Harmonised standards applied, or what was done in their place", who: "legal-reviewer" },
  "8": { asks: "A copy of the EU declaration of conformity", who: "legal-reviewer" },
  "9": { asks: "How it is watched after it is on the market, with the plan for that", who: "business-owner", facts: (of) => ({ reviews: of.reviews }), lacks: "The monitoring plan is a document's." },
};

/**
 * The outline of a system's technical file (Regulation (EU) 2024/1689, Article 11 and Annex IV): what the record holds of each
 * point, and what nobody recorded, with whoever can give it. It says nothing of whether what is recorded is enough.
 */
export function annexIvOutline(of: TechnicalFileFacts): readonly OutlinePoint[] {
  return annexIvPoints.map((point) => {
    const { asks, who, facts: read, lacks } = points[point];
    const documents = of.documents.filter((one) => one.annex4.includes(point));
    const current = documents.filter((one) => one.ends === null || Date.parse(one.ends) > Date.parse(of.at));
    const facts = Object.fromEntries(Object.entries(read?.(of) ?? {}).filter(([, value]) => !isEmpty(value)));
    const owner = ownerWords(who, of.system);
    const isHeld = Object.keys(facts).length > 0;
    const state = current.length > 0 || (isHeld && lacks === undefined) ? "recorded" : isHeld ? "in part" : "not recorded";
    const ended = documents.length > current.length ? " A document of it has ended." : "";
    const gap = state === "recorded" ? null : `${state === "in part" ? lacks : "not recorded"}: owner ${owner}.${ended}`.replace(".:", ":");
    return { point, asks, state, documents, facts, gap, owner };
  });
}

/** Whom to ask: somebody by name where a seat is taken, else the role. */
export function ownerWords(who: Role, { owners }: Pick<SystemFacts, "owners">): string {
  const words = who.replaceAll("-", " ");
  const email = who === "business-owner" ? owners.business : who === "technical-owner" ? owners.technical : undefined;
  return email === undefined ? words : email === null ? `${words}, a seat that is vacant` : `${email} (${words})`;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
