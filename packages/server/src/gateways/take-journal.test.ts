import { expect, test } from "vitest";
import type { Evidence } from "../evidence/index.ts";
import { takeJournal } from "./take-journal.ts";

const origin = "mandate.example/org/gw_east/0";
const leaf = (header: object): string => Buffer.from(JSON.stringify(header)).toString("base64");
const push = (...headers: object[]) => ({ from: 3, records: headers.map((header) => ({ leaf: leaf(header), sealed: [], summary: {} })) });
/** Takes whatever gets so far. */
const evidence = { sequence: async (reader: { read(from: number): Promise<readonly unknown[]> }) => (await reader.read(0)).length } as unknown as Evidence;

test("a gateway's records are taken in their order, under its own log's name and in a format that is read here", async () => {
  expect(await takeJournal(evidence, origin, push({ v: 1, shard: origin, seq: 3 }, { v: 1, shard: origin, seq: 4 }), 3)).toMatchObject({ taken: 2 });
  for (const bad of [{ v: 1, shard: "another", seq: 3 }, { v: 1, shard: origin, seq: 4 }])
    await expect(takeJournal(evidence, origin, push(bad), 3), JSON.stringify(bad)).rejects.toMatchObject({ code: "gateways.journal", status: 400 });
  await expect(takeJournal(evidence, origin, push({ v: 1, shard: origin, seq: 3 }), 2)).rejects.toMatchObject({ code: "gateways.journal" });
});

test("one in a format that nobody here reads is refused with what to do, and none of its push is taken", async () => {
  let taken = 0;
  const counting = { sequence: () => Promise.resolve(taken++) } as unknown as Evidence;
  for (const v of [2, 0, "2", null, undefined, [2], {}])
    await expect(takeJournal(counting, origin, push({ v: 1, shard: origin, seq: 3 }, { v, shard: origin, seq: 4 }), 3), String(v)).rejects.toMatchObject({ code: "gateways.entry_format", status: 409, message: expect.stringContaining("Record 4") as string });
  expect(taken).toBe(0);
});
