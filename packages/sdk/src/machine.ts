import { MandateError } from "./error.ts";
import type { Fetch } from "./transport.ts";

/** A Web Crypto key: browsers and Node have their own name for the same thing. */
export type SigningKey = Parameters<typeof crypto.subtle.sign>[1];
export type PrivateJwk = Readonly<Record<string, unknown>>;

export interface MachineOptions {
  /** `tokenEndpoint` of the registration's answer, or of `/.well-known/oauth-authorization-server`. */
  readonly tokenEndpoint: string;
  /** The client's id and private key; or, for a workload, how to read its platform's token. */
  readonly proof:
    | { readonly clientId: string; readonly key: SigningKey | PrivateJwk }
    | { readonly subjectToken: () => Promise<string>; readonly clientId?: string };
  /** Actions and `purpose:ID`, space-separated; absent: all that the credential has. */
  readonly scope?: string;
  /** False asks for a plain bearer token. Default: bound to a key that this process makes and never shows (RFC 9449). */
  readonly bound?: boolean;
  readonly fetch?: Fetch;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface Token {
  readonly text: string;
  readonly endsMs: number;
}

interface TokenAnswer {
  readonly access_token?: string;
  readonly expires_in?: number;
  readonly error?: string;
  readonly error_description?: string;
}

/** A new one is asked for this long before the end, so that no call carries one that ends under way. */
const renewBeforeMs = 60_000;
const assertionSeconds = 60;
const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * Calls the gateway as a machine: gets an access token (private_key_jwt or token exchange), proves its key with each
 * call, renews it in time. Hand `machine.fetch` to any client that takes a `fetch`.
 */
export class MachineIdentity {
  readonly #options: MachineOptions;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  #holder: Promise<{ readonly publicKey: SigningKey; readonly privateKey: SigningKey }> | undefined;
  #token: Promise<Token> | undefined;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#now = options.now ?? Date.now;
  }

  /** The current access token. @throws MandateError with the token endpoint's own words */
  async token(): Promise<string> {
    const held = await this.#token?.catch(() => undefined);
    if (held !== undefined && held.endsMs - renewBeforeMs > this.#now()) return held.text;
    this.#token = this.#ask();
    return (await this.#token).text;
  }

  /** Like `fetch`, with this machine's token and, when bound, a proof made for this one request. */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const token = await this.token();
    // The client's own key, real or made up, must not travel beside the token.
    request.headers.delete("x-api-key");
    request.headers.delete("x-goog-api-key");
    if (this.#options.bound === false) request.headers.set("authorization", `Bearer ${token}`);
    else {
      request.headers.set("authorization", `DPoP ${token}`);
      request.headers.set("dpop", await this.#proof(request.method, request.url, token));
    }
    return this.#fetch(request.url, { method: request.method, headers: request.headers, body: request.method === "GET" || request.method === "HEAD" ? null : await request.arrayBuffer(), redirect: "error", signal: request.signal });
  };

  async #ask(): Promise<Token> {
    const { proof, tokenEndpoint, scope, bound } = this.#options;
    const form = new URLSearchParams(scope === undefined ? {} : { scope });
    if ("key" in proof) {
      form.set("grant_type", "client_credentials");
      form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      form.set("client_assertion", await this.#assertion(proof.clientId, proof.key));
    } else {
      form.set("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
      form.set("subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
      form.set("subject_token", await proof.subjectToken());
      if (proof.clientId !== undefined) form.set("client_id", proof.clientId);
    }
    const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" };
    if (bound !== false) headers["dpop"] = await this.#proof("POST", tokenEndpoint, null);
    const response = await this.#fetch(tokenEndpoint, { method: "POST", headers, body: form.toString(), redirect: "error" });
    const answer = (await response.json().catch(() => ({}))) as TokenAnswer;
    if (!response.ok || typeof answer.access_token !== "string") {
      throw new MandateError({ status: response.status, code: answer.error ?? "token_refused", message: answer.error_description ?? "The token endpoint gave no token.", remedies: [{ text: "Check the credential: `mandate credential list`." }] });
    }
    return { text: answer.access_token, endsMs: this.#now() + (answer.expires_in ?? 0) * 1000 };
  }

  async #assertion(clientId: string, given: SigningKey | PrivateJwk): Promise<string> {
    const key = isKey(given) ? given : await importKey(given);
    const iat = Math.floor(this.#now() / 1000);
    return signJwt({ typ: "JWT" }, { iss: clientId, sub: clientId, aud: this.#options.tokenEndpoint, jti: crypto.randomUUID(), iat, exp: iat + assertionSeconds }, key);
  }

  async #proof(method: string, url: string, token: string | null): Promise<string> {
    this.#holder ??= crypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]);
    const { publicKey, privateKey } = await this.#holder;
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
    const { origin, pathname } = new URL(url);
    const ath = token === null ? {} : { ath: base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))) };
    return signJwt({ typ: "dpop+jwt", jwk: { kty, crv, x, y } }, { htm: method, htu: origin + pathname, jti: crypto.randomUUID(), iat: Math.floor(this.#now() / 1000), ...ath }, privateKey);
  }
}

function isKey(given: SigningKey | PrivateJwk): given is SigningKey {
  return given instanceof CryptoKey;
}

/** P-256 signs ES256, Ed25519 EdDSA, RSA RS256. */
function importKey(jwk: PrivateJwk): Promise<SigningKey> {
  const algorithm = jwk["kty"] === "EC" ? ecdsa : jwk["kty"] === "OKP" ? "Ed25519" : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const { key_ops: _operations, use: _use, alg: _algorithm, ...plain } = jwk;
  return crypto.subtle.importKey("jwk", plain, algorithm, false, ["sign"]);
}

async function signJwt(header: object, claims: object, key: SigningKey): Promise<string> {
  const { name } = key.algorithm;
  const alg = name === "ECDSA" ? "ES256" : name === "Ed25519" ? "EdDSA" : "RS256";
  const part = (value: object): string => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const signed = `${part({ alg, ...header })}.${part(claims)}`;
  return `${signed}.${base64url(await crypto.subtle.sign(name === "ECDSA" ? ecdsa : name, key, new TextEncoder().encode(signed)))}`;
}

function base64url(bytes: ArrayBuffer | Uint8Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
