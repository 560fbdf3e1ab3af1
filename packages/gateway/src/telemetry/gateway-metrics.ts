import type { Gateway } from "../options.ts";
import { addedBoundsMs } from "./added-times.ts";
import type { DecisionCounts } from "./decision-counts.ts";
import type { SpanCounts } from "./exporter.ts";
import type { Metric } from "./exposition.ts";

export interface MeasuredGateway {
  readonly gateway: Pick<Gateway, "counts" | "added">;
  readonly decisions: Pick<DecisionCounts, "list" | "probes">;
  /** Null: no spans are made. */
  readonly spans: SpanCounts | null;
  readonly journal: { readonly records: number; readonly bytes: number };
  /** Null: it holds none yet, and its age says nothing. */
  readonly registerVersion: number | null;
  readonly snapshotAgeMs: number;
}

/** What every gateway tells of itself under the same names, whether it runs beside the control plane or alone. */
export function gatewayMetrics({ gateway, decisions, spans, journal, registerVersion, snapshotAgeMs }: MeasuredGateway): readonly Metric[] {
  const { inFlight, unauthenticated } = gateway.counts();
  return [
    ...(registerVersion === null
      ? []
      : [
          { name: "mandate_register_version", help: "Register version in force.", value: registerVersion },
          { name: "mandate_snapshot_age_seconds", help: "Seconds since the control plane confirmed the snapshot.", value: snapshotAgeMs / 1000 },
        ]),
    { name: "mandate_journal_records", help: "Evidence entries waiting for the store.", value: journal.records },
    { name: "mandate_journal_bytes", help: "Bytes of the journal in use.", value: journal.bytes },
    { name: "mandate_calls_in_flight", help: "Governed calls running.", value: inFlight },
    ...decisions.list().map(({ count, ...labels }) => ({ name: "mandate_decisions_total", help: "Decisions of this process's gateway since its start, without probes.", type: "counter" as const, value: count, labels })),
    { name: "mandate_probe_decisions_total", help: "Decisions about what the product plants to see its own refusals.", type: "counter", value: decisions.probes },
    ...Object.entries(unauthenticated).map(([code, value]) => ({ name: "mandate_unauthenticated_total", help: "Calls whose key nobody knows.", type: "counter" as const, value, labels: { code } })),
    ...(spans === null ? [] : (["exported", "dropped", "failed"] as const).map((result) => ({ name: "mandate_spans_total", help: "Spans by what became of them.", type: "counter" as const, value: spans[result], labels: { result } }))),
    ...gateway.added.totals().map(({ kind, counts, sumMs }) => ({
      name: "mandate_added_seconds",
      help: "What this gateway itself took of each call it carried or decided, without its caller's and its upstream's time.",
      type: "histogram" as const,
      bounds: addedBoundsMs.map((bound) => bound / 1000),
      counts,
      sum: sumMs / 1000,
      labels: { kind },
    })),
  ];
}
