import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { CredentialFacts, SystemFacts } from "@mandate/model";
import type { Compiled, CompiledTokenRules } from "../compiled.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { looksLikeJwt, readAccessToken, type TokenUse } from "./access-token.ts";
import { dpopAlgorithms, type ProofBook, verifyProof } from "./dpop.ts";
import { leewaySeconds } from "./jws.ts";

/** A credential as this call may use it: an access token has narrowed it already. */
export interface CallingCredential extends CredentialFacts {
  readonly token?: TokenUse;
}

export type Caller =
  | { readonly known: false; readonly refusal: Refusal }
  /** `refusal` set: the caller is known, so the refusal is recorded. */
  | {
      readonly known: true;
      readonly credential: CallingCredential;
      readonly system: SystemFacts | null;
      readonly refusal: Refusal | null;
    };

/** The parts of a request that say who calls. */
export interface CallHead extends Pick<IncomingMessage, "headers" | "method" | "url"> {
  readonly socket: Pick<Socket, "localPort">;
}

const maxKeyLength = 512;
const maxTokenLength = 8_192;

/**
 * Who calls. A system's state is answered before its credential's, so that a suspended system's owner learns of the
 * suspension whatever became of the key with it.
 */
export function authenticate(compiled: Compiled, req: CallHead, nowSeconds: number, proofs: ProofBook): Caller {
  const presented = presentedKey(req.headers);
  if (presented === undefined) {
    return {
      known: false,
      refusal: refuse(
        "credential_unknown",
        "The call carries no key.",
        "Send the system's gateway key as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.",
      ),
    };
  }
  if (looksLikeJwt(presented.text)) return byToken(compiled, presented, req, nowSeconds, proofs);
  const credential = presented.bound ? undefined : compiled.credentials.ofKey(hash("sha256", presented.text, "hex"));
  if (credential === undefined) {
    return {
      known: false,
      refusal: refuse("credential_unknown", "The key is not one of this installation's.", {
        text: "Create one for a registered system.",
        command: "mandate credential create --system NAME",
      }),
    };
  }
  const system = credential.system === null ? null : (compiled.systems.get(credential.system) ?? null);
  return { known: true, credential, system, refusal: stateRefusal(credential, system, nowSeconds, null) };
}

interface Presented {
  readonly text: string;
  /** Sent as `Authorization: DPoP`. */
  readonly bound: boolean;
}

/** The token names a credential; what the snapshot says of that credential now decides, not what the token once said. */
function byToken(
  compiled: Compiled,
  presented: Presented,
  req: CallHead,
  nowSeconds: number,
  proofs: ProofBook,
): Caller {
  const rules = compiled.accessTokens;
  const use = rules === null ? undefined : readAccessToken(presented.text, rules, nowSeconds);
  const named = use === undefined ? undefined : compiled.credentials.ofId(use.chain[0]!);
  if (rules === null || use === undefined || named === undefined || named.kind === "gateway-key")
    return { known: false, refusal: unknownToken };
  const system = named.system === null ? null : (compiled.systems.get(named.system) ?? null);
  const scope = named.scope.length === 0 ? use.scope : use.scope.filter((action) => named.scope.includes(action));
  const purposes = named.purposes.length === 0 ? use.purposes : use.purposes.length === 0 ? named.purposes : use.purposes.filter((id) => named.purposes.includes(id));
  const credential: CallingCredential = { ...named, scope, purposes, token: use };
  const tokenRefusal = (): Refusal | null => {
    if (use.expiresAt + leewaySeconds <= nowSeconds) return tokenEnded;
    const bad = proofRefusal(use, presented, req, rules, nowSeconds, proofs);
    if (bad !== null) return bad;
    // An empty list means "all" further on, so a token that was narrowed to nothing ends here.
    if (scope.length === 0 || (purposes.length === 0 && use.purposes.length > 0))
      return refuse(
        "not_granted",
        "The credential no longer covers what its token was issued for.",
        "Ask the token endpoint for a token with today's scope.",
        "credential.scope",
      );
    return chainRefusal(compiled, use, named, nowSeconds);
  };
  return { known: true, credential, system, refusal: stateRefusal(credential, system, nowSeconds, tokenRefusal) };
}

const unknownToken: Refusal = {
  ...refuse("credential_unknown", "The access token is not one of this installation's, or not for this gateway.", {
    text: "Ask the token endpoint for one with audience of this gateway.",
    url: "/.well-known/oauth-authorization-server",
  }),
  challenge: `Bearer error="invalid_token", DPoP error="invalid_token", algs="${dpopAlgorithms}"`,
};

const tokenEnded: Refusal = {
  ...refuse(
    "credential_expired",
    "The access token has passed its end.",
    "Ask the token endpoint for another; it takes one request.",
    "access_token",
  ),
  challenge: 'Bearer error="invalid_token", error_description="expired"',
};

/** RFC 9449 §7: a bound token counts only with a proof of its key, and a token that isn't bound never as a bound one. */
function proofRefusal(
  use: TokenUse,
  presented: Presented,
  req: CallHead,
  rules: CompiledTokenRules,
  nowSeconds: number,
  proofs: ProofBook,
): Refusal | null {
  const refused = (error: string, why: string): Refusal => ({
    ...refuse(
      "credential_unknown",
      `The call does not prove that it holds the key of its access token: ${why}.`,
      "Send `Authorization: DPoP TOKEN` and a fresh `DPoP` proof made with the token's key.",
      "dpop",
    ),
    challenge: `DPoP error="${error}", algs="${dpopAlgorithms}"`,
  });
  if (use.jkt === null) return presented.bound ? refused("invalid_token", "the token is bound to no key") : null;
  if (!presented.bound) return refused("invalid_token", "the token was sent as a plain bearer");
  const proof = req.headers.dpop;
  const result = verifyProof(
    typeof proof === "string" ? proof : undefined,
    { method: req.method ?? "", urls: addressesOf(req, rules.origins), nowSeconds, accessToken: presented.text },
    proofs,
  );
  if ("jkt" in result) return result.jkt === use.jkt ? null : refused("invalid_dpop_proof", "the proof is by another key");
  if (result.full)
    return {
      ...refuse("rate", "This gateway has seen too many proofs in the last minute.", "Repeat the call with a new proof."),
      retryAfterSeconds: 5,
    };
  return refused("invalid_dpop_proof", result.why);
}

/**
 * Addresses that name this request. The host header isn't one of them: a proof that a caller made for somebody else's
 * address would pass under it. Loopback names of this very socket are, since nobody else can be behind them.
 */
function addressesOf(req: CallHead, origins: readonly string[]): readonly string[] {
  const path = (req.url ?? "/").split("?", 1)[0]!;
  const own = ["127.0.0.1", "localhost", "[::1]"].map((name) => `http://${name}:${req.socket.localPort ?? 0}`);
  return [...origins, ...own].map((origin) => origin + path);
}

/** Every credential of a delegation must still stand, so that ending one ends what acts for it. */
function chainRefusal(
  compiled: Compiled,
  use: TokenUse,
  caller: CredentialFacts,
  nowSeconds: number,
): Refusal | null {
  if (caller.system !== use.system) return unknownToken;
  for (const id of use.chain.slice(1)) {
    const acted = compiled.credentials.ofId(id);
    if (acted?.state === "active" && acted.notAfter > nowSeconds && acted.system === use.system) continue;
    return refuse(
      acted?.state === "suspended" ? "credential_suspended" : "credential_revoked",
      "A credential that this call acts for no longer stands.",
      "Ask whoever delegated to this agent for a new token.",
      id,
    );
  }
  return null;
}

function stateRefusal(
  credential: CallingCredential,
  system: SystemFacts | null,
  nowSeconds: number,
  tokenRefusal: (() => Refusal | null) | null,
): Refusal | null {
  const name = system?.name ?? "NAME";
  if (system?.statusCode === "system_retired")
    return refuse(
      "system_retired",
      `${system.title} is retired: its calls are refused for good.`,
      "Register a new system, or ask its owners which one replaced it.",
      name,
    );
  if (system?.statusCode === "system_suspended")
    return refuse(
      "system_suspended",
      `${system.title} is suspended: its calls are refused.`,
      { text: "One of its owners can resume it.", command: `mandate system resume ${name}` },
      name,
    );
  if (credential.notAfter <= nowSeconds)
    return refuse(
      "credential_expired",
      "The key has passed its end.",
      { text: "Rotate it.", command: `mandate credential rotate ${credential.id}` },
      credential.id,
    );
  if (credential.state === "revoked")
    return refuse(
      "credential_revoked",
      "The key was revoked.",
      { text: "Create another.", command: `mandate credential create --system ${name}` },
      credential.id,
    );
  if (credential.state === "suspended")
    return refuse(
      "credential_suspended",
      "The key is suspended.",
      { text: "Resume it once the reason is gone.", command: `mandate credential resume ${credential.id}` },
      credential.id,
    );
  const ofToken = tokenRefusal?.() ?? null;
  if (ofToken !== null) return ofToken;
  if (system === null)
    return refuse("not_registered", "The key belongs to no registered system, so nothing says what it may do.", {
      text: "Register the system and give it this credential.",
      command: "mandate apply -f system.yaml",
    });
  if (system.lifecycle === "production" && !system.parameters.gatewayKeysInProduction) {
    if (credential.kind === "gateway-key")
      return refuse(
        "not_authorized",
        `${system.title} is ${system.tier} in production, where a plain key is not accepted.`,
        {
          text: "Register the machine's public key and call with a DPoP-bound access token, or trust its platform.",
          command: `mandate credential create --kind client --system ${name} --jwk FILE`,
        },
        "credential.kind",
      );
    if (credential.token?.jkt == null)
      return refuse(
        "not_authorized",
        `${system.title} is ${system.tier} in production, where an access token must be bound to a key of its caller.`,
        "Send a `DPoP` proof to the token endpoint; the token it answers with is bound.",
        "credential.bound",
      );
  }
  return null;
}

function presentedKey(headers: IncomingMessage["headers"]): Presented | undefined {
  const authorization = headers.authorization;
  const scheme = /^(bearer|dpop) /i.exec(authorization ?? "")?.[1]?.toLowerCase();
  const text =
    authorization !== undefined && scheme !== undefined
      ? authorization.slice(scheme.length + 1).trim()
      : (headers["x-api-key"] ?? headers["x-goog-api-key"]);
  if (typeof text !== "string" || text === "" || text.length > (looksLikeJwt(text) ? maxTokenLength : maxKeyLength))
    return undefined;
  return { text, bound: scheme === "dpop" };
}
