import type { EntityKind, RegisterFacts, SpecOf, SystemFacts } from "@mandate/model";
import type { ManifestObject } from "@mandate/model/manifest";
import { compileRules, type PolicyProblem } from "@mandate/policy";

/**
 * What manifests say, as the policy engine reads it: enough to run the tests written in policies on this machine. State
 * that only the register knows (authorizations, pins, owners) is replaced by the test runner's granted system.
 */
export function factsOfManifests(objects: readonly ManifestObject[]): {
  readonly facts: RegisterFacts;
  readonly problems: readonly PolicyProblem[];
} {
  const problems: PolicyProblem[] = [];
  const policies = of(objects, "Policy").map(({ name, spec }) => {
    if (spec.rules === undefined) return { name, version: 1, cedar: spec.cedar ?? "" };
    const compiled = compileRules(name, spec.rules);
    problems.push(...compiled.problems);
    return { name, version: 1, cedar: compiled.cedar };
  });
  const facts: RegisterFacts = {
    systems: of(objects, "AISystem").map(({ name, spec }) => systemFacts(name, spec)),
    models: of(objects, "Model").map(({ name, spec }) => ({
      name,
      vendor: nameIn(spec.vendor),
      protocol: spec.protocol,
      endpoint: spec.endpoint,
      upstream: spec.upstream ?? name,
      served: spec.served ?? [spec.upstream ?? name],
      credential: nameIn(spec.credential),
      region: spec.region ?? null,
      training: spec.training,
      maxSensitivity: spec.maxSensitivity,
      visibility: spec.visibility ?? "none",
      fallback: spec.role === "fallback",
    })),
    tools: of(objects, "Tool").map(({ name, spec }) => ({
      name,
      names: spec.names ?? [name],
      server: nameIn(spec.server),
      effect: spec.effect,
      reversible: spec.reversible === true,
      critical: spec.critical ?? [],
      recipients: spec.recipients ?? null,
      recipientsFrom: spec.recipientsFrom ?? [],
      output: spec.output,
      ...(spec.extracts === undefined ? {} : { extracts: spec.extracts }),
      input: spec.input ?? null,
      // A test of a rule is not a test of a pin: the tool counts as it is written here.
      pinned: null,
      changed: false,
      hosted: name.startsWith("hosted."),
      region: spec.region ?? null,
      returns: nameIn(spec.returns),
    })),
    mcpServers: of(objects, "McpServer").map(({ name, spec }) => ({
      name,
      url: spec.url ?? null,
      vendor: nameIn(spec.vendor),
      region: spec.region ?? null,
      credential: nameIn(spec.credential),
    })),
    datasets: of(objects, "Dataset").map(({ name, spec }) => ({
      name,
      sensitivity: spec.sensitivity,
      classes: spec.classes,
      region: spec.region ?? null,
      purposes: spec.purposes ?? [],
    })),
    destinations: of(objects, "Destination").map(({ name, spec }) => ({
      name,
      kind: spec.kind,
      vendor: nameIn(spec.vendor),
      region: spec.region ?? null,
      classes: spec.classes,
      maxSensitivity: spec.maxSensitivity,
      purposes: spec.purposes,
    })),
    vendors: of(objects, "Vendor").map(({ name, spec }) => ({ name, visibility: spec.visibility, contractEnds: null })),
    groups: of(objects, "Group").map(({ name, spec }) => ({ name, members: spec.members })),
    policies,
    externals: of(objects, "Entity").map(({ name, spec }) => ({ name, type: spec.type, properties: spec.properties })),
  };
  return { facts, problems };
}

function of<K extends EntityKind>(
  objects: readonly ManifestObject[],
  kind: K,
): readonly { readonly name: string; readonly spec: SpecOf<K> }[] {
  return objects.filter((object) => object.kind === kind).map(({ name, spec }) => ({ name, spec: spec as SpecOf<K> }));
}

function nameIn(reference: string | undefined): string | null {
  return reference === undefined ? null : reference.slice(reference.indexOf(":") + 1);
}

function names(references: readonly string[]): readonly string[] {
  return references.map((reference) => nameIn(reference) ?? reference);
}

function systemFacts(name: string, spec: SpecOf<"AISystem">): SystemFacts {
  const { boundary, uses, session } = spec;
  return {
    name,
    title: spec.title ?? name,
    unit: null,
    tier: "T2",
    lifecycle: "pilot",
    status: "operating",
    statusCode: null,
    missing: [],
    owners: { business: spec.owners.business ?? null, technical: spec.owners.technical ?? null },
    purposes: spec.purposes.map((purpose) => purpose.id),
    audience: spec.audience,
    autonomy: spec.autonomy,
    environments: spec.environments,
    boundary: {
      sensitivity: boundary?.sensitivity ?? "public",
      classes: boundary?.classes ?? [],
      regions: boundary?.regions ?? [],
      training: boundary?.training ?? "never",
    },
    grants: {
      models: names(uses.models),
      tools: names(uses.tools),
      datasets: names(uses.datasets),
      prompts: names(uses.prompts),
      destinations: names(uses.destinations),
    },
    differences: [],
    authorization: null,
    versionDigest: "manifest",
    parameters: {
      stalenessSeconds: 30,
      streamMode: "window",
      unlistedField: "refuse",
      unlistedServedModelGraceDays: 0,
      logDetail: "full",
      gatewayKeysInProduction: true,
      retentionDays: 1,
    },
    limits: {
      callsPerDay: null,
      tokensPerDay: null,
      eurosPerDay: null,
      eurosPerMonth: null,
      peoplePerDay: null,
      callsPerMinute: null,
    },
    session: {
      user: session?.user ?? "none",
      issuers: session?.issuers ?? [],
      claims: session?.claims ?? [],
      userChannel: session?.userChannel ?? "mixed",
    },
    policies: names(spec.policies),
    reassessmentDue: null,
  };
}
