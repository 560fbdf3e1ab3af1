import type { CallerHeaders } from "../upstream/providers/provider.ts";
import type { TelemetrySettings } from "./settings.ts";
import { readTraceparent, spanIdOf, type TraceContext, traceparentOf } from "./trace-context.ts";

/** Places calls in traces. Without settings no spans are made, and a caller's trace passes as it came. */
export class Tracer {
  readonly #settings: Pick<TelemetrySettings, "ratio" | "followsParent"> | null;
  readonly #random: (bytes: Uint8Array) => Uint8Array;

  constructor(settings: Pick<TelemetrySettings, "ratio" | "followsParent"> | null, random: (bytes: Uint8Array) => Uint8Array) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Null: the caller named no trace and nobody here would see one. */
  begin(headers: CallerHeaders): TraceContext | null {
    const given = readTraceparent(headers["traceparent"]);
    if (this.#settings === null) return given;
    const { ratio, followsParent } = this.#settings;
    if (given !== null) return followsParent ? given : { ...given, sampled: isIn(given.traceId, ratio) };
    const traceId = Buffer.from(this.#random(new Uint8Array(16))).toString("hex");
    return { traceId, parentId: null, sampled: isIn(traceId, ratio), fromCaller: false };
  }

  /**
   * What goes upstream: the trace, and nothing that a caller could write freely. `tracestate` and `baggage` stay here
   * (Trace Context §3.3.1.4 allows it): no detector reads them.
   */
  upstream(context: TraceContext | null, decisionId: string): Readonly<Record<string, string>> {
    if (context === null) return {};
    const header = traceparentOf(context, this.#settings === null ? null : spanIdOf(decisionId));
    return header === null ? {} : { traceparent: header };
  }
}

/** By the rightmost 56 bits, which Trace Context level 2 calls random, so that all who share a ratio agree. */
function isIn(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-14), 16) >= Math.round((1 - ratio) * 2 ** 56);
}
