import { verificationKey, verificationKeys } from "@mandate/gateway";
import type { IssuerKeySet, Jwk, OutboundRule, VerificationKey } from "@mandate/gateway";
import { sql } from "kysely";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import { remoteKeySources } from "../credentials/index.ts";
import type { Database, Tx } from "../database/index.ts";
import type { NewFinding } from "../findings/index.ts";
import { isLoopbackName } from "@mandate/gateway";
import type { Job } from "../jobs/index.ts";
import { outboundRequest } from "../outbound/index.ts";

/** Keys last confirmed longer ago than this count for nobody: an issuer may have withdrawn them for cause. */
export const keysCountForSeconds = 24 * 3600;
const readAgainMs = 5 * 60_000;
const retryMs = 30_000;
/** A confirmation without change is written this seldom, since each one is a new snapshot. */
const confirmEveryMs = 6 * 3_600_000;
const timeoutMs = 8_000;
const maxAnswerBytes = 512 * 1024;
const maxKeys = 50;
const maxSources = 500;
const oneTurn = 10;

export interface IssuerKeysOptions {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly outbound: () => OutboundRule;
  /** Issuers of people's tokens, by the register now. */
  readonly sessionIssuers: () => readonly string[];
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], open: ReadonlySet<string>) => Promise<void>;
}

export interface IssuerKeys {
  readonly refresh: Job;
  /** Keys of a source, read again at once (but seldom) when none of them has this id. */
  keysFor(source: string, kid: string | null): Promise<readonly VerificationKey[]>;
}

/** Public keys of issuers: fetched here, kept while they can't be fetched, and carried to gateways in the snapshot. */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { db, org, now, contexts } = options;
  const tried = new Map<string, { atMs: number; ok: boolean; why: string | null; failingSinceMs: number | null }>();
  const running = new Map<string, Promise<void>>();

  function refreshOne(source: string): Promise<void> {
    const current = running.get(source);
    if (current !== undefined) return current;
    const started = fetchAndStore(source).finally(() => running.delete(source));
    running.set(source, started);
    return started;
  }

  async function fetchAndStore(source: string): Promise<void> {
    const before = tried.get(source);
    try {
      const keys = await fetchKeys(source, options.outbound());
      await store(source, keys);
      tried.set(source, { atMs: now(), ok: true, why: null, failingSinceMs: null });
    } catch (error) {
      tried.set(source, { atMs: now(), ok: false, why: error instanceof Error ? error.message : String(error), failingSinceMs: before?.failingSinceMs ?? now() });
    }
  }

  async function store(source: string, keys: readonly Jwk[]): Promise<void> {
    await contexts.for(systemActor("issuer-keys")).transact(async (tx, record) => {
      const { rows } = await sql<{ keys: Jwk[]; confirmed_at: Date }>`select keys, confirmed_at from issuer_keys where org = ${org} and source = ${source} for update`.execute(tx);
      const same = rows[0] !== undefined && sameKeys(rows[0].keys, keys);
      if (same && rows[0]!.confirmed_at.getTime() + confirmEveryMs > now()) return;
      await sql`insert into issuer_keys (org, source, keys, confirmed_at) values (${org}, ${source}, ${JSON.stringify(keys)}, ${new Date(now())})
        on conflict (org, source) do update set keys = excluded.keys, confirmed_at = excluded.confirmed_at`.execute(tx);
      record({ type: "credential", payload: { event: same ? "issuer_keys.confirmed" : "issuer_keys.changed", source, kids: keys.map((key) => key["kid"] ?? null) } });
    });
  }

  async function run(): Promise<void> {
    const remote = await db.read(org, (tx) => remoteKeySources(tx, org, now()));
    const needed = [...new Set([...options.sessionIssuers(), ...remote])].slice(0, maxSources);
    const due = needed.filter((source) => {
      const last = tried.get(source);
      return last === undefined || last.atMs + (last.ok ? readAgainMs : retryMs) <= now();
    });
    await Promise.all(due.slice(0, oneTurn).map(refreshOne));
    for (const source of tried.keys()) if (!needed.includes(source)) tried.delete(source);
    if (due.length > 0) await tell();
  }

  /** A quarter of an hour of failing is a fault, less is weather. */
  async function tell(): Promise<void> {
    const open = new Set<string>();
    for (const [source, last] of tried) {
      if (last.failingSinceMs === null || now() - last.failingSinceMs < 15 * 60_000) continue;
      const key = `issuer_keys:${source}`;
      open.add(key);
      await options.report({ key, system: null, kind: "issuer_keys.unreachable", title: `Keys of ${source.slice(0, 200)} can't be read`, detail: `${(last.why ?? "").slice(0, 500)}. The last good ones count for ${keysCountForSeconds / 3600} hours, then its tokens are refused.`, owner: null });
    }
    await options.settle(["issuer_keys.unreachable"], open);
  }

  return {
    refresh: { name: "issuer-keys", everyMs: 1000, run },
    async keysFor(source, kid) {
      const has = (keys: readonly VerificationKey[]): boolean => keys.length > 0 && (kid === null || keys.some((key) => key.kid === kid));
      const held = await db.read(org, (tx) => readSource(tx, org, source, now()));
      const last = tried.get(source);
      // An unknown key id makes one request, not one a token: whoever sends tokens doesn't steer our requests.
      if (has(held) || (last !== undefined && last.atMs + retryMs > now())) return held;
      await refreshOne(source);
      return db.read(org, (tx) => readSource(tx, org, source, now()));
    },
  };
}

async function readSource(tx: Tx, org: string, source: string, nowMs: number): Promise<readonly VerificationKey[]> {
  const { rows } = await sql<{ keys: Jwk[] }>`select keys from issuer_keys where org = ${org} and source = ${source} and confirmed_at > ${new Date(nowMs - keysCountForSeconds * 1000)}`.execute(tx);
  return verificationKeys(rows[0]?.keys ?? []);
}

/** For the snapshot: keys of these issuers and no other, with the instant until which they count. */
export async function issuerKeySets(tx: Tx, org: string, issuers: readonly string[]): Promise<readonly IssuerKeySet[]> {
  const { rows } = await sql<{ source: string; keys: Jwk[]; confirmed_at: Date }>`select source, keys, confirmed_at from issuer_keys where org = ${org} and source = any(${[...issuers]})`.execute(tx);
  return rows.map((row) => ({ issuer: row.source, keys: row.keys, until: Math.floor(row.confirmed_at.getTime() / 1000) + keysCountForSeconds }));
}

function sameKeys(a: readonly Jwk[], b: readonly Jwk[]): boolean {
  const text = (keys: readonly Jwk[]): string => JSON.stringify(keys.map((key) => Object.entries(key).toSorted()).toSorted());
  return text(a) === text(b);
}

/** OpenID Connect Discovery 1.0 §4 for an issuer, one request for `jwks:ADDRESS`. */
async function fetchKeys(source: string, outbound: OutboundRule): Promise<readonly Jwk[]> {
  const address = source.startsWith("jwks:") ? source.slice(5) : await jwksAddress(source, outbound);
  const { keys } = await fetchJson(address, outbound);
  if (!Array.isArray(keys) || keys.length > maxKeys) throw new Error("it isn't a set of at most 50 keys");
  const usable = keys.filter((key): key is Jwk => typeof key === "object" && key !== null && !Array.isArray(key) && verificationKey(key as Jwk) !== undefined).map(publicMembers);
  if (usable.length === 0) throw new Error("it holds no key for ES256, EdDSA or RS256");
  return usable;
}

/** Certificates and whatever else a key set carries stay outside: only what verifies travels. */
function publicMembers(key: Jwk): Jwk {
  const { kty, crv, x, y, n, e, kid, alg, use } = key;
  return Object.fromEntries(Object.entries({ kty, crv, x, y, n, e, kid, alg, use }).filter(([, value]) => typeof value === "string"));
}

async function jwksAddress(issuer: string, outbound: OutboundRule): Promise<string> {
  const document = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, outbound);
  // RFC 8414 §3.3: a document that speaks for another issuer would bring another's keys.
  if (document["issuer"] !== issuer) throw new Error("its discovery document names another issuer");
  if (typeof document["jwks_uri"] !== "string") throw new Error("its discovery document names no keys");
  return document["jwks_uri"];
}

async function fetchJson(address: string, outbound: OutboundRule): Promise<Readonly<Record<string, unknown>>> {
  const url = new URL(address);
  if (url.protocol !== "https:" && !isLoopbackName(url.hostname)) throw new Error("keys are read over https alone");
  const answer = await outboundRequest(url, { method: "GET", headers: { accept: "application/json" }, outbound, signal: AbortSignal.timeout(timeoutMs), maxAnswerBytes });
  if (answer.status !== 200) throw new Error(`it answers ${answer.status}`);
  const value: unknown = JSON.parse(answer.body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it answers no JSON object");
  return value as Readonly<Record<string, unknown>>;
}
