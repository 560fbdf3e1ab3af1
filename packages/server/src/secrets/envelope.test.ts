import { randomFillSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openValue, sealValue, secretContext } from "./envelope.ts";

const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
const master = random(new Uint8Array(32));
const context = secretContext("org_1", "openai-prod", ["api.openai.com"]);

describe("envelope encryption", () => {
  it("opens with the same key and context", () => {
    const sealed = sealValue(master, "sk-canary-ü", context, random);
    expect(openValue(master, sealed, context)).toBe("sk-canary-ü");
    expect(Buffer.from(sealed.ciphertext).includes("sk-canary")).toBe(false);
  });

  it("doesn't open once a host was added in the database", () => {
    const sealed = sealValue(master, "v", context, random);
    expect(() => openValue(master, sealed, secretContext("org_1", "openai-prod", ["api.openai.com", "evil.example"]))).toThrow();
  });

  it("doesn't open under another master key, another name or a flipped bit", () => {
    const sealed = sealValue(master, "v", context, random);
    expect(() => openValue(random(new Uint8Array(32)), sealed, context)).toThrow();
    expect(() => openValue(master, sealed, secretContext("org_1", "other", ["api.openai.com"]))).toThrow();
    sealed.ciphertext[13]! ^= 1;
    expect(() => openValue(master, sealed, context)).toThrow();
  });
});
