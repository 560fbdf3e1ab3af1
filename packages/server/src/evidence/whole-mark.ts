import { createHash } from "node:crypto";
import type { Database } from "../database/index.ts";

/** What a whole re-hash of this process found to be so. Kept in memory alone: a mark in the store would be the store's own word. */
export interface WholeMark {
  readonly logs: ReadonlyMap<string, { readonly size: number; readonly root: Uint8Array }>;
  /** Over the names of all payloads that these entries brought. */
  readonly payloads: string;
}

const marks = new WeakMap<Database, Map<string, WholeMark>>();

export function markWhole(db: Database, org: string, mark: WholeMark): void {
  const known = marks.get(db) ?? new Map<string, WholeMark>();
  known.set(org, mark);
  marks.set(db, known);
}

export const wholeMark = (db: Database, org: string): WholeMark | undefined => marks.get(db)?.get(org);

/** Digest of names in ascending order, by their first byte: the database makes the same of the same. */
export class NamesDigest {
  readonly #buckets: string[] = [];
  #bucket = -1;
  #hash = createHash("sha256");

  add(ct: Uint8Array): void {
    if (ct[0] !== this.#bucket) this.#close();
    this.#bucket = ct[0]!;
    this.#hash.update(ct);
  }

  hex(): string {
    this.#close();
    return createHash("sha256").update(Buffer.from(this.#buckets.join(""), "hex")).digest("hex");
  }

  #close(): void {
    if (this.#bucket >= 0) this.#buckets.push(this.#hash.digest("hex"));
    this.#hash = createHash("sha256");
  }
}
