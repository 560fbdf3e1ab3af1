/** Counts of answered requests by route and status, for `/metrics`. Bounded: routes are patterns, not URLs. */
export class RequestCounts {
  readonly #counts = new Map<string, { count: number; totalMs: number }>();

  add(method: string, route: string, status: number, elapsedMs: number): void {
    const key = `method="${method}",route="${route}",status="${status}"`;
    const known = this.#counts.get(key) ?? { count: 0, totalMs: 0 };
    known.count++;
    known.totalMs += elapsedMs;
    this.#counts.set(key, known);
  }

  render(): string {
    const lines = ["# HELP mandate_http_requests_total Answered requests of the control listener.", "# TYPE mandate_http_requests_total counter"];
    for (const [labels, { count }] of this.#counts) lines.push(`mandate_http_requests_total{${labels}} ${count}`);
    lines.push("# HELP mandate_http_request_seconds_total Seconds spent on them.", "# TYPE mandate_http_request_seconds_total counter");
    for (const [labels, { totalMs }] of this.#counts) lines.push(`mandate_http_request_seconds_total{${labels}} ${(totalMs / 1000).toFixed(6)}`);
    return `${lines.join("\n")}\n`;
  }
}
