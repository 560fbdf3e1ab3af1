import { LedgerError } from "@mandate/ledger";
import { openSealed } from "@mandate/ledger/node";
import { messagesOf, parsedJson } from "./open-payload.ts";
import type { PayloadReader } from "./open-payload.ts";

/** Payloads asked for in one query: enough to make the way to the database cheap, few enough to hold. */
const batchSize = 100;

/** Every payload of a pack once, however many entries refer to it. Only their names are kept. */
export class PackPayloads {
  readonly #reader: PayloadReader;
  readonly #names = new Set<string>();
  #waiting: { readonly ct: string; readonly pc: string }[] = [];

  constructor(reader: PayloadReader) {
    this.#reader = reader;
  }

  get count(): number {
    return this.#names.size;
  }

  async addEntry(header: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [ct, pc] of [
      [header["ct"], header["pc"]],
      [header["xct"], header["xpc"]],
    ]) {
      if (typeof ct !== "string" || this.#names.has(ct)) continue;
      this.#names.add(ct);
      if (typeof pc === "string") this.#waiting.push({ ct, pc });
    }
    if (this.#waiting.length >= batchSize) await this.#openWaiting();
  }

  /** Nonce, ciphertext, tag of each; after the last entry. */
  async *items(): AsyncGenerator<{ ct: string; bytes: Uint8Array }> {
    await this.#openWaiting();
    for (const names of batchesOf(this.#names)) {
      const found = await this.#reader.bytesOf(names);
      for (const ct of names) {
        const bytes = found.get(ct);
        if (bytes === undefined) throw new LedgerError("pack.store_altered", `payload \`${ct}\` is missing`);
        // Gone with its key: an entry of the pack names it.
        if (bytes.length > 0) yield { ct, bytes };
      }
    }
  }

  /** Keys of what isn't erased. */
  async *disclosures(): AsyncGenerator<{ ct: string; key: Uint8Array; salt: Uint8Array }> {
    for (const names of batchesOf(this.#names)) {
      const found = await this.#reader.keysOf(names);
      for (const ct of names) {
        const keys = found.get(ct);
        if (keys !== undefined) yield { ct, key: keys.key, salt: keys.salt };
      }
    }
  }

  /** A chat's messages are payloads of their own, named in the one that the entry commits to. */
  async #openWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const names = waiting.map(({ ct }) => ct);
    const [bytes, keys] = [await this.#reader.bytesOf(names), await this.#reader.keysOf(names)];
    for (const { ct, pc } of waiting) {
      const [sealed, opening] = [bytes.get(ct), keys.get(ct)];
      if (sealed === undefined || opening === undefined) continue;
      const plain = openSealed(sealed, opening, ct, pc);
      if (plain === undefined) continue;
      for (const message of messagesOf(parsedJson(plain))) this.#names.add(message.ct);
    }
  }
}

function* batchesOf(names: Iterable<string>): Generator<string[]> {
  let batch: string[] = [];
  for (const name of names) {
    batch.push(name);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
