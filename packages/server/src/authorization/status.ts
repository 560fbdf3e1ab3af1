import type { AuthorizationState, AuthorizationType, ConditionDues, Lifecycle, OperatingStatus, RefusalCode, Tier } from "@mandate/model";

export interface StatusInputs {
  readonly halt: "suspended" | "retired" | null;
  readonly tier: Tier;
  /** What G1 lacks beside an authorization. */
  readonly missing: readonly string[];
  /** The one in force, or that was until it ended. */
  readonly authorization: { readonly type: AuthorizationType; readonly state: AuthorizationState; readonly starts: number; readonly ends: number } | null;
  readonly differences: readonly string[];
  /** Epoch seconds. */
  readonly reassessmentDue: number | null;
  /** Epoch seconds; absent or null: no seat is vacant. */
  readonly ownerVacantDue?: number | null;
  /** Epoch seconds from which an unmet condition bites. */
  readonly conditionDues?: ConditionDues | undefined;
}

export interface DerivedStatus {
  readonly lifecycle: Lifecycle;
  readonly status: OperatingStatus;
  readonly statusCode: RefusalCode | null;
}

/**
 * Pure: the one place where lifecycle, authorization and clock become what callers get. Every end is compared with
 * `now` here, so that no job has to run for something to end (G5).
 * @param now epoch seconds
 */
export function deriveStatus(inputs: StatusInputs, now: number): DerivedStatus {
  const lifecycle = inputs.halt ?? (inputs.authorization ? inputs.authorization.type : "proposed");
  const code = refusalFor(inputs, now);
  if (code !== null) return { lifecycle, status: "refused", statusCode: code };
  if (inputs.conditionDues?.restrict !== undefined && inputs.conditionDues.restrict <= now) return { lifecycle, status: "restricted", statusCode: "not_authorized" };
  if (inputs.differences.length > 0) return { lifecycle, status: "restricted", statusCode: "reassessment_required" };
  return { lifecycle, status: "operating", statusCode: null };
}

function refusalFor({ halt, tier, missing, authorization, reassessmentDue, ownerVacantDue = null, conditionDues = {} }: StatusInputs, now: number): RefusalCode | null {
  if (halt === "retired") return "system_retired";
  if (halt === "suspended") return "system_suspended";
  if (tier === "X") return "prohibited";
  if (ownerVacantDue !== null && ownerVacantDue <= now) return "system_suspended";
  if (missing.length > 0 || authorization === null) return "not_authorized";
  if (authorization.state === "reassessment_required") return "reassessment_required";
  if (authorization.state !== "granted" && authorization.state !== "granted_with_conditions") return "not_authorized";
  if (authorization.ends <= now) return "authorization_expired";
  if (authorization.starts > now) return "not_authorized";
  if (conditionDues.suspend !== undefined && conditionDues.suspend <= now) return "system_suspended";
  if (conditionDues.reassess !== undefined && conditionDues.reassess <= now) return "reassessment_required";
  if (reassessmentDue !== null && reassessmentDue <= now) return "reassessment_required";
  return null;
}

/** What G1 asks of the record itself, in manifest words. */
export function missingParts(spec: {
  readonly owners: { readonly business?: string | undefined; readonly technical?: string | undefined };
  readonly purposes: readonly unknown[];
  readonly boundary?: unknown;
}): string[] {
  const { business, technical } = spec.owners;
  return [
    ...(business === undefined ? ["owners.business"] : []),
    // One person in both seats answers to nobody.
    ...(technical === undefined || technical === business ? ["owners.technical"] : []),
    ...(spec.purposes.length === 0 ? ["purposes"] : []),
    ...(spec.boundary === undefined ? ["boundary"] : []),
  ];
}
