import { readFileSync } from "node:fs";
import type { StreamMode, Tier, TierParameters, Visibility } from "@mandate/model";
import { parse } from "yaml";
import { tightened } from "./own-rules.ts";
import type { OwnTierRules } from "./own-rules.ts";

type GrantedTier = Exclude<Tier, "X">;
type PerTier<T> = Readonly<Record<GrantedTier, T>>;

interface TierFile {
  readonly tiers: readonly { readonly id: Tier; readonly title: string; readonly meaning: string }[];
  readonly flags: readonly { readonly id: string; readonly when: string; readonly adds: readonly string[] }[];
  readonly inputs: { readonly asked: readonly { readonly id: string; readonly q: string }[]; readonly derived: readonly { readonly id: string; readonly from: string }[] };
  readonly rules: readonly { readonly id: string; readonly if: string; readonly then: Tier; readonly cite: readonly string[]; readonly own?: boolean }[];
  readonly before_production: PerTier<{ readonly pilot_days: number; readonly review_days: number; readonly credential_max_days: number; readonly log: string }>;
  readonly parameters: {
    readonly staleness_seconds: PerTier<number>;
    readonly stream_mode: PerTier<StreamMode>;
    readonly unlisted_field: PerTier<string>;
    readonly authorization_max_days: PerTier<number>;
    readonly pilot_caps_per_day: PerTier<{ readonly calls: number; readonly tokens: number; readonly euros: number; readonly people: number }>;
    readonly visibility_min: PerTier<Visibility>;
    readonly pilot_extensions_max: PerTier<number>;
    readonly owner_vacancy_grace_days: PerTier<number>;
    readonly discovery_triage_days: PerTier<number>;
    readonly exception_max_days: PerTier<number>;
    readonly reminder_days: readonly number[];
    readonly log_metadata_days_min: PerTier<number>;
    readonly log_content_days_min: PerTier<number>;
    readonly gateway_keys_in_production: PerTier<string | boolean>;
  };
}

const file = parse(readFileSync(new URL("../../data/risk-tiers.yaml", import.meta.url), "utf8")) as TierFile;

export interface TierRule {
  readonly id: string;
  readonly condition: string;
  readonly tier: Tier;
  readonly citations: readonly string[];
  /** Our own rule rather than one drawn from a framework. */
  readonly own: boolean;
}

export const tierRules: readonly TierRule[] = file.rules.map((rule) => ({ id: rule.id, condition: rule.if, tier: rule.then, citations: rule.cite, own: rule.own ?? false }));

/** The input is computed from the record or from traffic; all others only a person can know. */
export const derivedInputs: ReadonlyMap<string, string> = new Map(file.inputs.derived.map((input) => [input.id, input.from]));
export const askedInputs: ReadonlyMap<string, string> = new Map(file.inputs.asked.map((input) => [input.id, input.q]));

/** Carried beside the tier; several may hold. */
export interface TierFlag {
  readonly id: string;
  readonly when: string;
  /** Controls and articles that it adds. */
  readonly adds: readonly string[];
}
export const tierFlags: readonly TierFlag[] = file.flags;

/** INVARIANT: neither an override nor an organization's own rules go below one of these. */
export function citesLaw(citations: readonly string[]): boolean {
  return citations.some((citation) => /^ART-[56](?:\.|$)/.test(citation));
}

/** What a tier sets: at run time (`runtime`) and in the life of an authorization. */
export interface TierTerms {
  readonly runtime: TierParameters;
  readonly pilotDays: number;
  readonly pilotExtensionsMax: number;
  readonly pilotCaps: { readonly calls: number; readonly tokens: number; readonly euros: string; readonly people: number };
  /** Who starts a pilot: nobody but the registration, the business owner, or an authorizing official. */
  readonly pilotGrantedBy: "registration" | "business-owner" | "authorizing-official" | "nobody";
  readonly authorizationMaxDays: number;
  readonly reviewDays: number;
  readonly credentialMaxDays: number;
  readonly visibilityMin: Visibility;
  /** Days from the day a seat falls vacant to suspension. */
  readonly ownerVacancyGraceDays: number;
  /** Days within which what is found wrong is settled. */
  readonly triageDays: number;
  /** Days an exception lasts at most. */
  readonly exceptionMaxDays: number;
  /** Days that sealed content is kept at least, whatever a boundary asks. */
  readonly contentDaysMin: number;
}

/** Days before an end on which people are told, longest first. */
export const reminderDays: readonly number[] = file.parameters.reminder_days;

const pilotGrantedBy = { T0: "registration", T1: "registration", T2: "business-owner", T3: "authorizing-official", X: "nobody" } as const;

/** T0 and T1 run on for 14 days after an unlisted served model is first seen, T2 and T3 not at all (SPEC 2). */
const unlistedServedModelGraceDays = { T0: 14, T1: 14, T2: 0, T3: 0 } as const;

/** Terms of a tier. X gets no day and no call; what is left of it is the strictest tier's. An organization's own only tighten. */
export function tierTerms(tier: Tier, own?: OwnTierRules): TierTerms {
  const terms = catalogTerms(tier);
  return own === undefined || tier === "X" ? terms : tightened(terms, own.parameters[tier] ?? {});
}

function catalogTerms(tier: Tier): TierTerms {
  const key: GrantedTier = tier === "X" ? "T3" : tier;
  const { parameters } = file;
  const before = file.before_production[key];
  const caps = parameters.pilot_caps_per_day[key];
  const none = tier === "X";
  return {
    runtime: {
      stalenessSeconds: parameters.staleness_seconds[key],
      streamMode: parameters.stream_mode[key],
      unlistedField: parameters.unlisted_field[key].startsWith("pass") ? "pass" : "refuse",
      unlistedServedModelGraceDays: unlistedServedModelGraceDays[key],
      logDetail: before.log.startsWith("full") ? "full" : before.log.includes("redacted") ? "redacted" : "metadata",
      gatewayKeysInProduction: parameters.gateway_keys_in_production[key] === true || parameters.gateway_keys_in_production[key] === "yes",
      retentionDays: parameters.log_metadata_days_min[key],
    },
    pilotDays: none ? 0 : before.pilot_days,
    pilotExtensionsMax: none ? 0 : parameters.pilot_extensions_max[key],
    pilotCaps: { calls: none ? 0 : caps.calls, tokens: none ? 0 : caps.tokens, euros: String(none ? 0 : caps.euros), people: none ? 0 : caps.people },
    pilotGrantedBy: pilotGrantedBy[tier],
    authorizationMaxDays: none ? 0 : parameters.authorization_max_days[key],
    reviewDays: before.review_days,
    credentialMaxDays: before.credential_max_days,
    visibilityMin: parameters.visibility_min[key],
    ownerVacancyGraceDays: none ? 0 : parameters.owner_vacancy_grace_days[key],
    triageDays: parameters.discovery_triage_days[key],
    exceptionMaxDays: none ? 0 : parameters.exception_max_days[key],
    contentDaysMin: parameters.log_content_days_min[key],
  };
}
