import { randomFillSync } from "node:crypto";
import { statfs } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { totalmem } from "node:os";
import { join } from "node:path";
import { signerFromPem } from "@mandate/ledger/node";
import { AppError } from "@mandate/model";
import { Journal, JournalSink, Sealer, sealingKeyLookup } from "../evidence/index.ts";
import { bytesInFlightFor } from "../byte-budget.ts";
import { createGateway } from "../gateway.ts";
import type { GatewayLog } from "../options.ts";
import { askListener, failingForProbe, listenerOf } from "../probe/index.ts";
import type { Listener, ProbeCall, ProbeMet } from "../probe/index.ts";
import { createGatewayServer } from "../server.ts";
import type { SealingKey } from "../snapshot.ts";
import { DecisionCounts, gatewayMetrics, startTelemetry } from "../telemetry/index.ts";
import { ControlLink } from "./control-link.ts";
import { JournalPusher } from "./journal-push.ts";
import { requireMetricsToken, withMetrics } from "./metrics.ts";
import { RunClaim } from "./run.ts";
import { openSlot } from "./slot.ts";

export interface StandAloneOptions {
  readonly controlUrl: string;
  /** Spent at the first start. */
  readonly token: string | null;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly log: GatewayLog;
  /** A line for the person who started it. */
  readonly say: (line: string) => void;
  readonly now?: () => number;
  /** Where spans go is read from it (OpenTelemetry's own variables). */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly version?: string;
  /** What whoever reads `/metrics` from another machine shows; null or absent: figures are told on loopback alone. */
  readonly metricsToken?: string | null;
}

export interface StandAloneGateway {
  readonly url: string;
  readonly name: string;
  close(): Promise<void>;
}

const lastPushMs = 5_000;
const tellEveryMs = 5_000;

/** The data plane alone: composition root of `mandate gateway`. */
export async function startGateway(options: StandAloneOptions): Promise<StandAloneGateway> {
  const { controlUrl, dataDir, log, say } = options;
  const now = options.now ?? (() => Date.now());
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  refuseClear(controlUrl);
  requireMetricsToken(options.metricsToken ?? null);
  const slot = await openSlot({ dataDir, controlUrl, token: options.token });
  const signer = signerFromPem(slot.origin, slot.keys.signing.export({ format: "pem", type: "pkcs8" }).toString());
  const journal = new Journal({ directory: join(dataDir, "journal"), signer });
  try {
    let pusher: JournalPusher | undefined;
    let listener: Listener | null = null;
    const probed = (calls: readonly ProbeCall[]): Promise<readonly (ProbeMet | null)[]> => (listener === null ? Promise.resolve([]) : askListener(listener, calls));
    const link = new ControlLink({ slot, run: new RunClaim(dataDir, random), now, random, log, onDrain: async () => pusher?.push(), onProbe: (calls) => probed(calls) });
    pusher = new JournalPusher(journal, link, log);
    await pusher.begin().catch((error: unknown) => {
      // Without the control plane calls are refused all the same; a journal that lost records must not go on.
      if (!(error instanceof AppError) || error.code !== "control_unavailable") throw error;
      log.warn("the control plane isn't there yet", {});
    });
    const none: readonly SealingKey[] = [];
    const sealer = new Sealer({ origin: slot.origin, clock: now, random, sealingKey: sealingKeyLookup(() => link.current?.sealingKeys ?? none) });
    const sink = new JournalSink(journal, sealer, signer);
    const closed = await sink.closeOpenCalls();
    if (closed > 0) log.warn("calls of the last run are closed as unknown", { calls: closed });
    const telemetry = startTelemetry({ env: options.env ?? {}, version: options.version ?? "", instance: slot.name, log, now });
    const decisions = new DecisionCounts();
    const gateway = createGateway({ limits: { maxBytesInFlight: bytesInFlightFor(Math.min(process.constrainedMemory() || totalmem(), totalmem())) }, control: link, evidence: decisions.counted(telemetry.traced(failingForProbe(sink))), clock: now, random, log, sampling: telemetry.settings });
    const metrics = async () => {
      const { bavail, bsize } = await statfs(dataDir);
      return [
        ...gatewayMetrics({ gateway, decisions, spans: telemetry.counts(), journal: journal.usage(), registerVersion: gateway.ready().registerVersion, snapshotAgeMs: now() - link.confirmedAt() }),
        { name: "mandate_disk_free_bytes", help: "Room left on the data directory's disk.", value: bavail * bsize },
      ];
    };
    const server = createGatewayServer({ handler: withMetrics({ metrics, token: options.metricsToken ?? null, next: gateway.handler }) });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.host, resolve);
    });
    listener = listenerOf(server.address());
    link.start();
    const telling = setInterval(() => {
      const { sinceMs, ...lately } = gateway.added.lastHour();
      link.figures({ since: new Date(sinceMs).toISOString(), ...lately });
    }, tellEveryMs).unref();
    const { port } = server.address() as AddressInfo;
    const url = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
    say(`Gateway ${slot.name} listens on ${url} and obeys ${controlUrl}.`);
    return {
      url,
      name: slot.name,
      async close() {
        clearInterval(telling);
        server.close();
        await gateway.close();
        server.closeAllConnections();
        // What can't be moved now is moved at the next start.
        await Promise.race([pusher.push().catch(() => undefined), new Promise((done) => setTimeout(done, lastPushMs).unref())]);
        pusher.close();
        link.close();
        await journal.close();
        await telemetry.close();
      },
    };
  } catch (error) {
    await journal.close().catch(() => undefined);
    throw error;
  }
}

/** Requests are signed and secrets sealed, but who calls what would be read on the way. */
function refuseClear(controlUrl: string): void {
  const { protocol, hostname } = new URL(controlUrl);
  if (protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname)) return;
  throw new AppError({ code: "gateway.clear_text", status: 500, message: "MANDATE_CONTROL_URL is plain http to another machine.", remedies: [{ text: "Put TLS before the control plane and write https." }] });
}
