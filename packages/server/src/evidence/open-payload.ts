import { sql } from "kysely";
import { openSealed } from "@mandate/ledger/node";
import type { KeyWrapper, OpenKeys } from "@mandate/ledger/node";
import { AppError } from "@mandate/model";
import { fromUtf8, parseHeader } from "@mandate/ledger";
import type { Actor } from "../command.ts";
import type { Database, Tx } from "../database/index.ts";
import type { Evidence } from "./evidence.ts";
import type { LogKeys } from "./logs.ts";
import { readLeaf } from "./read-log.ts";
import { wrapperOf } from "./sealing-keys.ts";

/** Reads ciphertexts and unwraps their keys; key-encryption keys are opened once each. */
export class PayloadReader {
  readonly #tx: Tx;
  readonly #org: string;
  readonly #keys: LogKeys;
  readonly #wrappers = new Map<string, KeyWrapper | undefined>();

  constructor(tx: Tx, org: string, keys: LogKeys) {
    this.#tx = tx;
    this.#org = org;
    this.#keys = keys;
  }

  /** Nonce, ciphertext, tag; undefined when the store lacks it. */
  async bytes(ct: string): Promise<Uint8Array | undefined> {
    const { rows } = await sql<{
      bytes: Buffer;
    }>`SELECT bytes FROM evidence_payload WHERE org = ${this.#org} AND ct = decode(${ct}, 'hex')`.execute(this.#tx);
    return rows[0]?.bytes;
  }

  /** Undefined once erased. */
  async keys(ct: string): Promise<OpenKeys | undefined> {
    const { rows } = await sql<{
      kid: string;
      wrapped: Buffer;
    }>`SELECT k.kid, k.wrapped FROM evidence_payload p JOIN evidence_key k USING (org, origin, index, part)
      WHERE p.org = ${this.#org} AND p.ct = decode(${ct}, 'hex') ORDER BY p.period LIMIT 1`.execute(this.#tx);
    const row = rows[0];
    if (row === undefined) return undefined;
    return (await this.#wrapper(row.kid))?.unwrap(row.wrapped, ct);
  }

  /** Of many at once; what the store lacks is absent. */
  async bytesOf(cts: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const { rows } = await sql<{ ct: string; bytes: Buffer }>`SELECT encode(ct, 'hex') AS ct, bytes FROM evidence_payload
      WHERE org = ${this.#org} AND ct = ANY(${bytesOfNames(cts)}::bytea[])`.execute(this.#tx);
    return new Map(rows.map((row) => [row.ct, row.bytes]));
  }

  /** Which of these the store holds, readable or not. */
  async stored(cts: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ ct: string }>`SELECT encode(ct, 'hex') AS ct FROM evidence_payload WHERE org = ${this.#org} AND ct = ANY(${bytesOfNames(cts)}::bytea[])`.execute(this.#tx);
    return new Set(rows.map((row) => row.ct));
  }

  /** Of many at once; what was erased is absent. */
  async keysOf(cts: readonly string[]): Promise<ReadonlyMap<string, OpenKeys>> {
    const { rows } = await sql<{ ct: string; kid: string; wrapped: Buffer }>`WITH place AS MATERIALIZED (
        SELECT ct, origin, index, part, period FROM evidence_payload WHERE org = ${this.#org} AND ct = ANY(${bytesOfNames(cts)}::bytea[]))
      SELECT encode(place.ct, 'hex') AS ct, k.kid, k.wrapped FROM place CROSS JOIN LATERAL (
        -- OFFSET keeps each look-up by its place: joined, the planner goes through every key there is. A key came with what it opens.
        SELECT kid, wrapped FROM evidence_key WHERE org = ${this.#org} AND origin = place.origin AND index = place.index AND part = place.part AND period = place.period OFFSET 0) k
      -- INVARIANT: a name that comes again in a later month keeps its first place, so nobody can put other keys under it.
      ORDER BY place.period DESC`.execute(this.#tx);
    const found = new Map<string, OpenKeys>();
    for (const { ct, kid, wrapped } of rows) {
      const keys = (await this.#wrapper(kid))?.unwrap(wrapped, ct);
      if (keys !== undefined) found.set(ct, keys);
    }
    return found;
  }

  async #wrapper(kid: string): Promise<KeyWrapper | undefined> {
    if (!this.#wrappers.has(kid)) this.#wrappers.set(kid, await wrapperOf(this.#tx, this.#keys, this.#org, kid));
    return this.#wrappers.get(kid);
  }

  /** Plaintext, or undefined when erased, absent, or not what `ct` and `pc` commit to. */
  async open(ct: string, pc: string): Promise<Uint8Array | undefined> {
    const [bytes, keys] = [await this.bytes(ct), await this.keys(ct)];
    return bytes === undefined || keys === undefined ? undefined : openSealed(bytes, keys, ct, pc);
  }
}

/** As an array of the column's own type the index is used, whatever the planner knows of a table that just grew. */
function bytesOfNames(cts: readonly string[]): Buffer[] {
  return cts.map((ct) => Buffer.from(ct, "hex"));
}

export interface Commitment {
  readonly ct: string;
  readonly pc: string;
}

/** The messages that a payload refers to: its member `messages`, each `{ct, pc}`. */
export function messagesOf(payload: unknown): Commitment[] {
  if (typeof payload !== "object" || payload === null || !("messages" in payload) || !Array.isArray(payload.messages))
    return [];
  return payload.messages.filter(
    (item: unknown): item is Commitment =>
      typeof item === "object" &&
      item !== null &&
      "ct" in item &&
      "pc" in item &&
      typeof item.ct === "string" &&
      typeof item.pc === "string",
  );
}

/** Messages of a call without a session stand in its payload, each `{text}`: they are shown as messages, once. */
function withoutTexts(payload: unknown): { readonly rest: unknown; readonly texts: readonly string[] } {
  if (typeof payload !== "object" || payload === null || !("messages" in payload) || !Array.isArray(payload.messages))
    return { rest: payload, texts: [] };
  const texts = payload.messages.flatMap((item: unknown) =>
    typeof item === "object" && item !== null && "text" in item && typeof item.text === "string" ? [item.text] : [],
  );
  if (texts.length === 0) return { rest: payload, texts };
  const { messages: _shown, ...rest } = payload;
  return { rest, texts };
}

export interface OpenedEntry {
  readonly header: Readonly<Record<string, unknown>>;
  /** Null: nothing was sealed, or it was erased. */
  readonly payload: unknown;
  /** Text of each message, null where erased. */
  readonly messages: readonly (string | null)[];
  readonly context: unknown;
}

export interface ReadRequest {
  readonly db: Database;
  readonly evidence: Evidence;
  readonly keys: LogKeys;
  readonly log: string;
  readonly index: number;
  readonly actor: Actor;
  /** Register version, for the header of the entry that records this read. */
  readonly register: number;
  readonly reason: string;
}

/**
 * Opens what an entry sealed. INVARIANT: an `evidence.read` entry with actor and reason commits in the same transaction,
 * before anything is returned, so nobody reads unseen.
 * @throws AppError `evidence.reason_missing` (400), `evidence.no_entry` (404)
 */
export async function readPayload(request: ReadRequest): Promise<OpenedEntry> {
  const { db, evidence, log, index } = request;
  if (request.reason.trim().length === 0) {
    throw new AppError({
      code: "evidence.reason_missing",
      status: 400,
      message: "Say why you open this record. The reason is kept in the evidence.",
    });
  }
  return db.transaction(evidence.org, async (tx) => {
    const leaf = await readLeaf(tx, evidence.org, log, index);
    if (leaf === undefined)
      throw new AppError({ code: "evidence.no_entry", status: 404, message: `The log ${log} has no entry ${index}.` });
    const header = parseHeader(leaf);
    await evidence.appendInTransaction(tx, {
      type: "evidence.read",
      ...(typeof header["system"] === "string" ? { system: header["system"] } : {}),
      payload: { log, index, reason: request.reason.slice(0, 2_000) },
      actor: request.actor,
      register: request.register,
    });
    const reader = new PayloadReader(tx, evidence.org, request.keys);
    const payload = await openJson(reader, header["ct"], header["pc"]);
    const { rest, texts } = withoutTexts(payload);
    const messages: (string | null)[] = [...texts];
    for (const { ct, pc } of messagesOf(payload)) {
      const plain = await reader.open(ct, pc);
      messages.push(plain === undefined ? null : Buffer.from(plain).toString("utf8"));
    }
    return { header, payload: rest, messages, context: await openJson(reader, header["xct"], header["xpc"]) };
  });
}

export async function openJson(reader: PayloadReader, ct: unknown, pc: unknown): Promise<unknown> {
  if (typeof ct !== "string" || typeof pc !== "string") return null;
  const plain = await reader.open(ct, pc);
  return plain === undefined ? null : parsedJson(plain);
}

/** Null when it isn't JSON. */
export function parsedJson(plain: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(plain)) as unknown;
  } catch {
    return null;
  }
}

/** Every sealed item an entry stands for: what it brought, and the messages it refers to wherever they were brought. */
export async function entryPlaces(
  tx: Tx,
  org: string,
  keys: LogKeys,
  at: { readonly log: string; readonly index: number },
  header: Readonly<Record<string, unknown>>,
): Promise<readonly { readonly log: string; readonly index: number; readonly part: number }[]> {
  const payload = await openJson(new PayloadReader(tx, org, keys), header["ct"], header["pc"]);
  const cts = messagesOf(payload).map((one) => one.ct);
  const { rows } = await sql<{ log: string; index: string; part: number }>`SELECT origin AS log, index, part FROM evidence_payload
    WHERE org = ${org} AND ((origin = ${at.log} AND index = ${at.index}) OR ct = ANY(SELECT decode(name, 'hex') FROM unnest(${cts}::text[]) AS name))`.execute(tx);
  return rows.map((row) => ({ ...row, index: Number(row.index) }));
}
