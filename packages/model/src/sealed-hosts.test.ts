import { expect, test } from "vitest";
import { isSealedFor } from "./sealed-hosts.ts";

test.each([
  ["api.example.com", "https://api.example.com/v1", true],
  ["API.example.com", "https://api.example.com:8443/v1", true],
  ["api.example.com:443", "https://api.example.com/v1", true],
  ["api.example.com:80", "http://api.example.com/v1", true],
  ["api.example.com:443", "http://api.example.com/v1", false],
  ["api.example.com:443", "https://api.example.com:8443/v1", false],
  ["api.example.com", "https://api.example.com.evil.example/v1", false],
  ["api.example.com", "https://evil.example/api.example.com", false],
  ["api.example.com", "https://api.example.com@evil.example/", false],
  ["[::1]:4000", "http://[::1]:4000/v1", true],
])("G8: a secret sealed for %s asked for %s", (host, address, sent) => {
  expect(isSealedFor([host], new URL(address))).toBe(sent);
});

test("G8: a secret sealed for nothing goes nowhere", () => {
  expect(isSealedFor([], new URL("https://api.example.com"))).toBe(false);
});
