import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export const noticeKinds = [
  "approval.asked",
  "approval.reminder",
  "approval.decided",
  "authorization.ending",
  "condition.unmet",
  "reassessment.opened",
  "finding.opened",
  "exception.ending",
  "incident.opened",
  "incident.deadline",
  "owner.vacant",
  "owner.changed",
  "break_glass.used",
  "passkey.changed",
  "person.invited",
  "delegation.granted",
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export interface Notice {
  readonly kind: NoticeKind;
  /** One question, one thread: its outcome updates the message that asked. */
  readonly thread: string;
  readonly system: string | null;
  /** E-mails, lower case. */
  readonly to: readonly string[];
  /** One line. Never content of a call: it travels outside. */
  readonly subject: string;
  readonly lines: readonly string[];
  /** Path on the console, where everything else is read after signing in. No message acts by itself. */
  readonly path: string;
}

export interface Notifying {
  readonly org: string;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

/** Tells people something, in the transaction of what it tells of. Nobody to tell: nothing is written. */
export async function notify(tx: Tx, by: Notifying, notice: Notice): Promise<void> {
  const to = [...new Set(notice.to.map((email) => email.toLowerCase()))];
  if (to.length === 0) return;
  await sql`insert into notifications (org, id, kind, thread, system, recipients, subject, lines, path, created_at)
    values (${by.org}, ${newId("notification", by.now(), by.random)}, ${notice.kind}, ${notice.thread}, ${notice.system}, ${to}, ${notice.subject}, ${[...notice.lines]}, ${notice.path}, ${new Date(by.now())})`.execute(tx);
}
