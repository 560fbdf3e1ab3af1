import { expect, test } from "vitest";
import { renderMetrics } from "./exposition.ts";

test("a histogram is told as Prometheus reads it: buckets that hold those below them, the last without an end, sum and count", () => {
  const text = renderMetrics([
    { name: "took_seconds", help: "How long.", type: "histogram", bounds: [0.001, 0.01], counts: [2, 0, 3], sum: 1.5, labels: { kind: "model" } },
    { name: "took_seconds", help: "How long.", type: "histogram", bounds: [0.001, 0.01], counts: [0, 1, 0], sum: 0.004, labels: { kind: "mcp" } },
  ]);
  expect(text).toBe(`# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{kind="model",le="0.001"} 2
took_seconds_bucket{kind="model",le="0.01"} 2
took_seconds_bucket{kind="model",le="+Inf"} 5
took_seconds_sum{kind="model"} 1.5
took_seconds_count{kind="model"} 5
took_seconds_bucket{kind="mcp",le="0.001"} 0
took_seconds_bucket{kind="mcp",le="0.01"} 1
took_seconds_bucket{kind="mcp",le="+Inf"} 1
took_seconds_sum{kind="mcp"} 0.004
took_seconds_count{kind="mcp"} 1
`);
});

test("each name is declared once, and a label value can't end its line", () => {
  const text = renderMetrics([
    { name: "calls_total", help: "Calls.", type: "counter", value: 1, labels: { code: 'a"b\\c\nd' } },
    { name: "other", help: "Other.", value: 2 },
    { name: "calls_total", help: "Calls.", type: "counter", value: 3, labels: { code: "b" } },
  ]);
  expect(text).toBe('# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total{code="a\\"b\\\\c d"} 1\ncalls_total{code="b"} 3\n# HELP other Other.\n# TYPE other gauge\nother 2\n');
});
