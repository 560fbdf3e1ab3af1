import { sql } from "kysely";
import { newId } from "@mandate/model";
import type { EntryHeader } from "@mandate/model";
import { canonicalBytes, toBase64 } from "@mandate/ledger";
import type { Json } from "@mandate/ledger";
import { keyWrapper, seal } from "@mandate/ledger/node";
import type { NodeSigner } from "@mandate/ledger/node";
import type { JournalReader } from "@mandate/gateway";
import type { Actor, MutationEvidence } from "../command.ts";
import type { Database, Tx } from "../database/index.ts";
import { appendLeaves, holdOpenLog, logClosed, prepareBatch, readHead, requireMoved, takeBatch } from "./append.ts";
import type { BatchEntry, LogHead, PreparedBatch } from "./append.ts";
import { decisionRows, isIndexed } from "./decisions.ts";
import type { IndexedEntry } from "./decisions.ts";
import { controlWriter, createLog, listLogs, metaWriter, openSigner, originOf } from "./logs.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { closeLog, rotateLog } from "./epochs.ts";
import type { ClosedLog, RotatedLog } from "./epochs.ts";
import { openHead } from "./read-log.ts";
import { assertWhole } from "./assert-whole.ts";
import { takeCounts } from "./system-counts.ts";
import { retireSealingKeys, sealingKeys, subjectKey } from "./sealing-keys.ts";
import type { SealingKeyRow, SealingScope } from "./sealing-keys.ts";
import { keptCheckpoints } from "./start-check.ts";

export interface EvidenceOptions extends LogKeys {
  readonly db: Database;
  readonly org: string;
  /** Host part of every origin, for example `localhost`. */
  readonly host: string;
  /** Organization part of every origin. */
  readonly organization: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** `<data dir>/checkpoints`: our own copy of the newest checkpoints, compared at the start. Absent: no comparison. */
  readonly checkpointsDir?: string;
}

/** What somebody changed, by whom, and at which register version. */
export type ControlEntry = MutationEvidence & { readonly actor: Actor; readonly register: number };

/** The organization's evidence store: its own control log, the gateways' logs, the meta-log over all of them. */
export interface Evidence {
  /** One entry of the control log, in the transaction of what it proves. */
  appendInTransaction(tx: Tx, entry: ControlEntry): Promise<void>;
  /** Several of them, in their order. */
  appendAllInTransaction(tx: Tx, entries: readonly ControlEntry[]): Promise<void>;
  /** The log of a gateway's writer, made at first use. Its origin names what the gateway's journal writes. */
  ensureLog(writer: string): Promise<{ origin: string; size: number }>;
  /**
   * Takes what a journal holds beyond the stored size; safe to run twice or twice at once.
   * @returns entries taken
   */
  sequence(journal: JournalReader): Promise<number>;
  /**
   * Publishes a checkpoint of every log that grew, and enters it in the meta-log; once a minute with how many entries each
   * system has there.
   * @param publishing `counts: "now"`: whatever the minute, since a pack or a population is to rest on them
   */
  publishCheckpoints(publishing?: { readonly counts: "now" }): Promise<void>;
  sealingKeys(systems: readonly (string | null | SealingScope)[]): Promise<SealingKeyRow[]>;
  /** Hides whose content an entry is. */
  subjectKey(): Promise<Uint8Array>;
  /** Retires this month's keys; the next `sealingKeys` makes others. */
  retireSealingKeys(tx: Tx): Promise<number>;
  logs(): Promise<LogRow[]>;
  /** Reads something in this organization. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  readonly metaOrigin: string;
  /** Of the control log as this process last knew it; inside a transaction ask `controlLog`. */
  readonly controlOrigin: string;
  readonly org: string;
  /** Where the entries of this transaction will stand, held until it ends. */
  controlLog(tx: Tx): Promise<{ readonly origin: string; readonly size: number }>;
  /**
   * Replaces the key of a log that this process writes: closes it and begins its writer's next one, in this transaction.
   * @param at the size that its writer says it ends with; null: whatever it is
   * @throws AppError `evidence.not_rotatable` (409), `evidence.fenced` (503)
   */
  rotateLog(tx: Tx, origin: string, at: number | null): Promise<RotatedLog>;
  /** Origin of the writer's open log, once whoever may be replacing it is done. */
  openOrigin(writer: string): Promise<string>;
  /**
   * Closes logs that nobody writes any more, as entries of the meta-log.
   * @param lost `unknown` unless counted
   */
  closeLost(origins: readonly string[]): Promise<void>;
  /**
   * Closes every log and begins the next epoch of meta-log and control log, with keys of their own; gateways begin theirs when
   * they next write. The new meta-log states every closed log again, so that it covers all alone. This object writes
   * nothing afterwards: open the store anew.
   */
  beginEpoch(epoch: { readonly reason: "rotated" | "restored"; readonly lost: ReadonlyMap<string, number> }): Promise<{ readonly closed: readonly string[]; readonly metaOrigin: string }>;
  /** As `signerOf`, of a closed log too. */
  openSigner(origin: string): Promise<NodeSigner>;
  /** Signer of a log that this installation holds. */
  signerOf(origin: string): NodeSigner;
}

const scopeOf = (wanted: string | null | SealingScope): SealingScope =>
  typeof wanted === "object" && wanted !== null ? wanted : { system: wanted, retention: "" };

/** An idle installation still shows that it lives (LEDGER, Publication). */
const heartbeatMs = 3_600_000;

/** A larger store starts on its heads, tiles' edges and kept checkpoints; `rehash` goes through all of it. */
export const entriesCheckedAtStart = 200_000;

/** Reasons known to be in the index; what is forgotten is looked up again. */
const reasonsRemembered = 10_000;

/** Counts of ten thousand systems are some 300 KB: with each checkpoint they would outgrow what they count. */
const countsEveryMs = 60_000;

/** Bytes of journal taken in one transaction. */
const batchBytes = 1 << 20;
/** Entries of one transaction that move the head together. */
const entriesPerBatch = 512;

/**
 * Opens the store: creates control log and meta-log at the first start.
 * @throws AppError `evidence.rolled_back`, `evidence.altered` (500) when the store contradicts its heads or the kept checkpoints
 */
export async function openEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { db, org, now, random } = options;
  const keys: LogKeys = { masterKey: options.masterKey, random };
  const signers = new Map<string, NodeSigner>();
  const heads = new Map<string, LogHead>();
  /** Sizes of the newest checkpoints, for the batches that follow. */
  const published = new Map<string, number>();

  const kept = options.checkpointsDir === undefined ? null : keptCheckpoints(options.checkpointsDir);
  if (kept !== null) {
    await kept.check(db, org);
    await assertWhole(db, org, { atMost: entriesCheckedAtStart });
  }
  let beatMs = now();
  let countedMs = Number.NEGATIVE_INFINITY;

  // A log keeps the origin it was made with: another public address must not start a second history.
  const nextEpoch = (writer: string, logs: readonly LogRow[]): number => Math.max(0, ...logs.filter((log) => log.writer === writer).map((log) => log.epoch)) + 1;
  const nextOf = (writer: string, logs: readonly LogRow[]): { origin: string; epoch: number } => {
    const epoch = nextEpoch(writer, logs);
    return { epoch, origin: originOf(options.host, options.organization, writer, epoch) };
  };
  const openOf = (writer: string, logs: readonly LogRow[]): LogRow | undefined => logs.findLast((log) => log.writer === writer && !log.closed);
  let isReplaced = false;

  const header = (type: EntryHeader["type"], shard: string, head: LogHead): EntryHeader => ({
    v: 1,
    type,
    id: newId("entry", now(), random),
    at: new Date(now()).toISOString(),
    shard,
    seq: head.size,
    seen: head.checkpointSize,
  });

  async function appendMeta(
    tx: Tx,
    entries: readonly { type: "log.created" | "log.checkpoint" | "log.closed"; members: Record<string, Json> }[],
  ): Promise<void> {
    let head = await readHead(tx, org, metaOrigin, true);
    const leaves: BatchEntry[] = [];
    for (const { type, members } of entries) {
      const leaf = canonicalBytes({
        ...header(type, metaOrigin, head),
        seq: head.size + leaves.length,
        ...members,
      });
      leaves.push({ leaf, sealed: [] });
    }
    head = await appendLeaves(tx, org, signers.get(metaOrigin)!, head, leaves);
  }

  /** One batch, so one move of the head: a transaction that proves a thousand changes costs the log little more than one. */
  async function appendControl(tx: Tx, entries: readonly ControlEntry[]): Promise<void> {
    const keks = new Map((await sealingKeys(tx, keys, org, entries.map((entry) => scopeOf(entry.system ?? null)), now())).map((kek) => [kek.system, kek]));
    if (isReplaced) throw logClosed("a new epoch has begun");
    const head = await holdOpenLog(tx, org, controlWriter);
    controlOrigin = head.origin;
    const leaves = entries.map((entry, at): BatchEntry => {
      const kek = keks.get(entry.system ?? null)!;
      const { kind, id, email, roles, proof } = entry.actor;
      const sealed = seal(Buffer.from(JSON.stringify({ ...entry.payload, actor: { kind, id, email, roles, proof } })));
      const leaf = canonicalBytes({
        ...header(entry.type, head.origin, head),
        seq: head.size + at,
        ...(entry.system === undefined ? {} : { system: entry.system }),
        ...(entry.approvals === undefined ? {} : { approvals: entry.approvals }),
        ...(entry.commits === undefined ? {} : { commits: entry.commits }),
        ...(entry.audit === undefined ? {} : { audit: entry.audit }),
        ...(entry.erased === undefined ? {} : { erased: entry.erased }),
        register: entry.register,
        ct: sealed.ct,
        pc: sealed.pc,
        kid: kek.kid,
        retention: "control",
      });
      return { leaf, sealed: [{ ct: sealed.ct, bytes: sealed.bytes, wrapped: keyWrapper(kek.kid, kek.key).wrap(sealed, sealed.ct), kid: kek.kid }] };
    });
    await appendLeaves(tx, org, await signerFor(tx, head), head, leaves);
  }

  async function openLog(writer: string): Promise<{ origin: string; size: number }> {
    const { origin, signer, size } = await db.transaction(org, async (tx) => {
      const logs = await listLogs(tx, org);
      const existing = openOf(writer, logs);
      if (existing) return { origin: existing.origin, signer: (await openSigner(tx, keys, org, existing.origin))!, size: existing.size };
      const { origin: made, epoch } = nextOf(writer, logs);
      const created = await createLog(tx, keys, { org, origin: made, writer, epoch, now: new Date(now()) });
      if (writer === metaWriter) {
        metaOrigin = made;
        signers.set(made, created);
      }
      await appendMeta(tx, [{ type: "log.created", members: { log: made, vkey: created.vkey } }]);
      return { origin: made, signer: created, size: 0 };
    });
    signers.set(origin, signer);
    return { origin, size };
  }

  /** A key opened in a transaction that was rolled back is another than the log has now: compared, never trusted by name. */
  async function signerFor(tx: Tx, log: { readonly origin: string; readonly vkey: string }): Promise<NodeSigner> {
    const known = signers.get(log.origin);
    if (known?.vkey === log.vkey) return known;
    const opened = (await openSigner(tx, keys, org, log.origin))!;
    signers.set(log.origin, opened);
    return opened;
  }

  let metaOrigin = "";
  metaOrigin = (await openLog(metaWriter)).origin;
  let { origin: controlOrigin } = await openLog(controlWriter);

  const knownReasons = new Set<string>();
  const rememberReasons = (reasons: readonly string[]): void => {
    if (knownReasons.size + reasons.length > reasonsRemembered) knownReasons.clear();
    for (const reason of reasons) knownReasons.add(reason);
  };

  /** What the journal holds beyond a head, ready to be written; undefined when nothing is. */
  async function nextBatch(journal: JournalReader, signer: NodeSigner, from: LogHead): Promise<PreparedBatch | undefined> {
    const { origin } = journal;
    if (journal.size() <= from.size) return undefined;
    const records = await journal.read(from.size, batchBytes);
    if (records.length === 0) return undefined;
    const entries: IndexedEntry[] = [];
    const headers: EntryHeader[] = [];
    records.forEach((record, at) => {
      if (record.seq !== from.size + at) throw new TypeError(`journal of \`${origin}\` skips from ${from.size + at} to ${record.seq}`);
      const parsed = JSON.parse(Buffer.from(record.leaf).toString("utf8")) as EntryHeader;
      headers.push(parsed);
      if (isIndexed(parsed)) entries.push({ header: parsed, ref: { log: origin, index: record.seq }, summary: record.summary });
    });
    return prepareBatch(signer, from, records, decisionRows(org, entries, knownReasons), headers);
  }

  return {
    org,
    metaOrigin,
    get controlOrigin() {
      return controlOrigin;
    },
    controlLog: (tx) => holdOpenLog(tx, org, controlWriter),
    openOrigin: (writer) => db.transaction(org, async (tx) => (await holdOpenLog(tx, org, writer)).origin),
    openSigner: async (origin) => (await db.read(org, (tx) => openSigner(tx, keys, org, origin)))!,
    signerOf: (origin) => signers.get(origin)!,
    read: (work) => db.read(org, work),
    ensureLog: openLog,
    logs: () => db.read(org, (tx) => listLogs(tx, org)),
    sealingKeys: (systems) => db.transaction(org, (tx) => sealingKeys(tx, keys, org, systems.map(scopeOf), now())),
    subjectKey: () => db.transaction(org, (tx) => subjectKey(tx, keys, org)),
    retireSealingKeys: (tx) => retireSealingKeys(tx, org, now()),

    appendInTransaction: (tx, entry) => appendControl(tx, [entry]),

    async appendAllInTransaction(tx, entries) {
      for (let at = 0; at < entries.length; at += entriesPerBatch) await appendControl(tx, entries.slice(at, at + entriesPerBatch));
    },

    async rotateLog(tx, origin, at) {
      const { signer, ...rotated } = await rotateLog(tx, keys, org, { origin, at, nowMs: now() }, (entries) => appendMeta(tx, entries));
      signers.set(rotated.origin, signer);
      return rotated;
    },

    async closeLost(origins) {
      await db.transaction(org, async (tx) => {
        const open = (await listLogs(tx, org)).filter((log) => origins.includes(log.origin) && !log.closed);
        for (const log of open) {
          const { members, size } = await closeLog(tx, keys, org, log, { reason: "lost", nowMs: now() });
          const counts = await takeCounts(tx, org, log.origin, size, "all");
          await appendMeta(tx, (counts.length > 0 ? counts : [{}]).map((sealed) => ({ type: "log.closed" as const, members: { ...members, ...sealed } })));
        }
      });
    },

    async beginEpoch({ reason, lost }) {
      const begun = await db.transaction(org, async (tx) => {
        const known = await listLogs(tx, org);
        const open = known.filter((log) => !log.closed);
        const closed: ClosedLog[] = [];
        for (const log of open) {
          const missing = lost.get(log.origin);
          closed.push(await closeLog(tx, keys, org, log, { reason, nowMs: now(), ...(missing === undefined ? {} : { lost: missing }) }));
        }
        const at = new Date(now());
        const create = async (writer: string): Promise<{ origin: string; signer: NodeSigner }> => {
          const { epoch, origin } = nextOf(writer, known);
          return { origin, signer: await createLog(tx, keys, { org, origin, writer, epoch, now: at }) };
        };
        const control = await create(controlWriter);
        const meta = await create(metaWriter);
        // Logs closed in earlier epochs too: the new meta-log has to name all that there ever were.
        const sealedCounts = async (origin: string, size: number, members: Record<string, Json>): Promise<{ type: "log.closed"; members: Record<string, Json> }[]> => {
          const counts = await takeCounts(tx, org, origin, size, "all");
          return (counts.length > 0 ? counts : [{}]).map((sealed) => ({ type: "log.closed", members: { ...members, ...sealed } }));
        };
        const before = (await listLogs(tx, org)).filter((log) => log.closed && !closed.some((one) => one.origin === log.origin));
        const entries: { type: "log.created" | "log.closed"; members: Record<string, Json> }[] = [{ type: "log.created", members: { log: meta.origin, vkey: meta.signer.vkey } }];
        for (const log of before)
          entries.push({ type: "log.created", members: { log: log.origin, vkey: log.vkey } }, ...(await sealedCounts(log.origin, log.size, { log: log.origin, size: log.size, root: toBase64(openHead(log).root) })));
        for (const one of closed) entries.push({ type: "log.created", members: { log: one.origin, vkey: one.vkey } }, ...(await sealedCounts(one.origin, one.size, one.members)));
        entries.push({ type: "log.created", members: { log: control.origin, vkey: control.signer.vkey } });
        let head = await readHead(tx, org, meta.origin, true);
        const leaves = entries.map(({ type, members }, i) => ({ leaf: canonicalBytes({ ...header(type, meta.origin, head), seq: i, ...members }), sealed: [] }));
        head = await appendLeaves(tx, org, meta.signer, head, leaves);
        // Another log, which witnesses don't know yet: nobody has signed anything of it.
        await sql`UPDATE evidence_witness SET size = 0, signed_at = NULL, failing = NULL WHERE org = ${org}`.execute(tx);
        return { closed: closed.map((one) => one.origin), metaOrigin: meta.origin };
      });
      isReplaced = true;
      return begun;
    },

    async sequence(journal) {
      const { origin } = journal;
      const signer = signers.get(origin);
      if (!signer) throw new TypeError(`no log \`${origin}\` is open`);
      // The head kept from the last batch saves a read; after any failure it is read anew.
      let known = heads.get(origin) ?? (await db.read(org, (tx) => readHead(tx, org, origin, false)));
      heads.delete(origin);
      let taken = 0;
      /** The batch before, while the database writes it: the next is read, hashed and signed meanwhile. */
      let writing: Promise<void> = Promise.resolve();
      let told: Promise<void> = Promise.resolve();
      for (;;) {
        const from = { ...known, checkpointSize: Math.max(known.checkpointSize, published.get(origin) ?? 0) };
        const next = await nextBatch(journal, signer, from).catch(async (error: unknown) => {
          // What is under way ends first, or the caller would begin again beside it.
          await Promise.allSettled([writing, told]);
          throw error;
        });
        await writing;
        if (next === undefined) {
          // More may have become durable while the last one was written.
          if (journal.size() > from.size) continue;
          await told;
          heads.set(origin, from);
          return taken;
        }
        known = next.head;
        writing = db.statement(takeBatch(org, origin, from, next)).then((rows) => requireMoved(rows, origin, from));
        told = Promise.all([told, writing]).then(async () => {
          rememberReasons(next.decisions.reasons);
          taken += next.head.size - from.size;
          await journal.acknowledge(next.head.size, next.head.checkpointSize);
        });
        // Awaited in the next turn: until then a failure is nobody's.
        told.catch(() => undefined);
        writing.catch(() => undefined);
      }
    },

    async publishCheckpoints(publishing) {
      const beat = now() - beatMs >= heartbeatMs;
      const counting = publishing !== undefined || now() - countedMs >= countsEveryMs;
      const notes: string[] = [];
      const grown = await db.transaction(org, async (tx) => {
        notes.length = 0;
        const { rows } = await sql<{ origin: string; size: string; root: Buffer; head: string }>`
          SELECT origin, size, root, head FROM evidence_log
          WHERE org = ${org} AND (size > checkpoint_size OR (${beat} AND writer = ${controlWriter} AND closed_at IS NULL)
              OR (${counting} AND closed_at IS NULL AND EXISTS (SELECT FROM evidence_count c WHERE c.org = evidence_log.org AND c.origin = evidence_log.origin AND c.entries <> c.sealed))
              OR (${publishing !== undefined} AND closed_at IS NULL AND EXISTS (SELECT FROM evidence_counted c WHERE c.org = evidence_log.org AND c.origin = evidence_log.origin AND c.to_index = evidence_log.size)
                AND NOT EXISTS (SELECT FROM evidence_checkpoint k WHERE k.org = evidence_log.org AND k.origin = evidence_log.origin AND k.size = evidence_log.size AND k.counted)))
            AND origin <> ${metaOrigin} ORDER BY origin FOR UPDATE`.execute(
          tx,
        );
        const at = new Date(now());
        const publish = async (origin: string, size: number, note: string, counted = false) => {
          notes.push(note);
          await sql`INSERT INTO evidence_checkpoint (org, origin, size, note, at, counted) VALUES (${org}, ${origin}, ${size}, ${note}, ${at}, ${counted})
            ON CONFLICT (org, origin, size) DO UPDATE SET counted = true WHERE excluded.counted AND NOT evidence_checkpoint.counted AND evidence_checkpoint.at > excluded.at - interval '1 minute'`.execute(
            tx,
          );
          await sql`UPDATE evidence_log SET checkpoint_size = ${size} WHERE org = ${org} AND origin = ${origin}`.execute(
            tx,
          );
        };
        const entries: { type: "log.checkpoint"; members: Record<string, Json> }[] = [];
        for (const row of rows) {
          const size = Number(row.size);
          const counts = counting ? await takeCounts(tx, org, row.origin, size, "changed") : [];
          await publish(row.origin, size, row.head, counts.length > 0);
          const checkpoint = { log: row.origin, size, root: toBase64(row.root) };
          for (const sealed of counts.length > 0 ? counts : [{}]) entries.push({ type: "log.checkpoint", members: { ...checkpoint, ...sealed } });
        }
        if (entries.length > 0) await appendMeta(tx, entries);
        const meta = await sql<{ size: string; checkpoint_size: string; head: string }>`
          SELECT size, checkpoint_size, head FROM evidence_log WHERE org = ${org} AND origin = ${metaOrigin}`.execute(
          tx,
        );
        const { size, checkpoint_size, head } = meta.rows[0]!;
        if (Number(size) > Number(checkpoint_size)) await publish(metaOrigin, Number(size), head);
        return rows.map((row) => ({ origin: row.origin, size: Number(row.size) }));
      });
      if (notes.length > 0) beatMs = now();
      if (counting) countedMs = now();
      // After the commit: a kept checkpoint that the database never had would look like a database set back.
      await kept?.keep(notes);
      for (const { origin, size } of grown) published.set(origin, size);
    },
  };
}
