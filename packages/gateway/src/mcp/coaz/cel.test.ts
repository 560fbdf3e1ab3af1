import fc from "fast-check";
import { expect, test } from "vitest";
import { absent, CelProblem, evaluateCel } from "./cel-evaluate.ts";
import { parseCel, UnreadableCel } from "./cel-parse.ts";

const variables = {
  params: { name: "transfer", arguments: { id: "cust-1", amount: 12_000, currency: "EUR", "customer-id": "c7", tags: ["a", "b"], none: null } },
  token: { sub: "alice", roles: ["clerk", "treasury"], aud: "files" },
};
const value = (text: string): unknown => evaluateCel(parseCel(text), variables);

test.each<[string, unknown]>([
  ["params.name", "transfer"],
  ["params.arguments.id", "cust-1"],
  ['params.arguments["customer-id"]', "c7"],
  ["params.arguments.tags[1]", "b"],
  ["params.arguments.none", null],
  ["token.?client_id", absent],
  ["token.?address.city", absent],
  ["token.?client_id.orValue('nobody')", "nobody"],
  ["token.?sub", "alice"],
  ["'urn:doc:' + params.arguments.id", "urn:doc:cust-1"],
  ["params.arguments.amount > 10000 ? 'high' : 'standard'", "high"],
  ["params.arguments.currency == 'USD' ? 'domestic_transfer' : 'international_transfer'", "international_transfer"],
  ["token.roles.exists(r, r == 'treasury') ? 'treasury_user' : 'standard_user'", "treasury_user"],
  ["token.roles.all(r, r.startsWith('c'))", false],
  ["'treasury' in token.roles && !('admin' in token.roles)", true],
  ["has(params.arguments.region) || size(params.arguments.tags) == 2", true],
  ["params.arguments.region == 'x' || true", true],
  ["false && params.arguments.region == 'x'", false],
  ["1 + 2 * 3 - 1", 6],
  ["-(2) < 1 == true", true],
  ["string(params.arguments.amount) + \"\\n\"", "12000\n"],
  ["[1, 2] + [3] == [1, 2, 3]", true],
  ["1 == '1'", false],
  ["'9' < '10'", false],
])("%s", (text, expected) => expect(value(text)).toEqual(expected));

test("what has no value for these inputs is a problem, never a guess", () => {
  for (const text of ["params.arguments.region", "nobody.sub", "params.name.first", "params.arguments.tags[9]", "1 + 'a'", "'a' < 1", "1 ? 2 : 3", "token.?x + 'y'", "size(1)", "token.roles.map(r, r)", "matches('a', 'b')", "params.arguments.none.x", "constructor", "params.constructor", "params.__proto__"])
    expect(() => value(text), text).toThrow(CelProblem);
});

test("what isn't read here is refused where it stands: division, maps, bytes, unknown escapes, an end too soon", () => {
  for (const text of ["1 / 2", "{'a': 1}", "'a", "'\\x41'", "a.", "a b", "(1", "[1,", "", "1 +", "a ? b", "'" + "x".repeat(2_100) + "'", "(".repeat(40) + "1" + ")".repeat(40), "!".repeat(60) + "true"])
    expect(() => parseCel(text), text.slice(0, 40)).toThrow(UnreadableCel);
});

test("a list within a list within a list costs no more than its bound", () => {
  const wide = { list: Array.from({ length: 200 }, (_, n) => n) };
  expect(() => evaluateCel(parseCel("list.all(a, list.all(b, list.all(c, c >= 0)))"), wide)).toThrow(CelProblem);
});

test("whatever the text, reading and evaluating ends in a value or in one of these two problems", () => {
  const piece = fc.constantFrom("params", "token", ".", ".?", "[", "]", "(", ")", "?", ":", "'a'", "1", "+", "-", "*", "==", "&&", "||", "!", "in", ",", "exists", "size", "has", "name", " ", "<", "null", "true");
  const text = fc.oneof(fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join("")), fc.string({ maxLength: 60 }));
  fc.assert(
    fc.property(text, (given) => {
      try {
        value(given);
      } catch (error) {
        expect(error instanceof CelProblem || error instanceof UnreadableCel, String(error)).toBe(true);
      }
    }),
    { numRuns: 1_000_000, interruptAfterTimeLimit: Number(process.env["MANDATE_FUZZ_MS"] ?? 250), markInterruptAsFailure: false },
  );
});
