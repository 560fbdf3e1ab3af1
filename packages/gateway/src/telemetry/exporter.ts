import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Agent, request } from "undici";
import type { GatewayLog } from "../options.ts";
import { exportRequest, type Resource } from "./otlp-json.ts";
import type { TelemetrySettings } from "./settings.ts";
import type { Span } from "./span.ts";

const compressed = promisify(gzip);

/** OTLP 1.x, OTLP/HTTP Response: these alone may be tried again. */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const maxAttempts = 5;
const firstBackoffMs = 1_000;
const maxWaitMs = 30_000;
const maxAnswerBytes = 65_536;

export interface SpanCounts {
  /** Taken by the collector. */
  readonly exported: number;
  /** Didn't fit the queue. */
  readonly dropped: number;
  /** Refused by the collector, or given up on. */
  readonly failed: number;
  readonly queued: number;
}

export interface ExporterOptions {
  readonly settings: TelemetrySettings;
  readonly resource: Resource;
  readonly log: GatewayLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Between 0 and 1: spreads the retries of many gateways. */
  readonly jitter?: () => number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Sends spans in batches, one request at a time. INVARIANT: nothing that decides ever waits for it. `add` takes constant
 * time and memory: what doesn't fit is dropped and counted.
 */
export class OtlpExporter {
  readonly #options: ExporterOptions;
  readonly #wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #agent: Agent;
  readonly #closing = new AbortController();
  #queue: Span[] = [];
  #exported = 0;
  #dropped = 0;
  #failed = 0;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#wait = options.wait ?? waitFor;
    const { timeoutMs } = options.settings;
    this.#agent = new Agent({ connections: 1, pipelining: 1, connect: { timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  }

  add(span: Span): void {
    const { maxQueue, maxBatch, delayMs } = this.#options.settings;
    if (this.#queue.length >= maxQueue || this.#closing.signal.aborted) {
      this.#dropped++;
      return;
    }
    this.#queue.push(span);
    if (this.#running !== undefined) return;
    if (this.#queue.length >= maxBatch) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), delayMs).unref();
  }

  counts(): SpanCounts {
    return { exported: this.#exported, dropped: this.#dropped, failed: this.#failed, queued: this.#queue.length };
  }

  /** Sends what is queued now. */
  async flush(): Promise<void> {
    this.#start();
    await this.#running;
  }

  /** One more try for what is left, bounded by the exporter's own time-out; then nothing is taken any more. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing.abort();
    await this.#running;
    if (this.#queue.length > 0) await this.#drain();
    await this.#agent.destroy();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0 && !this.#closing.signal.aborted) this.#timer ??= setTimeout(() => this.#start(), this.#options.settings.delayMs).unref();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#options.settings.maxBatch);
      const refused = await this.#send(batch);
      this.#failed += refused;
      this.#exported += batch.length - refused;
      // A collector that is away gets no storm of batches on its return, and a process that ends doesn't wait for it.
      if (refused === batch.length && this.#closing.signal.aborted) {
        this.#failed += this.#queue.length;
        this.#queue = [];
      }
    }
  }

  /** @returns how many of the batch were not taken */
  async #send(batch: readonly Span[]): Promise<number> {
    const { settings, resource, jitter } = this.#options;
    const text = Buffer.from(exportRequest(resource, batch), "utf8");
    const body = settings.gzip ? await compressed(text) : text;
    for (let attempt = 1; ; attempt++) {
      const met = await this.#post(body);
      if (met.status === 200) return this.#taken(batch.length, met.rejected);
      const mayRepeat = met.status === null || retryable.has(met.status);
      if (!mayRepeat || attempt >= maxAttempts || this.#closing.signal.aborted) return this.#lost(batch.length, met.status);
      const backoffMs = Math.min(maxWaitMs, firstBackoffMs * 2 ** (attempt - 1));
      await this.#wait(Math.min(maxWaitMs, met.retryAfterMs ?? backoffMs * (0.5 + (jitter ?? Math.random)() / 2)), this.#closing.signal);
    }
  }

  #taken(sent: number, rejected: number): number {
    if (this.#isFailing) this.#options.log.warn("telemetry.resumed", { url: shown(this.#options.settings.url) });
    this.#isFailing = false;
    const refused = Math.min(sent, rejected);
    if (refused > 0) this.#options.log.warn("telemetry.rejected", { spans: refused });
    return refused;
  }

  /** Said once, not once a batch. */
  #lost(spans: number, status: number | null): number {
    if (!this.#isFailing) this.#options.log.warn("telemetry.failed", { url: shown(this.#options.settings.url), status, spans });
    this.#isFailing = true;
    return spans;
  }

  async #post(body: Buffer): Promise<{ readonly status: number | null; readonly rejected: number; readonly retryAfterMs: number | null }> {
    const { settings, now } = this.#options;
    try {
      // Redirects are not followed: headers may hold a secret, and it goes where it was meant to.
      const answer = await request(settings.url, {
        method: "POST",
        dispatcher: this.#agent,
        headers: { "user-agent": "mandate-gateway", ...settings.headers, "content-type": "application/json", ...(settings.gzip ? { "content-encoding": "gzip" } : {}) },
        body,
        signal: AbortSignal.timeout(settings.timeoutMs),
      });
      const text = await bounded(answer.body);
      return { status: answer.statusCode === 200 ? 200 : answer.statusCode, rejected: answer.statusCode === 200 ? rejectedIn(text) : 0, retryAfterMs: retryAfter(answer.headers["retry-after"], now()) };
    } catch {
      return { status: null, rejected: 0, retryAfterMs: null };
    }
  }
}

async function bounded(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) throw new RangeError("the collector's answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** `partialSuccess.rejectedSpans`: 64-bit, so text in JSON; some collectors write a number. */
function rejectedIn(text: string): number {
  try {
    const value = (JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } } | null)?.partialSuccess?.rejectedSpans;
    const rejected = Number(value ?? 0);
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(header: string | string[] | undefined, nowMs: number): number | null {
  if (typeof header !== "string") return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** Without what an address can carry besides: a user, a token in its query. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(end, milliseconds).unref();
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      done();
    }
    signal.addEventListener("abort", end, { once: true });
  });
}
