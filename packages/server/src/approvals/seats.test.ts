import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { committeeSet, openSets, outcomeOf, placesOf } from "./seats.ts";
import type { Answer, ApproverSet, Directory } from "./seats.ts";

const set = (group: string, count = 1, more: Partial<ApproverSet> = {}): ApproverSet => ({ group, count, members: [], ...more });
const yes = (email: string, of: string, onBehalfOf: string | null = null): Answer => ({ email, set: of, choice: "approve", onBehalfOf });
const no = (email: string, of: string): Answer => ({ email, set: of, choice: "refuse", onBehalfOf: null });
const board = set("authorizing-official", 1, { committee: { group: "board", quorum: 3 } });

describe("answers amount to", () => {
  test("a yes only when every set has its count; one no ends it", () => {
    const sets = [set("leads", 2), set("legal-reviewer")];
    expect(outcomeOf(sets, [yes("a", "leads"), yes("b", "legal-reviewer")])).toBe("pending");
    expect(outcomeOf(sets, [yes("a", "leads"), yes("c", "leads"), yes("b", "legal-reviewer")])).toBe("approved");
    expect(outcomeOf(sets, [yes("a", "leads"), no("b", "legal-reviewer")])).toBe("refused");
  });

  test("nothing where nobody is asked", () => {
    expect(outcomeOf([], [])).toBe("pending");
  });

  test("a committee's majority, a tie being a no, dissent ending nothing by itself", () => {
    const vote = committeeSet("board");
    expect(outcomeOf([board], [no("a", vote), yes("b", vote)])).toBe("pending");
    expect(outcomeOf([board], [no("a", vote), yes("b", vote), yes("c", vote)])).toBe("approved");
    expect(outcomeOf([{ ...board, committee: { group: "board", quorum: 2 } }], [no("a", vote), yes("b", vote)])).toBe("refused");
    expect(outcomeOf([board], [yes("official", "authorizing-official")])).toBe("approved");
  });

  test("a seat that is still needed until its committee has decided, and no longer", () => {
    const vote = committeeSet("board");
    const needs = (...signatures: Answer[]) => openSets({ approvers: [board, set("legal-reviewer")], signatures });
    expect(needs(yes("a", vote), yes("b", vote))).toEqual(["authorizing-official", "legal-reviewer"]);
    expect(needs(yes("a", vote), yes("b", vote), no("c", vote))).toEqual(["legal-reviewer"]);
  });

  test("never a yes while a set lacks one, whatever the answers", () => {
    const answer = fc.record({ email: fc.constantFrom("a", "b", "c"), set: fc.constantFrom("leads", "legal"), choice: fc.constantFrom("approve" as const, "refuse" as const), onBehalfOf: fc.constant(null) });
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 8 }), fc.integer({ min: 1, max: 3 }), (answers, count) => {
        const outcome = outcomeOf([set("leads", count), set("legal")], answers);
        const said = (of: string): number => answers.filter((one) => one.set === of && one.choice === "approve").length;
        if (outcome === "approved") expect([said("leads") >= count, said("legal") >= 1, answers.some((one) => one.choice === "refuse")]).toEqual([true, true, false]);
      }),
    );
  });
});

describe("a delegate", () => {
  const directory = (signed: boolean): Directory => ({
    nowMs: 0,
    holders: (seat) => (seat.kind === "role" ? [{ email: "away@x", role: seat.role }] : []),
    committee: () => [{ email: "away@x", role: "committee board" }],
    delegations: [{ id: "dlg_1", from: "away@x", to: "here@x", signed }],
  });
  const official = set("authorizing-official", 1, { seat: { kind: "role", role: "authorizing-official" } });

  test("takes the absent person's seat; at T3 only where that person's passkey signed the delegation", () => {
    expect(placesOf([official], null, "here@x", directory(false), "T2")).toMatchObject([{ onBehalfOf: "away@x", role: "authorizing-official" }]);
    expect(placesOf([official], null, "here@x", directory(false), "T3")).toEqual([]);
    expect(placesOf([official], null, "here@x", directory(true), "T3")).toHaveLength(1);
  });

  test("casts nobody's vote in a committee", () => {
    expect(placesOf([{ ...board, seat: { kind: "group", name: "none" } }], null, "here@x", directory(true), "T3")).toEqual([]);
  });
});
