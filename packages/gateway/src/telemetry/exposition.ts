export interface Gauge {
  readonly name: string;
  readonly help: string;
  /** Absent: a gauge. */
  readonly type?: "counter";
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Histogram {
  readonly name: string;
  readonly help: string;
  readonly type: "histogram";
  /** In the unit of its name, rising. */
  readonly bounds: readonly number[];
  /** One for each bound, and one beyond the last. Not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export type Metric = Gauge | Histogram;

/** Of the text that `renderMetrics` makes. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Prometheus text exposition: each name once, its series together. Label values are our own words, escaped all the same. */
export function renderMetrics(metrics: readonly Metric[]): string {
  return [...Map.groupBy(metrics, ({ name }) => name).values()]
    .map((series) => {
      const { name, help, type } = series[0]!;
      const lines = series.flatMap((one) => (one.type === "histogram" ? histogramLines(one) : [`${name}${labelled(one.labels)} ${one.value}`]));
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type ?? "gauge"}\n${lines.join("\n")}\n`;
    })
    .join("");
}

/** Buckets are cumulative on the wire, and the one without an end holds all. */
function histogramLines({ name, bounds, counts, sum, labels }: Histogram): string[] {
  let below = 0;
  const buckets = counts.map((count, place) => `${name}_bucket${labelled({ ...labels, le: String(bounds[place] ?? "+Inf") })} ${(below += count)}`);
  return [...buckets, `${name}_sum${labelled(labels)} ${sum}`, `${name}_count${labelled(labels)} ${below}`];
}

function labelled(labels: Readonly<Record<string, string>> = {}): string {
  const inner = Object.entries(labels).map(([key, text]) => `${key}="${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", " ")}"`);
  return inner.length > 0 ? `{${inner.join(",")}}` : "";
}
