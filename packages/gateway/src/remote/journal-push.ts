import { AppError } from "@mandate/model";
import type { JournalReader } from "../evidence-sink.ts";
import type { GatewayLog } from "../options.ts";
import type { ControlLink } from "./control-link.ts";
import type { JournalPush } from "./wire.ts";

const pushBytes = 1 << 20;
const retryMs = 1_000;
/** What was erased in the store is gone from this volume within this time, whether or not anybody tells the gateway. */
const shedEveryMs = 3_600_000;

/** Moves the journal to the control plane's store, in order; what was acknowledged may go from the disk. */
export class JournalPusher {
  readonly #journal: JournalReader;
  readonly #link: ControlLink;
  readonly #log: GatewayLog;
  #stored = 0;
  #shedAt = performance.now();
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #told = false;
  readonly #stopListening: () => void;

  constructor(journal: JournalReader, link: ControlLink, log: GatewayLog) {
    this.#journal = journal;
    this.#link = link;
    this.#log = log;
    this.#stopListening = journal.onDurable(() => void this.push().catch(() => undefined));
  }

  /**
   * Learns where the store stands.
   * @throws AppError `gateway.journal_lost`: the store holds more than this journal ever wrote
   */
  async begin(): Promise<void> {
    const { size } = (await this.#link.request("GET", "/api/v1/gateway/journal")) as { size: number };
    if (size > this.#journal.size()) {
      throw new AppError({
        code: "gateway.journal_lost",
        status: 500,
        message: `The store holds ${size} records of this gateway, its journal only ${this.#journal.size()}: the volume was set back or lost.`,
        remedies: [{ text: "Remove this gateway's data directory and enrol it anew: a new log begins, and the old one stays closed.", command: "mandate gateway create NAME" }],
      });
    }
    this.#stored = size;
  }

  /** Resolves when everything durable so far is stored; rejects while the control plane is away. */
  push(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#stored < this.#journal.size()) {
        const records = await this.#journal.read(this.#stored, pushBytes);
        if (records.length === 0) return;
        const body: JournalPush = {
          from: this.#stored,
          records: records.map(({ leaf, sealed, summary }) => ({
            leaf: base64(leaf),
            sealed: sealed.map(({ ct, bytes, wrapped, kid }) => ({ ct, bytes: base64(bytes), wrapped: base64(wrapped), kid })),
            summary,
          })),
        };
        const { size, checkpointSize } = (await this.#link.request("POST", "/api/v1/gateway/journal", body)) as { size: number; checkpointSize: number };
        this.#stored = size;
        await this.#journal.acknowledge(size, checkpointSize);
      }
      this.#told = false;
      if (performance.now() - this.#shedAt >= shedEveryMs) {
        this.#shedAt = performance.now();
        await this.#journal.shed?.();
      }
    } catch (error) {
      if (!this.#told) {
        this.#told = true;
        this.#log.warn("evidence waits in the journal", { records: this.#journal.size() - this.#stored, internal: String(error) });
      }
      if (!this.#closed) this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        void this.push().catch(() => undefined);
      }, retryMs);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#stopListening();
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
