import { expect, test } from "vitest";
import { differing } from "./line-diff.tsx";

test("of a long line, what differs is told from what both sides share", () => {
  expect(differing("Reads a page of the wiki.", "Reads and mails a page of the wiki.")).toEqual(["Reads ", "", "a page of the wiki."]);
  expect(differing("Reads and mails a page of the wiki.", "Reads a page of the wiki.")).toEqual(["Reads ", "and mails ", "a page of the wiki."]);
  expect(differing("a", "b")).toEqual(["", "a", ""]);
  expect(differing("a a", "a a a").join("")).toBe("a a");
});
