import { createHash } from "node:crypto";
import type { ModelFacts, SystemFacts, ToolFacts } from "@mandate/model";
import { compilePolicy, type PolicyDecisionPoint } from "@mandate/policy";
import { type VerificationKey, verificationKeys } from "./auth/jws.ts";
import { CredentialIndex } from "./credential-index.ts";
import type { Snapshot, UpstreamSecret } from "./snapshot.ts";
import { OutboundRule } from "./upstream/address.ts";

/** A snapshot ready for the hot path. Swapped whole: a call sees one version from first to last byte. */
export interface Compiled {
  readonly snapshot: Snapshot;
  readonly version: number;
  readonly policy: PolicyDecisionPoint;
  readonly systems: ReadonlyMap<string, SystemFacts>;
  readonly models: ReadonlyMap<string, ModelFacts>;
  /** By each name that models use for it. */
  readonly toolsByCalledName: ReadonlyMap<string, ToolFacts>;
  readonly tools: ReadonlyMap<string, ToolFacts>;
  readonly credentials: CredentialIndex;
  /** What signs access tokens here; null: none is accepted. */
  readonly accessTokens: CompiledTokenRules | null;
  readonly issuerKeys: ReadonlyMap<string, CompiledIssuerKeys>;
  readonly secrets: ReadonlyMap<string, UpstreamSecret>;
  readonly outbound: OutboundRule;
  /** Changes when pools must be rebuilt, so that a withdrawn address is not reached over an old connection. */
  readonly outboundKey: string;
}

export interface CompiledTokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: readonly VerificationKey[];
  readonly origins: readonly string[];
}

export interface CompiledIssuerKeys {
  readonly keys: readonly VerificationKey[];
  /** Epoch seconds. */
  readonly until: number;
}

/**
 * What is made of a part of a snapshot is made once for each such part: a change of one key among a hundred thousand
 * leaves the register as it was, and the other way round.
 */
function once<From extends object, Made>(make: (from: From) => Made): (from: From) => Made {
  const made = new WeakMap<From, { readonly value: Made }>();
  return (from) => {
    const known = made.get(from);
    if (known !== undefined) return known.value;
    const value = make(from);
    made.set(from, { value });
    return value;
  };
}

const policyOf = once((facts: Snapshot["facts"]): PolicyDecisionPoint => compilePolicy(facts));
const toolNamesOf = once(byCalledName);
const systemsOf = once((systems: readonly SystemFacts[]) => byName(systems));
function byCalledName(tools: readonly ToolFacts[]): ReadonlyMap<string, ToolFacts> {
  const toolsByCalledName = new Map<string, ToolFacts>();
  // A name that two tools answer to could run either: it is left out, and its calls are refused as unknown.
  const ambiguous = new Set<string>();
  for (const tool of tools) {
    for (const name of calledNames(tool)) {
      if (toolsByCalledName.has(name)) ambiguous.add(name);
      toolsByCalledName.set(name, tool);
    }
  }
  for (const name of ambiguous) toolsByCalledName.delete(name);
  return toolsByCalledName;
}

/** @param before what was compiled last: what stayed alike is taken over from it */
export function compileSnapshot(snapshot: Snapshot, before?: Compiled): Compiled {
  const { facts } = snapshot;
  return {
    snapshot,
    version: snapshot.version,
    policy: policyOf(facts),
    systems: systemsOf(facts.systems),
    models: byName(facts.models),
    toolsByCalledName: toolNamesOf(facts.tools),
    tools: byName(facts.tools),
    credentials: before?.credentials.following(snapshot.credentials) ?? new CredentialIndex(snapshot.credentials),
    accessTokens:
      snapshot.accessTokens === undefined
        ? null
        : { ...snapshot.accessTokens, keys: verificationKeys(snapshot.accessTokens.keys) },
    issuerKeys: new Map(
      (snapshot.issuerKeys ?? []).map(({ issuer, keys, until }) => [issuer, { keys: verificationKeys(keys), until }]),
    ),
    secrets: byName(snapshot.secrets),
    outbound: new OutboundRule(snapshot.outboundAllow),
    outboundKey: createHash("sha256").update(JSON.stringify(snapshot.outboundAllow)).digest("hex"),
  };
}

/** Behind the endpoint of all MCP servers a tool is `SERVER__NAME`, and so a model calls it. */
function calledNames({ name, names, server }: ToolFacts): ReadonlySet<string> {
  return new Set([name, ...names, ...(server === null ? [] : names.map((one) => `${server}__${one}`))]);
}

function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
