import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testSystem } from "../testing/facts.ts";
import { readJws } from "./jws.ts";
import { createSessionBooks } from "./session-token.ts";

/** Bounded, so that every run of the tests can afford it; longer by the environment. */
const bounded = { numRuns: 1_000_000, interruptAfterTimeLimit: Number(process.env["MANDATE_FUZZ_MS"] ?? 250), markInterruptAsFailure: false } as const;
const base64url = (text: string): string => Buffer.from(text, "utf8").toString("base64url");
const json = fc.oneof(fc.jsonValue().map((value) => JSON.stringify(value)), fc.string(), fc.constantFrom('{"alg":"none"}', '{"alg":"ES256"}', '{"alg":"ES256","alg":"none"}', '{"alg":"EdDSA","crit":["x"]}', '{"__proto__":{"alg":"ES256"}}'));
const compact = fc.oneof(fc.string(), fc.tuple(json, json, fc.string()).map(([head, claims, signature]) => `${base64url(head)}.${base64url(claims)}.${base64url(signature)}`));

test("whatever a token holds, it is read with an algorithm that is known, or not at all", () => {
  fc.assert(
    fc.property(compact, (token) => {
      const read = readJws(token, 8_192);
      if (read === undefined) return;
      expect(read.alg).toBe(read.header.alg);
      expect(["ES256", "EdDSA", "RS256", "PS256", "ES384", "RS384", "RS512"]).toContain(read.alg);
      expect(read.header.crit).toBeUndefined();
    }),
    bounded,
  );
});

describe("a session's token", () => {
  const system = testSystem("T2", {});
  const key = new Uint8Array(32).fill(7);
  const books = () => createSessionBooks({ key: () => key, clock: () => 1_800_000_000_000, random: (bytes) => randomFillSync(bytes) });
  const seen = { maxSensitivity: "restricted", untrusted: true, residency: ["US"], classes: ["health"], purposes: null } as const;

  test("changed anywhere, made up or cut, it never says less than what the session has seen", () => {
    const kept = books();
    const opened = kept.open("talk", system, "cred")!;
    const token = kept.close(opened, seen, system.name);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.tuple(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 })).map(([at, letter]) => token.slice(0, at) + letter + token.slice(at + 1)), fc.nat(token.length).map((length) => token.slice(0, length))), (given) => {
        // At a gateway that never saw the session.
        const session = books().open(given, system, "cred");
        if (session === null) return;
        // The session's own id comes of its whole token alone, with all that it saw; any other word names another session.
        if (session.id === opened.id) expect(session.labels).toMatchObject({ maxSensitivity: "restricted", untrusted: true });
        else if (given.startsWith("mss1.")) expect(session.labels.untrusted).toBe(true);
      }),
      bounded,
    );
  });
});
