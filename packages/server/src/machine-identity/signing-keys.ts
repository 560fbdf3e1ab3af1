import { generateKeyPairSync, sign } from "node:crypto";
import { thumbprint } from "@mandate/gateway";
import type { Jwk } from "@mandate/gateway";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { openValue, sealValue } from "../secrets/index.ts";

const signsForMs = 90 * 86_400_000;
/** Gateways learn a new key within seconds; it signs only after every snapshot has carried it for this long. */
const publishedBeforeMs = 60_000;
/** Longer than any token lives: the key that signed it is known as long as it counts. */
const keptAfterMs = 3_600_000;

interface KeyRow {
  kid: string;
  public_jwk: Jwk;
  sealed: { k: string; c: string };
  created_at: Date;
}

/** INVARIANT: organization and key id are part of what is sealed, so a row copied over another doesn't open. */
function contextOf(org: string, kid: string): string {
  return JSON.stringify(["mandate.token-signing-key/1", org, kid]);
}

/** Makes the first key, and the next one before the current is too old. Nothing to do is the usual case. */
export async function ensureSigningKey(ctx: ServerContext, masterKey: Uint8Array): Promise<void> {
  await ctx.transact(async (tx, record) => {
    await sql`select pg_advisory_xact_lock(hashtext(${`${ctx.org} token_signing_keys`}))`.execute(tx);
    const { rows } = await sql<{ created_at: Date }>`select created_at from token_signing_keys where org = ${ctx.org} order by created_at desc limit 1`.execute(tx);
    if (rows[0] !== undefined && rows[0].created_at.getTime() + signsForMs > ctx.now()) return;
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const exported = pair.publicKey.export({ format: "jwk" });
    const kid = thumbprint({ ...exported })!;
    const publicJwk = { ...exported, kid, alg: "ES256", use: "sig" };
    const sealed = sealValue(masterKey, JSON.stringify(pair.privateKey.export({ format: "jwk" })), contextOf(ctx.org, kid), ctx.random);
    const stored = { k: Buffer.from(sealed.wrappedKey).toString("base64"), c: Buffer.from(sealed.ciphertext).toString("base64") };
    await sql`insert into token_signing_keys (org, kid, public_jwk, sealed, created_at) values (${ctx.org}, ${kid}, ${JSON.stringify(publicJwk)}, ${JSON.stringify(stored)}, ${new Date(ctx.now())})`.execute(tx);
    await sql`delete from token_signing_keys where org = ${ctx.org} and kid <> ${kid} and created_at < ${new Date(ctx.now() - 2 * signsForMs - keptAfterMs)}`.execute(tx);
    record({ type: "credential", payload: { event: "signing_key.created", kid, publicKey: publicJwk } });
  });
}

/** Public halves that tokens may be signed by. */
export async function signingJwks(tx: Tx, org: string): Promise<readonly Jwk[]> {
  const { rows } = await sql<KeyRow>`select public_jwk from token_signing_keys where org = ${org} order by created_at desc limit 4`.execute(tx);
  return rows.map((row) => row.public_jwk);
}

/** Signs claims as RFC 9068 says: `typ` keeps an access token from being taken for another JWT. */
export async function signAccessToken(tx: Tx, org: string, masterKey: Uint8Array, nowMs: number, claims: Readonly<Record<string, unknown>>): Promise<string> {
  const { rows } = await sql<KeyRow>`select * from token_signing_keys where org = ${org} order by created_at desc limit 4`.execute(tx);
  const row = rows.find((one) => one.created_at.getTime() + publishedBeforeMs <= nowMs) ?? rows.at(-1);
  if (row === undefined) throw new Error("no key signs access tokens");
  const jwk = JSON.parse(openValue(masterKey, { wrappedKey: Buffer.from(row.sealed.k, "base64"), ciphertext: Buffer.from(row.sealed.c, "base64") }, contextOf(org, row.kid))) as Record<string, unknown>;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "ES256", typ: "at+jwt", kid: row.kid })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), { key: jwk, format: "jwk", dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}
