import { expect, test } from "vitest";
import { bytesInWords } from "./bytes.ts";

test("bytes read as a person says them", () => {
  expect([0, 999, 999.6, 1_400, 12_345, 999_499, 999_500, 1_440_000_000, 3e15].map(bytesInWords)).toEqual(["0 bytes", "999 bytes", "1.0 KB", "1.4 KB", "12 KB", "999 KB", "1.0 MB", "1.4 GB", "3000 TB"]);
});
