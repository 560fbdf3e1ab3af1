import type { ControlPort, HoldRequest, HoldTicket, Snapshot, SpendResult } from "@mandate/gateway";
import type { ServerLog } from "../log.ts";

export interface PublisherOptions {
  /** Reads everything a gateway enforces, in one transaction. */
  readonly build: () => Promise<Snapshot>;
  /**
   * The snapshot without what was taken away since `sinceMs`: a short read, so that a revocation doesn't wait until a
   * large register was read anew. The same snapshot when nothing was.
   */
  readonly stopped: (snapshot: Snapshot, sinceMs: number) => Promise<Snapshot>;
  /** Cheap read of the newest register version. */
  readonly version: () => Promise<number>;
  readonly now: () => number;
  readonly log: ServerLog;
  readonly holds: {
    open(hold: HoldRequest, snapshot: Snapshot): Promise<HoldTicket>;
    spend(id: string, callHash: string, system: string): Promise<SpendResult>;
  };
  readonly report: ControlPort["report"];
  readonly offered: NonNullable<ControlPort["offered"]>;
  readonly spans: NonNullable<ControlPort["spans"]>;
  /** Resolves when every gateway elsewhere with a live control stream enforces `version`. */
  readonly confirmedElsewhere: (version: number) => Promise<void>;
}

const heartbeatMs = 500;
/** How long a mutation waits for gateways (INTERFACE, apply). */
const answerWithinMs = 1000;

/**
 * Keeps gateways on the newest register version.
 * INVARIANT (G2): `confirmedAt` moves only when the database itself said that the published version is the newest, so
 * it ages while the database is away and every tier's staleness bound bites.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #snapshot: Snapshot | undefined;
  #confirmedAt = 0;
  /** When reading the newest one began. */
  #builtAt = 0;
  #building: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #silentSince: number | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Builds the first snapshot and starts the heartbeat. */
  async start(): Promise<void> {
    await this.refresh();
    this.#schedule();
  }

  get current(): Snapshot {
    if (this.#snapshot === undefined) throw new Error("the publisher hasn't started");
    return this.#snapshot;
  }

  confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** After a commit: resolves when every gateway with a live control stream enforces it, or 1 s later. Never rejects. */
  async published(version: number): Promise<void> {
    if (this.#closed || this.#snapshot === undefined) return;
    const done = this.#until(version).catch((error: unknown) => this.#options.log.error("snapshot not published", { version, internal: String(error) }));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, answerWithinMs);
    await Promise.race([done, late]);
    clearTimeout(timer);
  }

  async #until(version: number): Promise<void> {
    await this.#stopFirst().catch((error: unknown) => this.#options.log.warn("what was stopped waits for the whole register", { internal: String(error) }));
    while (this.current.version < version && !this.#closed) await this.refresh();
    await this.#options.confirmedElsewhere(version);
  }

  async #stopFirst(): Promise<void> {
    const before = this.current;
    const snapshot = await this.#options.stopped(before, this.#builtAt);
    // A build that came in between has read what was stopped by itself.
    if (snapshot === before || this.#snapshot !== before || this.#closed) return;
    this.#snapshot = snapshot;
    for (const apply of this.#listeners) apply(snapshot);
  }

  /** Single flight: a change during a build makes one more build, not one each. */
  refresh(): Promise<void> {
    if (this.#building !== undefined) {
      this.#again = true;
      return this.#building;
    }
    this.#building = this.#build().finally(() => {
      this.#building = undefined;
      if (this.#again && !this.#closed) {
        this.#again = false;
        void this.refresh().catch(() => undefined);
      }
    });
    return this.#building;
  }

  async #build(): Promise<void> {
    const startedAt = this.#options.now();
    const built = await this.#options.build();
    // INVARIANT: read after the register was, so that what a long reading missed doesn't come alive again with it.
    const snapshot = await this.#options.stopped(built, startedAt);
    // Never backward: a slower build must not undo a newer one.
    if (this.#snapshot !== undefined && snapshot.version < this.#snapshot.version) return;
    this.#snapshot = snapshot;
    this.#builtAt = startedAt;
    for (const apply of this.#listeners) apply(snapshot);
    this.#confirm(startedAt);
  }

  #confirm(at: number): void {
    this.#confirmedAt = Math.max(this.#confirmedAt, at);
    if (this.#silentSince !== undefined) {
      this.#options.log.warn("database answers again", { silentMs: at - this.#silentSince });
      this.#silentSince = undefined;
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#beat().finally(() => this.#schedule()), heartbeatMs);
  }

  async #beat(): Promise<void> {
    const startedAt = this.#options.now();
    try {
      const version = await this.#options.version();
      const month = new Date(startedAt).toISOString().slice(0, 7);
      // A new month has new sealing keys, without any change of the register.
      if (version !== this.current.version || this.#month !== month) {
        this.#month = month;
        await this.refresh();
      } else {
        this.#confirm(startedAt);
      }
    } catch (error) {
      if (this.#silentSince === undefined) {
        this.#silentSince = startedAt;
        this.#options.log.warn("database doesn't answer; calls go on inside their tier's staleness bound", { internal: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  #month = "";

  /** What the gateway of this process holds on to. */
  port(): ControlPort {
    const { holds, report, offered, spans } = this.#options;
    return {
      subscribe: (apply) => {
        this.#listeners.add(apply);
        if (this.#snapshot !== undefined) apply(this.#snapshot);
        return () => void this.#listeners.delete(apply);
      },
      confirmedAt: () => this.#confirmedAt,
      openHold: (hold) => holds.open(hold, this.current),
      spendApproval: (id, callHash, system) => holds.spend(id, callHash, system),
      report,
      offered,
      spans,
    };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
