import { mkdir, open, readFile } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bytesInFlightFor, createGateway, createGatewayServer, DecisionCounts, defaultLimits, failingForProbe, gatewayMetrics, Journal, JournalSink, prepareSuccessor, Sealer, sealingKeyLookup, startTelemetry } from "@mandate/gateway";
import type { ControlPort, Gateway, GatewayLimits, LeaseAsk, LeaseGrant, Metric, SinkPart } from "@mandate/gateway";
import { AppError } from "@mandate/model";
import type { Evidence, RotatedLog } from "../evidence/index.ts";
import type { ServerLog } from "../log.ts";
import type { Publisher } from "../publisher/index.ts";
import { openJournal } from "./journal-folder.ts";
import type { Slots } from "./slots.ts";

export interface DataPlaneOptions {
  readonly evidence: Evidence;
  readonly publisher: Publisher;
  readonly dataDir: string;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly log: ServerLog;
  readonly slots: Slots;
  /** OpenTelemetry's variables: where spans go. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Slices of limits that several gateways share. */
  readonly leases: {
    grant(holder: string, ask: LeaseAsk): Promise<LeaseGrant>;
    /** A gateway begins anew: it holds nothing but what the evidence of its log says it used. */
    returned(holder: string, origins: readonly string[], limits: Pick<GatewayLimits, "reservedOutputTokens" | "inputMicroEurosPerToken" | "outputMicroEurosPerToken">): Promise<void>;
  };
  /** What other gateways know of a session that moves. */
  readonly sessions: Required<Pick<ControlPort, "takeSession" | "answerSessions">>;
  /** Entries reached the store: the decisions index grew. */
  readonly onSequenced: (entries: number) => void;
  /** True when it took the request of the gateway's listener over. */
  readonly takeOver: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface DataPlane {
  readonly gateway: Gateway;
  readonly server: Server;
  readonly slot: string;
  /** Calls that the last run left open, closed as unknown by this start. */
  readonly closedAsUnknown: number;
  /** Origin of the log that this process's gateway writes. */
  origin(): string;
  /**
   * Replaces the key of that log under running calls. None is refused or lost: appends wait for the moment it takes, and
   * a call that runs across it has its intent in the old log and its outcome in the new one.
   * @param commit closes the log at that size and begins the next, in one transaction
   * @throws AppError `evidence.rotating` (409), and what `commit` throws; then nothing changed
   */
  rotateLog(commit: (from: { readonly origin: string; readonly size: number }) => Promise<RotatedLog>): Promise<RotatedLog>;
  /** Moves what the journal holds into the store now; rejects while the database is away. */
  drain(): Promise<number>;
  /** As `drain`; then the journal lets go of everything that is stored. */
  shed(): Promise<void>;
  /** What this process's gateway tells of itself. */
  metrics(): readonly Metric[];
  close(): Promise<void>;
}

const productVersion = "0.1.0";
const checkpointEveryMs = 1000;
const retryMs = 500;
const lookAgainMs = 30_000;

/** The gateway of this process: its journal, its log, and the sequencer between them. */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { evidence, publisher, dataDir, now, random, log, leases, slots } = options;
  const directory = join(dataDir, "gateway");
  const { slot, isNew } = await slotName(directory, random);
  // Before anything else: whoever starts meanwhile must see that this one lives.
  await slots.hold(slot);
  const lookAgain = isNew ? await closeLost(options, slot) : undefined;
  const { origin } = await evidence.ensureLog(slot);
  const journalFolder = join(directory, "journal");
  let journal = await openJournal(evidence, journalFolder, origin);
  // Nobody was told that these bytes are durable; said all the same, because damage at the end looks alike.
  if (journal.tornBytes > 0) log.warn("the journal's last batch was torn and cut off", { origin, tornBytes: journal.tornBytes });
  const partOf = (from: Journal): SinkPart => ({
    journal: from,
    // One a log: it remembers what it sealed, and a log's entries refer to what the same log sealed.
    sealer: new Sealer({ origin: from.origin, clock: now, random, sealingKey: sealingKeyLookup(() => publisher.current.sealingKeys) }),
    signer: evidence.signerOf(from.origin),
  });
  const first = partOf(journal);
  const sink = new JournalSink(first.journal, first.sealer, first.signer);
  const closedAsUnknown = await sink.closeOpenCalls();
  await evidence.sequence(journal);
  // What the last run leased and didn't use goes back; what it used counts on, by its evidence.
  const own = (await evidence.logs()).filter((one) => one.writer === slot);
  await leases.returned(slot, own.map((one) => one.origin), defaultLimits);
  const telemetry = startTelemetry({ env: options.env, version: productVersion, instance: slot, log, now });
  const counts = new DecisionCounts();
  const gateway = createGateway({ limits: { maxBytesInFlight: bytesInFlightFor(Math.min(process.constrainedMemory() || totalmem(), totalmem())) }, control: { ...publisher.port(), ...options.sessions, lease: (ask) => leases.grant(slot, ask) }, evidence: counts.counted(telemetry.traced(failingForProbe(sink))), clock: now, random, log, mcpProcesses: true, sampling: telemetry.settings });
  const server = createGatewayServer({ handler: (request, response) => options.takeOver(request, response) || gateway.handler(request, response) });

  let closed = false;
  let running: Promise<number> | undefined;
  let retry: NodeJS.Timeout | undefined;
  const drain = (): Promise<number> => {
    running ??= evidence.sequence(journal).finally(() => (running = undefined));
    return running;
  };
  const step = async (): Promise<void> => {
    try {
      const entries = await drain();
      if (entries > 0) options.onSequenced(entries);
    } catch (error) {
      // The journal keeps everything; it is taken when the database answers again.
      if (retry === undefined && !closed) {
        log.warn("evidence waits in the journal", { records: journal.usage().records, internal: error instanceof Error ? error.message : String(error) });
        retry = setTimeout(() => {
          retry = undefined;
          void step();
        }, retryMs);
      }
    }
  };
  const onDurable = (): void => {
    if (running === undefined && retry === undefined) void step();
  };
  let stopListening = journal.onDurable(onDurable);

  let rotating: Promise<RotatedLog> | undefined;
  /** After the store has closed the old log nothing leads back: tried until it works, while calls are refused. */
  async function insist<T>(work: () => T | Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (closed) throw error;
        log.error("the next evidence log isn't open yet; calls wait, then are refused", { internal: error instanceof Error ? error.message : String(error) });
        await delay(retryMs);
      }
    }
  }

  function rotate(commit: (from: { readonly origin: string; readonly size: number }) => Promise<RotatedLog>): Promise<RotatedLog> {
    if (rotating !== undefined || closed) return Promise.reject(new AppError({ code: "evidence.rotating", status: 409, message: "This log's key is being replaced already.", remedies: [{ text: "Wait a second, then look at GET /api/v1/evidence/logs." }] }));
    rotating = moveOn(commit).finally(() => (rotating = undefined));
    return rotating;
  }

  async function moveOn(commit: (from: { readonly origin: string; readonly size: number }) => Promise<RotatedLog>): Promise<RotatedLog> {
    // Most of what waits goes while calls still run; what is left then is a batch or two.
    await drain();
    let rotated: RotatedLog | undefined;
    await sink.handOver(async (old) => {
      // A drain that was under way may have begun before the last records became durable.
      await drain();
      await drain();
      const from = { origin: old.origin, size: old.size() };
      let failure: unknown;
      rotated = await commit({ ...from }).catch((error: unknown) => void (failure = error));
      // An answer that was lost may have been yes. Asked with the log's row held, so after whatever is still under way.
      const open = rotated?.origin ?? (await insist(() => evidence.openOrigin(slot)));
      if (open === old.origin) throw failure;
      if (rotated === undefined) {
        const log = (await insist(() => evidence.logs())).find((one) => one.origin === open)!;
        rotated = { closed: from, origin: open, vkey: log.vkey };
      }
      await insist(() => prepareSuccessor(journalFolder, open, old.openCalls()));
      stopListening();
      await insist(() => old.close());
      return insist(async () => {
        await evidence.ensureLog(slot);
        const next = await openJournal(evidence, journalFolder, open);
        journal = next;
        stopListening = journal.onDurable(onDurable);
        return partOf(next);
      });
    });
    return rotated!;
  }
  const checkpoints = setInterval(() => {
    void (async () => {
      if (journal.usage().records > 0) await step();
      await evidence.publishCheckpoints();
    })().catch((error: unknown) => log.warn("checkpoint not published", { internal: error instanceof Error ? error.message : String(error) }));
  }, checkpointEveryMs);

  return {
    gateway,
    server,
    slot,
    closedAsUnknown,
    origin: () => journal.origin,
    rotateLog: rotate,
    drain,
    async shed() {
      await drain();
      await sink.shed();
    },
    metrics: () => gatewayMetrics({ gateway, decisions: counts, spans: telemetry.counts(), journal: journal.usage(), registerVersion: publisher.current.version, snapshotAgeMs: now() - publisher.confirmedAt() }),
    async close() {
      closed = true;
      clearInterval(checkpoints);
      clearInterval(lookAgain);
      clearTimeout(retry);
      await gateway.close();
      // It tries no more once this closes, and leaves its journal closed or the next one open.
      await rotating?.catch(() => undefined);
      stopListening();
      // Best effort and bounded: what can't be taken now is taken at the next start.
      await Promise.race([drain().then(() => evidence.publishCheckpoints()).catch(() => undefined), new Promise((done) => setTimeout(done, 2000).unref())]);
      await journal.close();
      await slots.release(slot).catch(() => undefined);
      await telemetry.close();
    },
  };
}

/**
 * A new volume: those that earlier ones wrote are gone, and their logs end. INVARIANT: never under a process that still
 * writes one. Two control planes on one database, each with its own volume, leave each other's logs alone.
 */
async function closeLost({ evidence, slots, log }: DataPlaneOptions, slot: string): Promise<NodeJS.Timeout | undefined> {
  const alive = await slots.alive();
  const others = (await evidence.logs()).filter((one) => ownSlot.test(one.writer) && one.writer !== slot && !one.closed);
  await evidence.closeLost(others.filter((one) => !alive.has(one.writer)).map((one) => one.origin));
  let lives = others.filter((one) => alive.has(one.writer));
  if (lives.length === 0) return undefined;
  log.warn("another control plane writes to this database; its log stays open", { logs: lives.map((one) => one.origin) });
  // It may have died a moment ago: then nobody ends it in good order, and it falls silent.
  const look = async (): Promise<void> => {
    const silent = await slots.silent();
    const lost = lives.filter((one) => silent.has(one.writer));
    await evidence.closeLost(lost.map((one) => one.origin));
    lives = lives.filter((one) => !lost.includes(one));
    if (lives.length === 0) clearInterval(timer);
  };
  const timer = setInterval(() => void look().catch(() => undefined), lookAgainMs).unref();
  return timer;
}

/** Logs that a gateway of this process wrote; an enrolled gateway's has another form. */
const ownSlot = /^gw-[0-9a-f]{8}$/;

/**
 * The slot's stable name lives with its journal. INVARIANT: a new volume is a new slot with a log of its own, so an
 * empty journal is never taken for the continuation of a log whose records it lost.
 */
async function slotName(directory: string, random: (bytes: Uint8Array) => Uint8Array): Promise<{ slot: string; isNew: boolean }> {
  const path = join(directory, "slot");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const existing = await readFile(path, "utf8").catch(() => undefined);
  if (existing !== undefined && /^gw-[0-9a-f]{8}\n$/.test(existing)) return { slot: existing.trim(), isNew: false };
  const name = `gw-${Buffer.from(random(new Uint8Array(4))).toString("hex")}`;
  const handle = await open(path, "w", 0o600);
  try {
    await handle.writeFile(`${name}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { slot: name, isNew: true };
}
