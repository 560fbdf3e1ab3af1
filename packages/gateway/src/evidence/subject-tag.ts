import { createHmac } from "node:crypto";

/**
 * Hides whose content an entry is: 32 hex digits of HMAC-SHA-256. Subjects are few and easily guessed, so a plain hash
 * would name them; whoever lacks the organization's key learns nothing.
 * @param subject `ISSUER#SUBJECT`, as the verified token names the person
 */
export function subjectTag(key: Uint8Array, subject: string): string {
  return createHmac("sha256", key).update(`mandate.subject/1\n${subject}`).digest("hex").slice(0, 32);
}
