import type { CredentialFacts } from "@mandate/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CredentialIndex } from "./credential-index.ts";

const credential = fc.record({ id: fc.constantFrom("a", "b", "c", "d"), keyHash: fc.constantFrom("1", "2", "3", null), state: fc.constantFrom("active", "revoked") });
const list = fc.array(credential, { maxLength: 6 }) as unknown as fc.Arbitrary<readonly CredentialFacts[]>;

test("G2: an index that follows another answers as one that was made anew, whatever came, went, moved or got another key", () => {
  fc.assert(
    fc.property(list, list, (before, after) => {
      // Half of them differ in states alone, as revoked keys do.
      for (const next of [after, before.map((one, at) => ({ ...one, state: after[at]?.state ?? one.state }))]) {
        const followed = new CredentialIndex(before).following(next);
        const made = new CredentialIndex(next);
        for (const id of ["a", "b", "c", "d"]) expect(followed.ofId(id)).toBe(made.ofId(id));
        for (const key of ["1", "2", "3"]) expect(followed.ofKey(key)).toBe(made.ofKey(key));
        expect(made.ofId("none")).toBeUndefined();
      }
    }),
    { numRuns: 500 },
  );
});
