import { describe, expect, it } from "vitest";
import { RateLimit } from "./rate-limit.ts";

describe("rate limit", () => {
  it("lets the stated number through, then refuses with the wait, then refills", () => {
    const limit = new RateLimit(3);
    for (let i = 0; i < 3; i++) limit.take("a", 1000);
    expect(() => limit.take("a", 1000)).toThrow(expect.objectContaining({ code: "request.rate", status: 429, details: { retryAfterSeconds: 20 } }));
    expect(() => limit.take("b", 1000)).not.toThrow();
    expect(() => limit.take("a", 22_000)).not.toThrow();
  });

  it("stays bounded under a flood of addresses", () => {
    const limit = new RateLimit(1, 10);
    for (let i = 0; i < 1000; i++) limit.take(`k${i}`, i);
    expect(() => limit.take("k999", 999)).toThrow();
  });

  it("a clock that jumps back gives nothing away", () => {
    const limit = new RateLimit(1);
    limit.take("a", 10_000);
    expect(() => limit.take("a", 0)).toThrow();
  });
});
