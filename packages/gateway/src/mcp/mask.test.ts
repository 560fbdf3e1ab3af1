import { expect, test } from "vitest";
import { TokenBook } from "../pipeline/token-book.ts";
import { mask } from "./content.ts";

const value = { to: "anna.larsen@example.org", note: "see you" };
const book = () => new TokenBook(new Uint8Array(32).fill(1), "notes", "ses_1");
const made = (result: ReturnType<typeof mask>) => ("refusal" in result ? result.refusal : result.value) as Record<string, string>;

test("a rule's types are masked in arguments and results", () => {
  for (const side of ["sent", "received"] as const)
    expect(mask(value, [{ kind: "redact", types: ["email"] }], book(), side)).toMatchObject({ value: { to: "[EMAIL]", note: "see you" }, record: { types: ["email"], count: 1 } });
  expect(mask({ note: "see you" }, [{ kind: "redact", types: ["email"] }], book(), "sent")).toEqual({ value: { note: "see you" }, record: null });
});

test("a rule that names what nobody can find refuses, and isn't met by finding nothing", () => {
  for (const kind of ["redact", "tokenize"] as const) expect(mask(value, [{ kind, types: ["email", "passport"] }], book(), "sent")).toMatchObject({ refusal: { code: "policy", param: "passport" } });
});

test("a server gets a token for a value, and its caller the value for the token, inside whatever text it stands", () => {
  const tokens = book();
  const rule = [{ kind: "tokenize", types: ["email"] }] as const;
  const { to } = made(mask(value, rule, tokens, "sent"));
  expect(to).toMatch(/^\[EMAIL_[0-9a-f]{16}\]$/);
  const answer = { content: [{ type: "text", text: `Sent to ${to}, copy to ben.okafor@example.org.` }, { type: "text", text: JSON.stringify({ to }) }] };
  const back = JSON.stringify(made(mask(answer, rule, tokens, "received")));
  expect(back).toContain("Sent to anna.larsen@example.org, copy to [EMAIL_");
  expect(back).not.toContain("ben.okafor");
  expect(JSON.parse((JSON.parse(back) as typeof answer).content[1]!.text)).toEqual({ to: "anna.larsen@example.org" });
});

test("a token of another session, or one that a server makes up, stays a token", () => {
  const rule = [{ kind: "tokenize", types: ["email"] }] as const;
  const foreign = made(mask(value, rule, new TokenBook(new Uint8Array(32).fill(1), "notes", "ses_2"), "sent")).to!;
  const tokens = book();
  const own = made(mask(value, rule, tokens, "sent")).to!;
  expect(own).not.toBe(foreign);
  const text = `${foreign} [EMAIL_0000000000000000]`;
  expect(made(mask({ text }, rule, tokens, "received"))).toEqual({ text });
});

test("where one rule masks what another would put into tokens, the mask holds", () => {
  expect(made(mask(value, [{ kind: "tokenize", types: ["email"] }, { kind: "redact", types: ["email"] }], book(), "sent")).to).toBe("[EMAIL]");
});
