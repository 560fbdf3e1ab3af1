import { describe, expect, it } from "vitest";
import { readConfiguration } from "./configuration.ts";

describe("configuration", () => {
  it("binds loopback and prints localhost unless told", () => {
    expect(readConfiguration({})).toMatchObject({ host: "127.0.0.1", port: 4600, gatewayPort: 4601, loopback: true, consoleUrl: "http://localhost:4600", gatewayUrl: "http://localhost:4601", bootstrapToken: null });
  });
  it("the gateway's port follows the control port", () => {
    expect(readConfiguration({ MANDATE_PORT: "7000" })).toMatchObject({ port: 7000, gatewayPort: 7001 });
  });
  it("links follow the public address", () => {
    expect(readConfiguration({ MANDATE_PUBLIC_URL: "https://m.example/", MANDATE_HOST: "0.0.0.0" })).toMatchObject({ consoleUrl: "https://m.example", loopback: false });
  });
  it("a quota of the store is a number of gigabytes", () => {
    expect(readConfiguration({}).storeQuotaBytes).toBeNull();
    expect(readConfiguration({ MANDATE_STORE_QUOTA_GB: "1.5" }).storeQuotaBytes).toBe(1_500_000_000);
  });
  it.each([
    [{ MANDATE_PORT: "x" }, "MANDATE_PORT"],
    [{ MANDATE_PORT: "70000" }, "MANDATE_PORT"],
    [{ MANDATE_PORT: "5000", MANDATE_GATEWAY_PORT: "5000" }, "MANDATE_GATEWAY_PORT"],
    [{ MANDATE_DATABASE_URL: "mysql://u:secret@db/x" }, /^MANDATE_DATABASE_URL(?!.*secret)/],
    [{ MANDATE_BOOTSTRAP_TOKEN: "short" }, "MANDATE_BOOTSTRAP_TOKEN"],
    [{ MANDATE_PUBLIC_URL: "javascript:alert(1)" }, "MANDATE_PUBLIC_URL"],
    [{ MANDATE_PUBLIC_URL: "https://m.example/path" }, "MANDATE_PUBLIC_URL"],
    [{ MANDATE_STORE_QUOTA_GB: "0" }, "MANDATE_STORE_QUOTA_GB"],
    [{ MANDATE_STORE_QUOTA_GB: "500 GB" }, "MANDATE_STORE_QUOTA_GB"],
  ])("refuses %o and names the variable, not its value", (env, name) => {
    expect(() => readConfiguration(env)).toThrow(name);
  });
});
