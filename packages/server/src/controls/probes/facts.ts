import { createHash, hkdfSync } from "node:crypto";
import { probeKeyPrefix, unloggedProbe } from "@mandate/gateway";
import { probePrefix } from "@mandate/model";
import type { CredentialFacts, ModelFacts, RegisterFacts, SystemFacts, ToolFacts } from "@mandate/model";

/**
 * Systems, keys, a tool and a model that exist only to be refused, so that the refusal is seen at the running gateway.
 *
 * INVARIANT: nothing here can be allowed. The one model lies in no region, which every boundary refuses; the one tool is
 * never as it was pinned; no system holds anything else. INVARIANT: their names can't be registered (`probePrefix`), so a
 * real system can't hide among them, and their keys are derived where they are used and leave this process only as a
 * request to its own listener, or on the control stream of a gateway that is to call itself. Whoever got one could be refused
 * with it.
 */
const name = (what: string): string => `${probePrefix}${what}`;
export const probeModel = name("model");
export const probeTool = name("tool");

const digest = "0".repeat(64);
/** Past and future of every probe, epoch seconds. They are the same at every start, so that a snapshot stays itself. */
const longAgo = 0;
const farAhead = 4_102_444_800;

function system(what: string, changes: Partial<SystemFacts> = {}): SystemFacts {
  return {
    name: name(what), title: `Probe (${what})`, unit: null, tier: "T0", lifecycle: "pilot", status: "operating", statusCode: null, missing: [],
    owners: { business: "business@probe.invalid", technical: "technical@probe.invalid" }, purposes: ["probe"], audience: "internal", autonomy: "suggests", environments: ["probe"],
    boundary: { sensitivity: "internal", classes: [], regions: ["PROBE"], training: "never" },
    grants: { models: [probeModel], tools: [probeTool], datasets: [], prompts: [], destinations: [] }, differences: [],
    authorization: { id: name("authorization"), number: 1, type: "pilot", state: "granted", versionDigest: digest, starts: longAgo, ends: farAhead }, versionDigest: digest,
    parameters: { stalenessSeconds: 300, streamMode: "full", unlistedField: "refuse", unlistedServedModelGraceDays: 0, logDetail: "metadata", gatewayKeysInProduction: true, retentionDays: 30 },
    limits: { callsPerDay: null, tokensPerDay: null, eurosPerDay: null, eurosPerMonth: null, peoplePerDay: null, callsPerMinute: null },
    session: { user: "none", issuers: [], claims: [], userChannel: "clean" }, policies: [], reassessmentDue: null,
    ...changes,
  };
}

const granted = system("open").authorization!;
const keyless = system("keyless");

const systems: readonly SystemFacts[] = [
  system("open"),
  system("ended", { authorization: { ...granted, ends: longAgo + 1 } }),
  system("unapproved", { lifecycle: "production" }),
  system("retired", { lifecycle: "retired", status: "refused", statusCode: "system_retired" }),
  system("suspended", { lifecycle: "suspended", status: "refused", statusCode: "system_suspended" }),
  system("prohibited", { tier: "X", status: "refused", statusCode: "prohibited" }),
  // Older than this is every confirmation, the newest included.
  system("stale", { parameters: { ...keyless.parameters, stalenessSeconds: -1 } }),
  { ...keyless, tier: "T3", lifecycle: "production", authorization: { ...granted, type: "production" }, parameters: { ...keyless.parameters, gatewayKeysInProduction: false } },
  system(unloggedProbe.slice(probePrefix.length)),
];

const model: ModelFacts = {
  name: probeModel, vendor: null, protocol: "openai", endpoint: "https://probe.invalid/v1", upstream: probeModel, served: [], credential: null,
  region: null, training: "never", maxSensitivity: "restricted", visibility: "full", fallback: false,
};
const tool: ToolFacts = {
  name: probeTool, names: [probeTool], server: null, effect: "reads", reversible: true, critical: [], recipients: "caller", recipientsFrom: [], output: "trusted",
  input: null, pinned: digest, changed: true, hosted: false, region: null, returns: null,
};

/** Before the others, because what is last of a tier stands for its staleness bound. */
export function withProbes(facts: RegisterFacts): RegisterFacts {
  return { ...facts, systems: [...systems, ...facts.systems], models: [...facts.models, model], tools: [...facts.tools, tool] };
}

/** One key a system, and three that are wrong by themselves. */
export function probeCredentials(masterKey: Uint8Array, org: string): readonly CredentialFacts[] {
  const one = (what: string, of: string | null, state: CredentialFacts["state"], notAfter: number): CredentialFacts => ({
    id: name(what), keyHash: createHash("sha256").update(probeKey(masterKey, org, what)).digest("hex"), name: what, system: of, state, notAfter, kind: "gateway-key", accountable: "technical@probe.invalid", purposes: [], scope: [],
  });
  return [
    ...systems.map((of) => one(of.name.slice(probePrefix.length), of.name, "active", farAhead)),
    one("expired", name("open"), "active", longAgo + 1),
    one("revoked", name("open"), "revoked", farAhead),
    one("nowhere", null, "active", farAhead),
  ];
}

/** Derived where it is used: stored nowhere. */
export function probeKey(masterKey: Uint8Array, org: string, what: string): string {
  return `${probeKeyPrefix}${Buffer.from(hkdfSync("sha256", masterKey, org, `mandate.probe-key/1/${what}`, 32)).toString("base64url")}`;
}
