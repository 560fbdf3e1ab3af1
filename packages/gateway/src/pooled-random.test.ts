import { expect, test } from "vitest";
import { pooledRandom } from "./pooled-random.ts";

test("no byte is handed out twice", () => {
  let next = 0;
  // A generator that counts, so that a repeated slice shows.
  const random = pooledRandom((bytes) => {
    for (let index = 0; index + 4 <= bytes.length; index += 4)
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(index, next++);
    return bytes;
  });
  const seen = new Set<string>();
  for (let index = 0; index < 5_000; index++) seen.add(Buffer.from(random(new Uint8Array(16))).toString("hex"));
  seen.add(Buffer.from(random(new Uint8Array(128))).toString("hex"));
  expect(seen.size).toBe(5_001);
});
