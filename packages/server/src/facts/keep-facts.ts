import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { AppError } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import { sql } from "kysely";
import type { Database, Tx } from "../database/index.ts";
import { assembled, chunked, chunksOf } from "./chunks.ts";

/** Chunks that this process knows to be stored, so that a version that differs in one system asks for one. */
const stored = new WeakMap<Database, Set<string>>();
const maxRemembered = 200_000;
const maxChunkBytes = 64 * 1024 * 1024;

/**
 * Keeps what is about to be enforced. Keeping the same facts again changes nothing.
 * @returns hex SHA-256 that names them
 */
export async function keepFacts(db: Database, org: string, facts: RegisterFacts, registerVersion: number, nowMs: number): Promise<string> {
  const { digest, manifest, chunks } = chunked(facts);
  const known = stored.get(db) ?? new Set<string>();
  stored.set(db, known);
  if (known.has(`${org} ${digest}`)) return digest;
  const fresh = chunks.filter((chunk) => !known.has(`${org} ${chunk.digest}`));
  await db.transaction(org, async (tx) => {
    if (fresh.length > 0) {
      await sql`insert into facts_chunk (org, digest, bytes) select ${org}, decode(c.digest, 'hex'), c.bytes
        from unnest(${fresh.map((one) => one.digest)}::text[], ${fresh.map((one) => deflateRawSync(one.text))}::bytea[]) as c(digest, bytes) on conflict do nothing`.execute(tx);
    }
    await sql`insert into facts_version (org, digest, manifest, register_version, at)
      values (${org}, decode(${digest}, 'hex'), ${manifest}, ${registerVersion}, ${new Date(nowMs)}) on conflict do nothing`.execute(tx);
  });
  if (known.size > maxRemembered) known.clear();
  for (const chunk of fresh) known.add(`${org} ${chunk.digest}`);
  known.add(`${org} ${digest}`);
  return digest;
}

/**
 * The facts as they were enforced; undefined when none are kept under this name.
 * @throws AppError `facts.altered` (500) when what is kept isn't what the name says
 */
export async function loadFacts(tx: Tx, org: string, digest: string): Promise<RegisterFacts | undefined> {
  if (!/^[0-9a-f]{64}$/.test(digest)) return undefined;
  const { rows } = await sql<{ manifest: string }>`select manifest from facts_version where org = ${org} and digest = decode(${digest}, 'hex')`.execute(tx);
  const manifest = rows[0]?.manifest;
  if (manifest === undefined) return undefined;
  if (hashOf(manifest) !== digest) throw altered(digest);
  const chunks = await sql<{ digest: string; bytes: Buffer }>`select encode(digest, 'hex') as digest, bytes from facts_chunk
    where org = ${org} and digest = any(select decode(name, 'hex') from unnest(${[...chunksOf(manifest)]}::text[]) as name)`.execute(tx);
  const texts = new Map(chunks.rows.map((row) => [row.digest, inflateRawSync(row.bytes, { maxOutputLength: maxChunkBytes }).toString("utf8")]));
  const textOf = (name: string): string => {
    const text = texts.get(name);
    if (text === undefined || hashOf(text) !== name) throw altered(digest);
    return text;
  };
  // INVARIANT: what the hashes vouch for is what `keepFacts` was given, so no second validation is needed.
  return assembled(manifest, textOf) as RegisterFacts;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function altered(digest: string): AppError {
  return new AppError({
    code: "facts.altered",
    status: 500,
    message: "What was enforced then has been altered in the store, so nothing is recomputed by it.",
    internal: `facts \`${digest}\``,
    remedies: [{ text: "Check the installation.", command: "npx mandate doctor" }],
  });
}
