import type { OfferedTool } from "../registry/index.ts";

const maxWaiting = 200;

interface OfferQueueOptions {
  readonly note: (server: string, tools: readonly OfferedTool[]) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

/** What gateways saw, written one after another, the newest of each server alone: a server that flickers fills nothing. */
export class OfferQueue {
  readonly #options: OfferQueueOptions;
  readonly #waiting = new Map<string, readonly OfferedTool[]>();
  #running: Promise<void> | undefined;

  constructor(options: OfferQueueOptions) {
    this.#options = options;
  }

  note(server: string, tools: readonly OfferedTool[]): void {
    if (this.#waiting.size >= maxWaiting) return;
    this.#waiting.set(server, tools);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const next = this.#waiting.entries().next().value;
      if (next === undefined) return;
      const [server, tools] = next;
      this.#waiting.delete(server);
      try {
        await this.#options.note(server, tools);
      } catch (error) {
        this.#options.failed(error);
      }
    }
  }
}
