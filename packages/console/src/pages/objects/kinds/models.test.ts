import { expect, test } from "vitest";
import { gradeOf } from "./models.tsx";

test.each([
  ["claude-sonnet-4-5-20250929", "version"],
  ["gpt-4.1-2025-04-14", "version"],
  ["mistral-large-2407", "version"],
  ["gemini-2.5-pro-preview-0506", "version"],
  ["gpt-4.1", "alias"],
  ["claude-sonnet-4-5", "alias"],
  ["mistral-large-latest", "alias"],
  ["text-embedding-3-small", "alias"],
  ["llama3.1:70b", "alias"],
] as const)("%s is a %s: only a dated id stays the model it was when it was approved", (served, grade) => {
  expect(gradeOf(served)).toBe(grade);
});
