import { sql } from "kysely";
import { keyWrapper } from "@mandate/ledger/node";
import type { KeyWrapper } from "@mandate/ledger/node";
import type { Tx } from "../database/index.ts";
import { openValue, sealValue } from "../secrets/index.ts";
import type { LogKeys } from "./logs.ts";

export interface SealingKeyRow {
  readonly kid: string;
  /** Null for entries that concern no system. */
  readonly system: string | null;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

const context = (org: string, kid: string) => JSON.stringify(["mandate.kek/1", org, kid]);
const monthOf = (now: number) => new Date(now).toISOString().slice(0, 7);

/**
 * Key-encryption keys of the month for these systems, made where they lack. A key a system and month lets retention and
 * erasure end whole months without touching single entries.
 */
export async function sealingKeys(
  tx: Tx,
  keys: LogKeys,
  org: string,
  systems: readonly (string | null)[],
  now: number,
): Promise<SealingKeyRow[]> {
  const month = monthOf(now);
  const names = [...new Set(systems.map((system) => system ?? ""))];
  const read = () =>
    sql<{ kid: string; system: string; sealed_key: Buffer; wrapped_key: Buffer }>`
      SELECT kid, system, sealed_key, wrapped_key FROM evidence_kek WHERE org = ${org} AND month = ${month} AND system = ANY(${names}::text[])`.execute(
      tx,
    );
  let { rows } = await read();
  const present = new Set(rows.map((row) => row.system));
  const lacking = names.filter((name) => !present.has(name));
  for (const system of lacking) {
    const kid = `kek_${Buffer.from(keys.random(new Uint8Array(12))).toString("hex")}`;
    const sealed = sealValue(
      keys.masterKey,
      Buffer.from(keys.random(new Uint8Array(32))).toString("base64"),
      context(org, kid),
      keys.random,
    );
    await sql`INSERT INTO evidence_kek (org, kid, system, month, sealed_key, wrapped_key)
      VALUES (${org}, ${kid}, ${system}, ${month}, ${Buffer.from(sealed.ciphertext)}, ${Buffer.from(sealed.wrappedKey)}) ON CONFLICT DO NOTHING`.execute(
      tx,
    );
  }
  if (lacking.length > 0) ({ rows } = await read());
  return rows.map((row) => ({
    kid: row.kid,
    system: row.system === "" ? null : row.system,
    key: openKey(keys, org, row),
  }));
}

function openKey(
  keys: LogKeys,
  org: string,
  row: { kid: string; sealed_key: Buffer; wrapped_key: Buffer },
): Uint8Array {
  return Buffer.from(
    openValue(keys.masterKey, { ciphertext: row.sealed_key, wrappedKey: row.wrapped_key }, context(org, row.kid)),
    "base64",
  );
}

/** The wrapper of one key-encryption key; undefined once it was destroyed. */
export async function wrapperOf(tx: Tx, keys: LogKeys, org: string, kid: string): Promise<KeyWrapper | undefined> {
  const { rows } = await sql<{ kid: string; sealed_key: Buffer; wrapped_key: Buffer }>`
    SELECT kid, sealed_key, wrapped_key FROM evidence_kek WHERE org = ${org} AND kid = ${kid}`.execute(tx);
  return rows[0] ? keyWrapper(kid, openKey(keys, org, rows[0])) : undefined;
}
