import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export interface Passkey {
  readonly id: string;
  readonly personId: string;
  /** base64url */
  readonly credentialId: string;
  readonly publicKeyCose: Uint8Array<ArrayBuffer>;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeySpki: Uint8Array<ArrayBuffer>;
  readonly rpId: string;
  readonly signCount: number;
  readonly name: string;
  readonly transports: readonly string[];
  readonly deviceType: "singleDevice" | "multiDevice";
  readonly backedUp: boolean;
  readonly addedByWayOf: "invitation" | "sign-in" | "passkey" | "administrators";
  /** Until then it signs nothing at T2 or above. */
  readonly coolingUntil: Date | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly blockedAt: Date | null;
  readonly removedAt: Date | null;
}

interface PasskeyRow {
  id: string;
  person_id: string;
  credential_id: string;
  public_key_cose: Buffer<ArrayBuffer>;
  public_key_spki: Buffer<ArrayBuffer>;
  rp_id: string;
  sign_count: string;
  name: string;
  transports: string[];
  device_type: Passkey["deviceType"];
  backed_up: boolean;
  added_by_way_of: Passkey["addedByWayOf"];
  cooling_until: Date | null;
  created_at: Date;
  last_used_at: Date | null;
  blocked_at: Date | null;
  removed_at: Date | null;
}

function fromRow(row: PasskeyRow): Passkey {
  return {
    id: row.id,
    personId: row.person_id,
    credentialId: row.credential_id,
    publicKeyCose: new Uint8Array(row.public_key_cose),
    publicKeySpki: new Uint8Array(row.public_key_spki),
    rpId: row.rp_id,
    signCount: Number(row.sign_count),
    name: row.name,
    transports: row.transports,
    deviceType: row.device_type,
    backedUp: row.backed_up,
    addedByWayOf: row.added_by_way_of,
    coolingUntil: row.cooling_until,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    blockedAt: row.blocked_at,
    removedAt: row.removed_at,
  };
}

/** Those a person can use now, oldest first. */
export async function passkeysOf(tx: Tx, org: string, personId: string): Promise<readonly Passkey[]> {
  const { rows } = await sql<PasskeyRow>`select * from passkeys where org = ${org} and person_id = ${personId} and removed_at is null order by created_at, id`.execute(tx);
  return rows.map(fromRow);
}

/** By credential id, removed ones too; locked, so that two uses of one counter stand in order. */
export async function lockPasskey(tx: Tx, org: string, credentialId: string): Promise<Passkey | undefined> {
  const { rows } = await sql<PasskeyRow>`select * from passkeys where org = ${org} and credential_id = ${credentialId} for update`.execute(tx);
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** True once the person ever had one, removed ones included: a reset is not a first enrolment. */
export async function everHadPasskey(tx: Tx, org: string, personId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from passkeys where org = ${org} and person_id = ${personId} limit 1`.execute(tx);
  return rows.length > 0;
}

export async function insertPasskey(tx: Tx, org: string, passkey: Passkey): Promise<void> {
  await sql`insert into passkeys (org, id, person_id, credential_id, public_key_cose, public_key_spki, rp_id, sign_count, name, transports, device_type, backed_up, added_by_way_of, cooling_until, created_at)
    values (${org}, ${passkey.id}, ${passkey.personId}, ${passkey.credentialId}, ${Buffer.from(passkey.publicKeyCose)}, ${Buffer.from(passkey.publicKeySpki)}, ${passkey.rpId}, ${passkey.signCount},
      ${passkey.name}, ${[...passkey.transports]}, ${passkey.deviceType}, ${passkey.backedUp}, ${passkey.addedByWayOf}, ${passkey.coolingUntil}, ${passkey.createdAt})`.execute(tx);
}

export async function noteUse(tx: Tx, org: string, id: string, use: { readonly signCount: number; readonly backedUp: boolean; readonly at: Date }): Promise<void> {
  await sql`update passkeys set sign_count = ${use.signCount}, backed_up = ${use.backedUp}, last_used_at = ${use.at} where org = ${org} and id = ${id}`.execute(tx);
}
