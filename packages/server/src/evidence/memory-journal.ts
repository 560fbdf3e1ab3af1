import { canonicalBytes } from "@mandate/ledger";
import { keyWrapper, seal } from "@mandate/ledger/node";
import type { JournalReader, JournalRecord } from "@mandate/gateway";
import type { SealingKeyRow } from "./sealing-keys.ts";

// A gateway's journal held in memory, for tests and the benchmark: same records, no disk.

export interface MemoryJournal extends JournalReader {
  readonly records: JournalRecord[];
  readonly acknowledged: () => number;
  write(
    type: "call.intent" | "call.outcome" | "decision",
    decision: string,
    members?: Readonly<Record<string, unknown>>,
  ): void;
}

/** @param key seals every payload; @param content of each payload */
export function memoryJournal(
  origin: string,
  from: number,
  key: SealingKeyRow,
  content = "What the caller wrote.",
): MemoryJournal {
  const records: JournalRecord[] = [];
  const wrapper = keyWrapper(key.kid, key.key);
  let acknowledged = 0;
  let listener: (() => void) | undefined;
  const sealOne = (value: unknown) => {
    const sealed = seal(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
    return {
      sealed,
      record: { ct: sealed.ct, bytes: sealed.bytes, wrapped: wrapper.wrap(sealed, sealed.ct), kid: key.kid },
    };
  };
  return {
    origin,
    writerKey: "",
    records,
    acknowledged: () => acknowledged,
    async read(fromSeq, maxBytes) {
      const found: JournalRecord[] = [];
      let bytes = 0;
      for (let at = fromSeq - from; at < records.length; at++) {
        const record = records[at]!;
        bytes += record.leaf.length + record.sealed.reduce((sum, item) => sum + item.bytes.length, 0);
        if (found.length > 0 && bytes > maxBytes) break;
        found.push(record);
      }
      return found;
    },
    size: () => from + records.length,
    acknowledge: async (seq) => void (acknowledged = seq),
    onDurable(callback) {
      listener = callback;
      return () => (listener = undefined);
    },
    write(type, decision, members = {}) {
      const seq = from + records.length;
      const message = sealOne(content);
      const payload = sealOne({
        reason: "Within its terms.",
        messages: [{ ct: message.sealed.ct, pc: message.sealed.pc }],
      });
      const leaf = canonicalBytes({
        v: 1,
        type,
        id: `ent_${String(seq).padStart(26, "0")}`,
        at: new Date().toISOString(),
        shard: origin,
        seq,
        seen: 0,
        decision,
        outcome: "allow",
        ...(key.system === null ? {} : { system: key.system }),
        policy: "p1",
        register: 3,
        retention: "T2",
        ct: payload.sealed.ct,
        pc: payload.sealed.pc,
        kid: key.kid,
        ...members,
      });
      records.push({
        seq,
        leaf,
        sealed: [message.record, payload.record],
        summary: {
          action: "model.call",
          resource: "model:gpt-test",
          reason: "Within its terms.",
          surface: "openai-chat",
        },
      });
      listener?.();
    },
  };
}
