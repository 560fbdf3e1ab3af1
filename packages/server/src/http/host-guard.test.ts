import { describe, expect, it } from "vitest";
import { hostName, isLoopbackName } from "@mandate/gateway";
import { allowedHosts, hostAllowed } from "./host-guard.ts";

describe("host allow list", () => {
  const allowed = allowedHosts("127.0.0.1", "https://mandate.halden.example");

  it.each(["localhost:4600", "LOCALHOST", "127.0.0.1:4600", "[::1]:4600", "mandate.halden.example"])("answers to %s", (host) => {
    expect(hostAllowed(host, allowed)).toBe(true);
  });

  it.each(["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "mandate.halden.example@evil", "", "a b", "localhost:4600:1"])(
    "refuses a rebinding name: %s",
    (host) => {
      expect(hostAllowed(host, allowed)).toBe(false);
    },
  );

  it("refuses a missing or absurdly long host", () => {
    expect(hostAllowed(undefined, allowed)).toBe(false);
    expect(hostAllowed("a".repeat(300), allowed)).toBe(false);
  });

  it("knows loopback by its whole range", () => {
    expect(isLoopbackName("127.8.8.8")).toBe(true);
    expect(isLoopbackName("128.0.0.1")).toBe(false);
    expect(hostName("[::1]:80")).toBe("::1");
  });
});
