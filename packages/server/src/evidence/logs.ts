import { sql } from "kysely";
import { signCheckpoint, emptyRoot } from "@mandate/ledger";
import { generateSigner, signerFromPem } from "@mandate/ledger/node";
import type { NodeSigner } from "@mandate/ledger/node";
import type { Tx } from "../database/index.ts";
import { openValue, sealValue } from "../secrets/index.ts";

export interface LogRow {
  readonly origin: string;
  readonly writer: string;
  readonly epoch: number;
  readonly vkey: string;
  readonly size: number;
  /** Signed note at `size`. */
  readonly head: string;
  readonly closed: boolean;
}

export interface LogKeys {
  readonly masterKey: Uint8Array;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  /** Epoch milliseconds: content opens until its end. Absent: the database's clock. */
  readonly now?: () => number;
}

/** Name of the writer whose log takes every other log's checkpoints. */
export const metaWriter = "meta";
/** Name of the control plane's own writer. */
export const controlWriter = "control";

/** `<host>/<organization>/<writer>/<epoch>`: no white space and no `+`, as C2SP signed-note asks of key names. */
export function originOf(host: string, organization: string, writer: string, epoch: number): string {
  return `${host}/${organization}/${writer}/${epoch}`;
}

const keyContext = (org: string, origin: string) => JSON.stringify(["mandate.log-key/1", org, origin]);

/** Creates an empty log with a key of its own; the key is stored sealed under the master key. */
export async function createLog(
  tx: Tx,
  keys: LogKeys,
  log: { org: string; origin: string; writer: string; epoch: number; now: Date },
): Promise<NodeSigner> {
  const signer = generateSigner(log.origin);
  const sealed = sealValue(keys.masterKey, signer.exportPem(), keyContext(log.org, log.origin), keys.random);
  const head = signCheckpoint({ origin: log.origin, size: 0, root: emptyRoot() }, [signer]);
  await sql`INSERT INTO evidence_log (org, origin, writer, epoch, vkey, sealed_key, wrapped_key, size, root, frontier, head, created_at)
    VALUES (${log.org}, ${log.origin}, ${log.writer}, ${log.epoch}, ${signer.vkey}, ${Buffer.from(sealed.ciphertext)}, ${Buffer.from(sealed.wrappedKey)},
      0, ${Buffer.from(emptyRoot())}, ${Buffer.alloc(0)}, ${head}, ${log.now})`.execute(tx);
  return signer;
}

/** @returns the log's signer, or undefined when there is no such log. Throws when the master key is another one. */
export async function openSigner(tx: Tx, keys: LogKeys, org: string, origin: string): Promise<NodeSigner | undefined> {
  const { rows } = await sql<{ sealed_key: Buffer; wrapped_key: Buffer }>`
    SELECT sealed_key, wrapped_key FROM evidence_log WHERE org = ${org} AND origin = ${origin}`.execute(tx);
  const row = rows[0];
  if (row === undefined) return undefined;
  return signerFromPem(
    origin,
    openValue(keys.masterKey, { ciphertext: row.sealed_key, wrappedKey: row.wrapped_key }, keyContext(org, origin)),
  );
}

/** Every log of the organization, the meta-log last. */
export async function listLogs(tx: Tx, org: string): Promise<LogRow[]> {
  const { rows } = await sql<{
    origin: string;
    writer: string;
    epoch: number;
    vkey: string;
    size: string;
    head: string;
    closed: boolean;
  }>`
    SELECT origin, writer, epoch, vkey, size, head, closed_at IS NOT NULL AS closed FROM evidence_log WHERE org = ${org}
    ORDER BY writer = ${metaWriter}, created_at, origin`.execute(tx);
  return rows.map((row) => ({ ...row, size: Number(row.size) }));
}
