import { entryFormats } from "@mandate/gateway/remote";
import type { JournalPush } from "@mandate/gateway/remote";
import type { JournalReader, JournalRecord } from "@mandate/gateway";
import { AppError } from "@mandate/model";
import type { Evidence } from "../evidence/index.ts";

function decode(push: JournalPush, origin: string): JournalRecord[] {
  return push.records.map(({ leaf, sealed, summary }, at) => {
    const bytes = Buffer.from(leaf, "base64");
    const seq = push.from + at;
    // INVARIANT: a gateway writes its own log and no other, in order; whoever holds its key can't speak for another.
    const header = parsed(bytes);
    // Kept unread it would stand in the log for good, and fail at whoever verifies it.
    if (!entryFormats.includes(Number(header.v)))
      throw new AppError({
        code: "gateways.entry_format",
        status: 409,
        message: `Record ${seq} of ${origin} is written in format ${String(header.v).slice(0, 20)}; this control plane reads ${entryFormats.join(", ")}.`,
        remedies: [{ text: "Upgrade the control plane first, then its gateways; the gateway keeps its journal and sends it again." }],
      });
    if (header.shard !== origin || header.seq !== seq) throw refused(`Record ${seq} is not the next one of ${origin}.`);
    return {
      seq,
      leaf: bytes,
      sealed: sealed.map((one) => ({ ct: one.ct, bytes: Buffer.from(one.bytes, "base64"), wrapped: Buffer.from(one.wrapped, "base64"), kid: one.kid })),
      summary,
    };
  });
}

function parsed(bytes: Buffer): { v?: unknown; shard?: unknown; seq?: unknown } {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function refused(message: string): AppError {
  return new AppError({ code: "gateways.journal", status: 400, message, remedies: [{ text: "Look at the gateway's log; a gateway whose volume was set back is enrolled anew." }] });
}

/** Takes pushed records into the gateway's log. @returns where the store stands afterwards */
export async function takeJournal(evidence: Evidence, origin: string, push: JournalPush, stored: number): Promise<{ taken: number; size: number; checkpointSize: number }> {
  const records = decode(push, origin);
  if (push.from > stored) throw refused(`The store holds ${stored} records; ${push.from} can't be next.`);
  let acknowledged = { size: stored, checkpointSize: 0 };
  const reader: JournalReader = {
    origin,
    writerKey: "",
    // Sending twice what is stored already changes nothing.
    read: (from) => Promise.resolve(records.filter((one) => one.seq >= from)),
    size: () => push.from + records.length,
    acknowledge: (size, checkpointSize) => {
      acknowledged = { size, checkpointSize };
      return Promise.resolve();
    },
    onDurable: () => () => undefined,
  };
  const taken = await evidence.sequence(reader);
  return { taken, ...acknowledged };
}
