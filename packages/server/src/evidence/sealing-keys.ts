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

/** Whose key, and how long what it opens is kept: the class of its entries, '' for the control plane's own. */
export interface SealingScope {
  readonly system: string | null;
  readonly retention: string;
}

const context = (org: string, kid: string) => JSON.stringify(["mandate.kek/1", org, kid]);
const monthOf = (now: number) => new Date(now).toISOString().slice(0, 7);

/**
 * Key-encryption keys of the month for these systems, made where they lack. A key for each system, retention class and
 * month lets retention end whole months without touching single entries.
 */
export async function sealingKeys(
  tx: Tx,
  keys: LogKeys,
  org: string,
  scopes: readonly SealingScope[],
  now: number,
): Promise<SealingKeyRow[]> {
  const month = monthOf(now);
  const wanted = new Map(scopes.map(({ system, retention }) => [`${system ?? ""}\n${retention}`, { system: system ?? "", retention }]));
  const names = [...wanted.values()];
  const read = () =>
    sql<{ kid: string; system: string; retention: string }>`
      SELECT kid, k.system, k.retention FROM evidence_kek k
      JOIN unnest(${names.map((one) => one.system)}::text[], ${names.map((one) => one.retention)}::text[]) AS w(system, retention)
        ON k.system = w.system AND k.retention = w.retention
      WHERE org = ${org} AND month = ${month} AND retired_at IS NULL`.execute(tx);
  let { rows } = await read();
  const present = new Set(rows.map((row) => `${row.system}\n${row.retention}`));
  const lacking = [...wanted].filter(([name]) => !present.has(name));
  const made = lacking.map(([, scope]) => {
    const kid = `kek_${Buffer.from(keys.random(new Uint8Array(12))).toString("hex")}`;
    return { ...scope, kid, ...sealValue(keys.masterKey, Buffer.from(keys.random(new Uint8Array(32))).toString("base64"), context(org, kid), keys.random) };
  });
  if (made.length > 0) {
    const column = <T>(of: (one: (typeof made)[number]) => T): T[] => made.map(of);
    await sql`INSERT INTO evidence_kek (org, kid, system, month, retention, sealed_key, wrapped_key)
      SELECT ${org}, m.kid, m.system, ${month}, m.retention, m.sealed_key, m.wrapped_key
      FROM unnest(${column((one) => one.kid)}::text[], ${column((one) => one.system)}::text[], ${column((one) => one.retention)}::text[], ${column((one) => Buffer.from(one.ciphertext))}::bytea[], ${column((one) => Buffer.from(one.wrappedKey))}::bytea[])
        AS m(kid, system, retention, sealed_key, wrapped_key) ON CONFLICT DO NOTHING`.execute(tx);
    ({ rows } = await read());
  }
  const opened = openedOf(keys.masterKey, org, month);
  const closed = rows.filter((row) => !opened.has(row.kid)).map((row) => row.kid);
  if (closed.length > 0) {
    const sealed = await sql<{ kid: string; system: string; sealed_key: Buffer; wrapped_key: Buffer }>`SELECT kid, system, sealed_key, wrapped_key FROM evidence_kek WHERE org = ${org} AND kid = any(${closed})`.execute(tx);
    for (const row of sealed.rows) opened.set(row.kid, { kid: row.kid, system: row.system === "" ? null : row.system, key: openKey(keys, org, row) });
  }
  return rows.map((row) => opened.get(row.kid)!);
}

/** Keys of the month that this process opened: a key never changes under its id, so each is opened once. */
const openedKeys = new WeakMap<Uint8Array, Map<string, { readonly month: string; readonly keys: Map<string, SealingKeyRow> }>>();

function openedOf(masterKey: Uint8Array, org: string, month: string): Map<string, SealingKeyRow> {
  const byOrg = openedKeys.get(masterKey) ?? new Map<string, { readonly month: string; readonly keys: Map<string, SealingKeyRow> }>();
  openedKeys.set(masterKey, byOrg);
  let opened = byOrg.get(org);
  // Last month's aren't kept longer than anybody needs them: what they opened may have to be forgotten.
  if (opened?.month !== month) byOrg.set(org, (opened = { month, keys: new Map() }));
  return opened.keys;
}

/**
 * Retires the current keys: the next snapshot brings new ones, and what the old ones wrapped still opens.
 * @returns how many were retired
 */
export async function retireSealingKeys(tx: Tx, org: string, now: number): Promise<number> {
  const { rows } = await sql<{ kid: string }>`UPDATE evidence_kek SET retired_at = ${new Date(now)} WHERE org = ${org} AND retired_at IS NULL AND month = ${monthOf(now)} RETURNING kid`.execute(tx);
  return rows.length;
}

const subjectContext = (org: string) => JSON.stringify(["mandate.subject-key/1", org]);

/** The key under which entries say whose content they hold (`subjectTag`), made at first use and kept for good. */
export async function subjectKey(tx: Tx, keys: LogKeys, org: string): Promise<Uint8Array> {
  const read = () => sql<{ sealed_key: Buffer; wrapped_key: Buffer }>`SELECT sealed_key, wrapped_key FROM evidence_subject_key WHERE org = ${org}`.execute(tx);
  let { rows } = await read();
  if (rows.length === 0) {
    const sealed = sealValue(keys.masterKey, Buffer.from(keys.random(new Uint8Array(32))).toString("base64"), subjectContext(org), keys.random);
    await sql`INSERT INTO evidence_subject_key (org, sealed_key, wrapped_key) VALUES (${org}, ${Buffer.from(sealed.ciphertext)}, ${Buffer.from(sealed.wrappedKey)}) ON CONFLICT DO NOTHING`.execute(tx);
    ({ rows } = await read());
  }
  return Buffer.from(openValue(keys.masterKey, { ciphertext: rows[0]!.sealed_key, wrappedKey: rows[0]!.wrapped_key }, subjectContext(org)), "base64");
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

/**
 * The wrapper of one key-encryption key; undefined once it was destroyed, or its content was kept long enough. INVARIANT
 * (G5): the end is compared here, so nothing opens longer because a clean-up ran late. A legal hold outranks ends.
 */
export async function wrapperOf(tx: Tx, keys: LogKeys, org: string, kid: string): Promise<KeyWrapper | undefined> {
  const { rows } = await sql<{ kid: string; sealed_key: Buffer; wrapped_key: Buffer }>`
    SELECT kid, sealed_key, wrapped_key FROM evidence_kek WHERE org = ${org} AND kid = ${kid}
      AND (ends_at IS NULL OR ends_at > ${keys.now === undefined ? sql`now()` : new Date(keys.now())}
        OR EXISTS (SELECT FROM evidence_hold h WHERE h.org = ${org} AND h.released_at IS NULL))`.execute(tx);
  return rows[0] ? keyWrapper(kid, openKey(keys, org, rows[0])) : undefined;
}
