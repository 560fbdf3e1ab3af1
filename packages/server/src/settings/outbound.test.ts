import { describe, expect, it } from "vitest";
import { isOutboundEntry } from "./outbound.ts";

describe("outbound allow list", () => {
  it.each(["10.0.0.0/8", "127.0.0.1/32", "fd00::/8", "::1/128", "vllm.ml.svc:8000", "127.0.0.1:9999", "[::1]:8000", "localhost:11434"])("takes %s", (entry) => {
    expect(isOutboundEntry(entry)).toBe(true);
  });
  it.each(["0.0.0.0/0", "::/0", "10.0.0.0/33", "169.254.169.254/32", "169.254.169.254:80", "fe80::/10", "host", "host:0", "host:70000", "http://host:80", "*", "a b:80", ""])("refuses %s", (entry) => {
    expect(isOutboundEntry(entry)).toBe(false);
  });
});
