import { consistencyProof, consistencyRanges, formatConsistencyBody, LedgerError, parseNote } from "@mandate/ledger";
import type { NoteSignature } from "@mandate/ledger";
import type { OutboundRule } from "@mandate/gateway";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { Database } from "../database/index.ts";
import { hashesFor, keepCosignature, listWitnesses, newestCheckpoint } from "../evidence/index.ts";
import type { Evidence, WitnessRow } from "../evidence/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import type { ServerLog } from "../log.ts";
import { outboundRequest } from "../outbound/index.ts";

export interface CosignerParts {
  readonly db: Database;
  readonly org: string;
  readonly evidence: Evidence;
  readonly now: () => number;
  readonly outbound: () => OutboundRule;
  readonly log: ServerLog;
  readonly report: (finding: NewFinding) => Promise<void>;
}

export interface Cosigner {
  /** Asks every witness that hasn't signed the newest checkpoint of the meta-log yet; never rejects. */
  ask(): Promise<void>;
  /**
   * Before anything is appended after a start.
   * @throws AppError `evidence.rolled_back`, `evidence.forked` (500) when a witness signed a longer or another history
   */
  check(): Promise<void>;
  readonly job: Job;
}

/** A checkpoint is published each second at most; a witness is asked about as often. */
const askEveryMs = 2_000;
const answerWithinMs = 5_000;
const maxAnswerBytes = 16 * 1024;

type Outcome =
  | { readonly kind: "signed"; readonly size: number }
  | { readonly kind: "ahead"; readonly size: number }
  | { readonly kind: "contradicted" }
  | { readonly kind: "failed"; readonly why: string };

/** Client of C2SP tlog-witness. The meta-log alone is cosigned: it holds every other log's checkpoints. */
export function createCosigner(parts: CosignerParts): Cosigner {
  const { db, org, evidence, now, log, report } = parts;
  let running: Promise<void> | undefined;

  async function askAll(): Promise<void> {
    const { witnesses, newest } = await db.read(org, async (tx) => ({ witnesses: await listWitnesses(tx, org), newest: await newestCheckpoint(tx, org, evidence.metaOrigin) }));
    if (newest === undefined) return;
    await Promise.all(witnesses.filter((one) => one.size < newest.size || one.failing !== null).map((one) => askOne(one, newest)));
  }

  async function askOne(witness: WitnessRow, newest: { size: number; note: string }): Promise<Outcome> {
    const outcome = await submit(witness, newest, witness.size, true);
    if (outcome.kind === "signed") return outcome;
    const why = outcome.kind === "failed" ? outcome.why : outcome.kind === "ahead" ? `it signed a history of ${outcome.size} entries, this log has ${newest.size}` : "it refuses this history: it signed another";
    await db.transaction(org, (tx) => sql`update evidence_witness set failing = ${why.slice(0, 500)} where org = ${org} and name = ${witness.name} and failing is distinct from ${why.slice(0, 500)}`.execute(tx));
    if (outcome.kind !== "failed")
      await report({ key: `witness:${witness.name}`, system: null, kind: "evidence.witness_refuses", title: `The witness ${witness.name} refuses to sign this log`, detail: `${why}. The store was set back or rewritten, or the log's key is used elsewhere. Keep the database as it is; compare with \`mandate evidence verify\` and what you kept.`, owner: null });
    return outcome;
  }

  /** @param mayRetry from where the witness says it stands */
  async function submit(witness: WitnessRow, newest: { size: number; note: string }, from: number, mayRetry: boolean): Promise<Outcome> {
    try {
      const answer = await outboundRequest(new URL(`${witness.url.replace(/\/+$/, "")}/add-checkpoint`), {
        method: "POST",
        headers: { "content-type": "text/plain; charset=utf-8" },
        body: await bodyFrom(newest, from),
        outbound: parts.outbound(),
        signal: AbortSignal.timeout(answerWithinMs),
        maxAnswerBytes,
      });
      if (answer.status === 200) {
        const line = lineOf(newest.note, answer.body);
        await db.transaction(org, (tx) => keepCosignature(tx, org, evidence.metaOrigin, newest.size, witness, line, new Date(now())));
        return { kind: "signed", size: newest.size };
      }
      if (answer.status === 422) return { kind: "contradicted" };
      if (answer.status !== 409) return { kind: "failed", why: `it answers ${answer.status}: ${answer.body.trim().slice(0, 200)}` };
      const size = /^(0|[1-9][0-9]{0,15})\n?$/.test(answer.body) ? Number(answer.body) : undefined;
      if (size === undefined) return { kind: "failed", why: "it says nowhere where it stands" };
      if (size > newest.size) return { kind: "ahead", size };
      // It stands exactly here and yet doesn't agree: same size, other root.
      if (size === from) return { kind: "contradicted" };
      return mayRetry ? await submit(witness, newest, size, false) : { kind: "failed", why: "it changes its mind about where it stands" };
    } catch (error) {
      const why = error instanceof LedgerError ? `its answer is no cosignature: ${error.message}` : error instanceof Error ? error.message : String(error);
      return { kind: "failed", why };
    }
  }

  function bodyFrom(newest: { size: number; note: string }, from: number): Promise<string> {
    return db.read(org, async (tx) => {
      const oldSize = Math.min(from, newest.size);
      if (oldSize === 0 || oldSize === newest.size) return formatConsistencyBody({ oldSize, proof: [], checkpoint: newest.note });
      const hashes = await hashesFor(tx, org, evidence.metaOrigin, consistencyRanges(oldSize, newest.size), newest.size);
      return formatConsistencyBody({ oldSize, proof: consistencyProof(oldSize, newest.size, hashes), checkpoint: newest.note });
    });
  }

  const ask = (): Promise<void> => {
    running ??= askAll()
      .catch((error: unknown) => log.warn("witnesses not asked", { internal: String(error) }))
      .finally(() => (running = undefined));
    return running;
  };

  return {
    ask,
    async check() {
      const { witnesses, newest } = await db.read(org, async (tx) => ({ witnesses: await listWitnesses(tx, org), newest: await newestCheckpoint(tx, org, evidence.metaOrigin) }));
      // A log without any checkpoint stands before everything that a witness ever signed.
      const stored = newest ?? { size: 0, note: "" };
      const outcomes = newest === undefined ? [] : await Promise.all(witnesses.map(async (one) => ({ name: one.name, outcome: await submit(one, stored, one.size, true) })));
      for (const { name, outcome } of outcomes) {
        if (outcome.kind === "ahead") throw refused("evidence.rolled_back", `The database was set back: the witness ${name} signed a history of ${outcome.size} entries of ${evidence.metaOrigin}, the database has ${stored.size}.`);
        if (outcome.kind === "contradicted") throw refused("evidence.forked", `The witness ${name} signed another history of ${evidence.metaOrigin} than the database holds.`);
        if (outcome.kind === "failed") log.warn("witness not reached at the start", { witness: name, internal: outcome.why });
      }
    },
    job: { name: "witnesses", everyMs: askEveryMs, run: ask },
  };
}

/** The one signature line of an answer, read as part of the note it belongs to. */
function lineOf(note: string, line: string): NoteSignature {
  const signatures = parseNote(`${parseNote(note).text}\n${line}`).signatures;
  if (signatures.length !== 1) throw new LedgerError("note.malformed", "expected one signature line");
  return signatures[0]!;
}

function refused(code: string, what: string): AppError {
  return new AppError({
    code,
    status: 500,
    message: `${what} Nothing was started, so that nothing is overwritten. Restore the newer database; if it is lost, \`mandate evidence epoch --restored\` begins a new history beside what is left, on two people's word.`,
  });
}
