import { createHash } from "node:crypto";
import { actions, newId } from "@mandate/model";
import type { ActionName, SystemFacts } from "@mandate/model";
import { leewaySeconds, maxActors, ProofBook, readAccessToken, readJws, readUserToken, signedByOneOf, verificationKeys, verifyProof } from "@mandate/gateway";
import type { Jws, Snapshot, TokenUse, User, VerificationKey } from "@mandate/gateway";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import { findMachine, keySourceOf, listTrusts, trustCovers } from "../credentials/index.ts";
import type { Machine } from "../credentials/index.ts";
import { checkAssertion, readAssertion, registeredKeys } from "./assertion.ts";
import type { Assertion } from "./assertion.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { signAccessToken } from "./signing-keys.ts";
import { TokenRefused } from "./token-refused.ts";

const grantClient = "client_credentials";
const grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
export const grantTypes = [grantClient, grantExchange] as const;
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const jwtTypes: readonly string[] = ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"];

/** Ten minutes: an agent's turn, and short enough to throw away. Revocation doesn't wait for it. */
const lifetimeSeconds = 600;
/** A platform's token of an older day says what was, not what is. */
const maxWorkloadAgeSeconds = 24 * 3600;

export interface TokenEndpointOptions {
  readonly ctx: ServerContext;
  readonly masterKey: Uint8Array;
  /** Our own address as issuer, and what stands for the token endpoint. */
  readonly issuer: string;
  readonly snapshot: () => Snapshot;
  readonly issuerKeys: IssuerKeys;
}

export interface TokenRequest {
  /** Each parameter once (RFC 6749 §3.2). */
  readonly form: ReadonlyMap<string, string>;
  readonly dpop: string | undefined;
  /** Addresses of the token endpoint as this request reached it. */
  readonly urls: readonly string[];
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "Bearer" | "DPoP";
  readonly expires_in: number;
  readonly scope: string;
  readonly issued_token_type?: string;
}

export interface TokenEndpoint {
  /** @throws TokenRefused */
  answer(request: TokenRequest): Promise<TokenAnswer>;
}

/** Who the new token is for, and what it may at most say. */
interface Holder {
  readonly machine: Machine;
  readonly system: SystemFacts;
  readonly subject: string;
  /** Actors, the caller first. */
  readonly actors: readonly string[];
  readonly user: User | null;
  readonly workload: string | null;
  readonly scope: readonly ActionName[];
  readonly purposes: readonly string[];
  readonly notAfter: number;
  /** A token made from a bound one is bound. */
  readonly mustBind: boolean;
  /** The proof must be by this key. */
  readonly jkt: string | null;
}

/** OAuth 2.0 token endpoint (RFC 6749, 7523, 8693, 9449): proves who asks, then narrows. */
export function createTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  const { ctx, masterKey, issuer, issuerKeys } = options;
  const proofs = new ProofBook();
  const seconds = (): number => Math.floor(ctx.now() / 1000);
  const audiences = [issuer, `${issuer}/oauth2/token`];

  function systemOf(machine: Machine): SystemFacts {
    const system = options.snapshot().facts.systems.find((one) => one.name === machine.credential.system);
    if (system === undefined || system.lifecycle === "retired") throw new TokenRefused("invalid_grant", "the credential's system is not there, or retired");
    return system;
  }

  async function requireMachine(id: string, refusal: "invalid_client" | "invalid_grant" = "invalid_client"): Promise<Machine> {
    const machine = await ctx.read((tx) => findMachine(tx, ctx.org, ctx.now(), id));
    if (machine === undefined) throw new TokenRefused(refusal, "no such client");
    if (machine.credential.state !== "active") throw new TokenRefused(refusal, `the credential is ${machine.credential.state}`);
    return machine;
  }

  /** Who signed the assertion; its id is spent with it. */
  async function byAssertion(form: TokenRequest["form"]): Promise<Machine> {
    if (form.get("client_assertion_type") !== assertionType) throw new TokenRefused("invalid_client", `client_assertion_type is ${assertionType}`);
    const assertion = readAssertion(form.get("client_assertion") ?? "");
    if (form.has("client_id") && form.get("client_id") !== assertion.clientId) throw new TokenRefused("invalid_client", "client_id and the assertion name different clients");
    const machine = await requireMachine(assertion.clientId);
    if (machine.kind !== "client") throw new TokenRefused("unauthorized_client", "a workload exchanges its platform's token; it signs no assertion");
    const { kid } = assertion.jws.header;
    const keys = machine.jwksUri === null ? registeredKeys(machine) : await issuerKeys.keysFor(`jwks:${machine.jwksUri}`, typeof kid === "string" ? kid : null);
    checkAssertion(assertion, keys, audiences, seconds());
    await spend(machine, assertion);
    return machine;
  }

  /** One insert decides: of two requests with one assertion, one wins. A replay is recorded, since somebody kept it. */
  async function spend(machine: Machine, assertion: Assertion): Promise<void> {
    const id = createHash("sha256").update(`${assertion.clientId}\n${assertion.jti}`).digest("hex");
    const fresh = await ctx.transact(async (tx, record) => {
      const { rows } = await sql`insert into spent_assertions (org, id, expires_at) values (${ctx.org}, ${id}, ${new Date((assertion.expiresAt + 2 * leewaySeconds) * 1000)}) on conflict do nothing returning id`.execute(tx);
      const won = rows.length === 1;
      record({ type: "credential", system: machine.credential.system, payload: { event: won ? "assertion.used" : "assertion.replayed", credential: machine.credential.id, assertion: id } });
      return won;
    });
    if (!fresh) throw new TokenRefused("invalid_client", "the assertion was used before");
  }

  async function holderOf(form: TokenRequest["form"]): Promise<Holder> {
    const grant = form.get("grant_type");
    if (grant === grantClient) {
      const machine = await byAssertion(form);
      return plain(machine, systemOf(machine));
    }
    if (grant !== grantExchange) throw new TokenRefused("unsupported_grant_type", `use ${grantTypes.join(" or ")}`);
    const requested = form.get("requested_token_type");
    if (requested !== undefined && requested !== accessTokenType) throw new TokenRefused("invalid_request", "only access tokens are issued");
    const subject = form.get("subject_token");
    const type = form.get("subject_token_type") ?? "";
    if (subject === undefined || (type !== accessTokenType && !jwtTypes.includes(type))) throw new TokenRefused("invalid_request", "subject_token and its subject_token_type (access_token, jwt or id_token) are needed");
    const actor = await actorOf(form);
    if (type === accessTokenType) return delegated(actor, ownToken(subject, "subject_token"));
    return actor === null ? federated(subject, form.get("client_id")) : forUser(actor, subject);
  }

  interface Actor {
    readonly machine: Machine;
    readonly use: TokenUse | null;
  }

  async function actorOf(form: TokenRequest["form"]): Promise<Actor | null> {
    if (form.has("client_assertion")) {
      if (form.has("actor_token")) throw new TokenRefused("invalid_request", "name the actor once: by client_assertion or by actor_token");
      return { machine: await byAssertion(form), use: null };
    }
    const token = form.get("actor_token");
    if (token === undefined) return null;
    if (form.get("actor_token_type") !== accessTokenType) throw new TokenRefused("invalid_request", "an actor_token is an access token of this server");
    const use = ownToken(token, "actor_token");
    // A token that acts for somebody already isn't the actor's own word.
    if (use.chain.length > 1 || use.user !== null) throw new TokenRefused("invalid_grant", "the actor_token itself acts for another");
    return { machine: await requireMachine(use.chain[0]!, "invalid_grant"), use };
  }

  function ownToken(token: string, what: string): TokenUse {
    const rules = options.snapshot().accessTokens;
    const use = rules && readAccessToken(token, { ...rules, keys: verificationKeys(rules.keys) }, seconds());
    if (use === undefined || use.expiresAt + leewaySeconds <= seconds()) throw new TokenRefused("invalid_grant", `the ${what} is no current access token of this server`);
    return use;
  }

  function plain(machine: Machine, system: SystemFacts, workload: string | null = null, notAfter = Infinity): Holder {
    const { credential } = machine;
    return { machine, system, subject: credential.id, actors: [credential.id], user: null, workload, scope: credential.scope, purposes: credential.purposes, notAfter, mustBind: credential.bound || system.tier === "T3", jkt: null };
  }

  /** RFC 8693 with a platform's token: exactly one trust must cover it. */
  async function federated(token: string, clientId: string | undefined): Promise<Holder> {
    const jws = readJws(token, 16_384);
    if (jws === undefined) throw new TokenRefused("invalid_grant", "the subject_token is no JWT signed with ES256, EdDSA or RS256");
    const trusts = await ctx.read((tx) => listTrusts(tx, ctx.org, ctx.now()));
    const covering = trusts.filter((one) => one.trust !== null && (clientId === undefined || one.credential.id === clientId) && trustCovers(one.trust, jws.claims));
    // Which part did not fit is for the person who configured the trust: whoever asks could try one after the other.
    if (covering.length !== 1) throw new TokenRefused("invalid_grant", covering.length === 0 ? "no trust covers the subject_token" : "several trusts cover the subject_token: name one as client_id");
    const machine = covering[0]!;
    checkWorkload(jws, await trustKeys(machine, jws), seconds());
    return plain(machine, systemOf(machine), String(jws.claims.sub).slice(0, 500), Number(jws.claims.exp));
  }

  async function trustKeys(machine: Machine, jws: Jws): Promise<readonly VerificationKey[]> {
    const trust = machine.trust!;
    const source = keySourceOf(trust);
    const { kid } = jws.header;
    return source === null ? verificationKeys(trust.jwks?.keys ?? []) : issuerKeys.keysFor(source, typeof kid === "string" ? kid : null);
  }

  /** "Agent for user": the user's own token, and an agent whose system accepts that user's issuer. */
  function forUser(actor: Actor, token: string): Holder {
    const system = systemOf(actor.machine);
    const held = new Map((options.snapshot().issuerKeys ?? []).map((set) => [set.issuer, { keys: verificationKeys(set.keys), until: set.until }]));
    const read = readUserToken(token, system, seconds(), held);
    if ("why" in read) throw new TokenRefused("invalid_grant", `the subject_token was not accepted: ${read.why}`);
    const base = narrowedBy(plain(actor.machine, system), actor.use);
    return { ...base, subject: read.user.subject, user: read.user, notAfter: Math.min(base.notAfter, read.expiresAt) };
  }

  /** One agent on another's token: allowed by the one it acts for, of the same system, never more than either. */
  async function delegated(actor: Actor | null, subject: TokenUse): Promise<Holder> {
    if (actor === null) throw new TokenRefused("invalid_request", "say who acts: client_assertion or actor_token");
    const system = systemOf(actor.machine);
    const id = actor.machine.credential.id;
    const [current = ""] = subject.chain;
    const acted = await requireMachine(current, "invalid_grant");
    for (const earlier of subject.chain.slice(1)) await requireMachine(earlier, "invalid_grant");
    if (subject.system !== system.name) throw new TokenRefused("invalid_grant", "the subject_token belongs to another system");
    const same = id === current;
    if (!same && !acted.credential.actors.includes(id)) throw new TokenRefused("unauthorized_client", "the credential of the subject_token does not let this client act for it");
    if (!same && subject.chain.includes(id)) throw new TokenRefused("invalid_grant", "this client is in the chain already");
    const before = subject.user === null && subject.chain.length > 1 ? subject.chain.slice(0, -1) : subject.chain;
    const isCredential = subject.subject.startsWith("cred_");
    const earlier = isCredential && subject.chain.length === 1 ? [] : before;
    const actors = same ? (earlier.length === 0 ? [id] : earlier) : [id, ...earlier];
    if (actors.length > maxActors) throw new TokenRefused("invalid_grant", `at most ${maxActors} agents act for one another`);
    const own = narrowedBy(narrowedBy(plain(actor.machine, system), actor.use), subject);
    // The key that held the old token is not the one that holds the new, but the new one must be held too.
    return { ...own, subject: subject.subject, actors, user: subject.user, workload: subject.workload, jkt: same ? subject.jkt : (actor.use?.jkt ?? null) };
  }

  function narrowedBy(holder: Holder, use: TokenUse | null): Holder {
    if (use === null) return holder;
    const scope = holder.scope.filter((action) => use.scope.includes(action));
    const purposes = use.purposes.length === 0 ? holder.purposes : holder.purposes.length === 0 ? use.purposes : holder.purposes.filter((id) => use.purposes.includes(id));
    if (scope.length === 0 || (purposes.length === 0 && use.purposes.length > 0)) throw new TokenRefused("invalid_scope", "nothing is left that both may do");
    return { ...holder, scope, purposes, notAfter: Math.min(holder.notAfter, use.expiresAt), mustBind: holder.mustBind || use.jkt !== null, jkt: use.jkt ?? holder.jkt };
  }

  /** What was asked for, if all of it was there to give. */
  function asked(form: TokenRequest["form"], holder: Holder): { scope: readonly ActionName[]; purposes: readonly string[] } {
    const words = (form.get("scope") ?? "").split(" ").filter((word) => word !== "");
    const wantedPurposes = words.filter((word) => word.startsWith("purpose:")).map((word) => word.slice(8));
    const wanted = words.filter((word) => !word.startsWith("purpose:"));
    const possible = holder.purposes.length === 0 ? holder.system.purposes : holder.purposes;
    if (wanted.some((word) => !actions.some((action) => action === word) || !holder.scope.some((action) => action === word)) || wantedPurposes.some((id) => !possible.includes(id)))
      throw new TokenRefused("invalid_scope", "the scope asks for more than the credential has");
    return { scope: wanted.length === 0 ? holder.scope : (wanted as ActionName[]), purposes: wantedPurposes.length === 0 ? holder.purposes : wantedPurposes };
  }

  function requireAudience(form: TokenRequest["form"]): string {
    const rules = options.snapshot().accessTokens;
    if (rules === undefined) throw new TokenRefused("invalid_target", "no gateway accepts access tokens yet");
    for (const name of ["audience", "resource"]) {
      const value = form.get(name);
      if (value !== undefined && value !== rules.audience && !rules.origins.some((origin) => value === origin || value === `${origin}/`)) throw new TokenRefused("invalid_target", "tokens are issued for this installation's gateway alone");
    }
    return rules.audience;
  }

  function boundTo(request: TokenRequest, holder: Holder): string | null {
    if (request.dpop === undefined) {
      if (holder.mustBind) throw new TokenRefused("invalid_dpop_proof", "this credential's tokens are bound to a key: send a DPoP proof");
      return null;
    }
    const result = verifyProof(request.dpop, { method: "POST", urls: request.urls, nowSeconds: seconds(), accessToken: null }, proofs);
    if ("why" in result) throw new TokenRefused("invalid_dpop_proof", result.why);
    if (holder.jkt !== null && holder.jkt !== result.jkt) throw new TokenRefused("invalid_dpop_proof", "the proof is by another key than the token's");
    return result.jkt;
  }

  return {
    async answer(request) {
      const { form } = request;
      const audience = requireAudience(form);
      const holder = await holderOf(form);
      const { scope, purposes } = asked(form, holder);
      const jkt = boundTo(request, holder);
      const { credential } = holder.machine;
      const iat = seconds();
      const exp = Math.min(iat + lifetimeSeconds, Math.floor(holder.notAfter), Math.floor(Date.parse(credential.notAfter) / 1000));
      if (exp <= iat) throw new TokenRefused("invalid_grant", "what the token would rest on has ended");
      const jti = newId("request", ctx.now(), ctx.random).replace("req_", "tok_");
      const act = holder.actors.length === 1 && holder.actors[0] === holder.subject ? undefined : holder.actors.toReversed().reduce<object | undefined>((inner, sub) => (inner === undefined ? { sub } : { sub, act: inner }), undefined);
      const claims = {
        iss: issuer,
        aud: audience,
        sub: holder.subject,
        client_id: credential.id,
        system: holder.system.name,
        iat,
        exp,
        jti,
        scope: scope.join(" "),
        ...(purposes.length === 0 ? {} : { purposes }),
        ...(act === undefined ? {} : { act }),
        ...(holder.user === null ? {} : { user: holder.user }),
        ...(holder.workload === null ? {} : { workload: holder.workload }),
        ...(jkt === null ? {} : { cnf: { jkt } }),
      };
      const token = await ctx.transact(async (tx, record) => {
        const signed = await signAccessToken(tx, ctx.org, masterKey, ctx.now(), claims);
        record({ type: "credential", system: holder.system.name, payload: { event: "token.issued", credential: credential.id, token: jti, subject: holder.subject, actors: holder.actors, scope, purposes, workload: holder.workload, bound: jkt, expiresAt: new Date(exp * 1000).toISOString() } });
        return signed;
      });
      return { access_token: token, token_type: jkt === null ? "Bearer" : "DPoP", expires_in: exp - iat, scope: [...scope, ...purposes.map((id) => `purpose:${id}`)].join(" "), ...(form.get("grant_type") === grantExchange ? { issued_token_type: accessTokenType } : {}) };
    },
  };
}

/** Signature and time of a platform's token. */
function checkWorkload(jws: Jws, keys: readonly VerificationKey[], nowSeconds: number): void {
  const refused = (why: string): TokenRefused => new TokenRefused("invalid_grant", `the subject_token was not accepted: ${why}`);
  if (!signedByOneOf(jws, keys)) throw refused("its signature does not hold");
  const { exp, nbf, iat } = jws.claims;
  if (typeof exp !== "number" || exp + leewaySeconds <= nowSeconds) throw refused("it has passed its end");
  if (nbf !== undefined && (typeof nbf !== "number" || nbf - leewaySeconds > nowSeconds)) throw refused("it is not valid yet");
  if (iat !== undefined && (typeof iat !== "number" || iat - leewaySeconds > nowSeconds || iat + maxWorkloadAgeSeconds < nowSeconds)) throw refused("it was not issued today");
}
