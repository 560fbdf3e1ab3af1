import { randomFillSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bearerHash, bearerHint, bearerKind, bearerPrefixes, newBearer } from "./bearer.ts";
import type { BearerKind } from "./bearer.ts";

const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);

describe("bearer strings", () => {
  it.each(Object.keys(bearerPrefixes) as BearerKind[])("recognises its own %s", (kind) => {
    const text = newBearer(kind, random);
    expect(text).toMatch(/^md[a-z]_[0-9A-Za-z]{38}$/);
    expect(bearerKind(text)).toBe(kind);
  });

  it("refuses one with any changed character", () => {
    const text = newBearer("gatewayKey", random);
    for (let i = 4; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === "a" ? "b" : "a") + text.slice(i + 1);
      expect(bearerKind(changed)).toBeUndefined();
    }
  });

  it("never repeats and never shows more than its hint", () => {
    const seen = new Set(Array.from({ length: 500 }, () => newBearer("apiToken", random)));
    expect(seen.size).toBe(500);
    const [one] = seen;
    expect(bearerHint(one!)).toHaveLength(9);
    expect(bearerHash(one!)).toMatch(/^[0-9a-f]{64}$/);
  });
});
