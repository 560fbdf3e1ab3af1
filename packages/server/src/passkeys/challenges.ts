import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

const randomBytes = 16;
const timeBytes = 6;
const macBytes = 32;

/**
 * Challenges that need no row before they are answered: random bytes, an end, and a MAC over both and the purpose. Anyone
 * may ask for one, so asking must cost no storage; an answered one is remembered until its end.
 */
export interface Challenges {
  /** @param purpose what the answer will be good for, with person and session where there is one */
  issue(purpose: readonly string[], nowMs: number): Uint8Array;
  /**
   * Accepts a challenge for this purpose, once.
   * @throws AppError `passkeys.challenge` (403): ended, answered before, or meant for something else
   */
  spend(tx: Tx, org: string, challenge: Uint8Array, purpose: readonly string[], nowMs: number): Promise<void>;
}

export const challengeLifetimeMs = 5 * 60_000;

export function createChallenges(masterKey: Uint8Array, org: string, random: (bytes: Uint8Array) => Uint8Array): Challenges {
  const key = Buffer.from(hkdfSync("sha256", masterKey, "", JSON.stringify(["mandate.challenge/1", org]), 32));
  const mac = (start: Uint8Array, purpose: readonly string[]): Buffer => createHmac("sha256", key).update(start).update(JSON.stringify(purpose)).digest();
  return {
    issue(purpose, nowMs) {
      const start = Buffer.alloc(randomBytes + timeBytes);
      random(new Uint8Array(start.buffer, start.byteOffset, randomBytes));
      start.writeUIntBE(nowMs + challengeLifetimeMs, randomBytes, timeBytes);
      return Buffer.concat([start, mac(start, purpose)]);
    },
    async spend(tx, org, challenge, purpose, nowMs) {
      const bytes = Buffer.from(challenge);
      if (bytes.length !== randomBytes + timeBytes + macBytes) throw notOurs();
      const start = bytes.subarray(0, randomBytes + timeBytes);
      if (!timingSafeEqual(bytes.subarray(randomBytes + timeBytes), mac(start, purpose))) throw notOurs();
      const endsMs = start.readUIntBE(randomBytes, timeBytes);
      if (endsMs <= nowMs) throw notOurs();
      await sql`delete from spent_challenges where org = ${org} and ends_at <= ${new Date(nowMs)}`.execute(tx);
      const hash = createHash("sha256").update(bytes).digest("hex");
      const { rows } = await sql`insert into spent_challenges (org, challenge_hash, ends_at) values (${org}, ${hash}, ${new Date(endsMs)}) on conflict do nothing returning 1`.execute(tx);
      if (rows.length === 0) throw notOurs();
    },
  };
}

/** Bytes of the challenge that a client signed, as it claims: checked against our MAC before anything rests on it. */
export function claimedChallenge(clientDataJSON: string): Uint8Array {
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString("utf8"));
    if (typeof data === "object" && data !== null && "challenge" in data && typeof data.challenge === "string") return Buffer.from(data.challenge, "base64url");
  } catch {
    // Not JSON: not ours either.
  }
  throw notOurs();
}

function notOurs(): AppError {
  return new AppError({
    code: "passkeys.challenge",
    status: 403,
    message: "This question to the passkey has ended, was answered before, or was asked for something else.",
    remedies: [{ text: "Load the page again and answer within five minutes." }],
  });
}
