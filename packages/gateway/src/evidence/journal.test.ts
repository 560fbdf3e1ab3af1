import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseHeader } from "@mandate/ledger";
import { generateSigner, keyWrapper, openSealed } from "@mandate/ledger/node";
import { nodeDisk } from "./journal-disk.ts";
import {
  openTestJournal,
  removeTestDirectories,
  testDirectory,
  testDraft,
  testKey,
  testSigner,
} from "./test-journal.ts";

afterAll(removeTestDirectories);

const crashWriter = fileURLToPath(new URL("./crash-writer.ts", import.meta.url));
const outcome = (id: string, terminal: "done" | "aborted" = "done") => ({
  ...testDraft(id, { type: "call.outcome" }),
  terminal,
});
const segmentsOf = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".seg"))
    .sort();
const unavailable = { code: "evidence_unavailable", status: 503 };

describe("an acknowledged append", () => {
  test("reads back as the exact canonical leaf, numbered without gaps, and opens with its wrapped key", async () => {
    const { journal, sink } = openTestJournal(testDirectory());
    const refs = await Promise.all(Array.from({ length: 50 }, (_, i) => sink.intent(testDraft(`dec_${i}`))));
    expect(refs.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const records = await journal.read(0, 1_000_000);
    expect(records.map(({ seq }) => seq)).toEqual(refs.map(({ index }) => index));
    for (const { seq, leaf, sealed } of records) {
      const header = parseHeader(leaf);
      expect(header).toMatchObject({
        seq,
        shard: journal.origin,
        type: "call.intent",
        ct: sealed[0]!.ct,
        kid: "kek_1",
      });
      const keys = keyWrapper(testKey.kid, testKey.key).unwrap(sealed[0]!.wrapped, sealed[0]!.ct)!;
      const plain = openSealed(sealed[0]!.bytes, keys, String(header.ct), String(header.pc))!;
      expect(JSON.parse(Buffer.from(plain).toString())).toEqual({ caller: "cred_1", reason: "granted" });
    }
    await journal.close();
  });

  test("survives a restart; the next one continues the numbering", async () => {
    const directory = testDirectory();
    const first = openTestJournal(directory);
    await first.sink.decision(testDraft("dec_1", { type: "decision" }));
    await first.journal.close();
    const { journal, sink } = openTestJournal(directory);
    expect(journal.size()).toBe(1);
    expect(await sink.decision(testDraft("dec_2", { type: "decision" }))).toEqual({ log: journal.origin, index: 1 });
    expect(await journal.read(0, 1)).toHaveLength(1);
    expect((await journal.read(0, 1_000_000)).map(({ seq }) => seq)).toEqual([0, 1]);
    await journal.close();
  });

  test("waits for the flush: nothing resolves while the disk has not confirmed", async () => {
    let confirm = (): void => {};
    const disk = {
      ...nodeDisk,
      datasync: () =>
        new Promise<void>((resolve) => {
          confirm = resolve;
        }),
    };
    const { journal, sink } = openTestJournal(testDirectory(), { disk });
    let isDurable = false;
    const appended = sink.intent(testDraft("dec_1")).then(() => {
      isDurable = true;
    });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect([isDurable, journal.size()]).toEqual([false, 0]);
    confirm();
    await appended;
    expect(journal.size()).toBe(1);
  });
});

async function written(): Promise<{ directory: string; path: string; bytes: Buffer }> {
  const directory = testDirectory();
  const { journal, sink } = openTestJournal(directory);
  for (let i = 0; i < 4; i++) await sink.intent(testDraft(`dec_${i}`));
  await journal.close();
  const path = join(directory, segmentsOf(directory)[0]!);
  return { directory, path, bytes: readFileSync(path) };
}

describe("a start", () => {
  test("closes every call left open as unknown, once", async () => {
    const directory = testDirectory();
    const first = openTestJournal(directory);
    await first.sink.intent(testDraft("dec_open"));
    await first.sink.intent(testDraft("dec_closed"));
    await first.sink.outcome(outcome("dec_closed"));
    await first.journal.close();
    const second = openTestJournal(directory);
    expect(second.journal.openCalls().map(({ header }) => header.decision)).toEqual(["dec_open"]);
    expect(await second.sink.closeOpenCalls()).toBe(1);
    await second.journal.close();
    const third = openTestJournal(directory);
    expect(third.journal.openCalls()).toEqual([]);
    const last = (await third.journal.read(3, 1))[0]!;
    expect(parseHeader(last.leaf)).toMatchObject({ type: "call.outcome", decision: "dec_open", terminal: "unknown" });
    await third.journal.close();
  });

  test("cuts a torn tail wherever the write stopped, and loses nothing before it", async () => {
    const { directory, path, bytes } = await written();
    const lastFrame = bytes.lastIndexOf("MJB1");
    for (let cut = lastFrame + 1; cut < bytes.length; cut += 37) {
      writeFileSync(path, bytes.subarray(0, cut));
      const { journal, sink } = openTestJournal(directory);
      // Zeros at the end are what a segment grows by: they don't count as torn.
      const torn = bytes.subarray(lastFrame, cut).findLastIndex((byte) => byte !== 0) + 1;
      expect([journal.size(), journal.tornBytes]).toEqual([3, torn]);
      expect((await sink.intent(testDraft("dec_new"))).index).toBe(3);
      expect(await journal.read(0, 1_000_000)).toHaveLength(4);
      await journal.close();
    }
  });

  test("cuts a tail of zeros, as a power cut leaves them", async () => {
    const { directory, path, bytes } = await written();
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(5000)]));
    const { journal } = openTestJournal(directory);
    expect([journal.size(), journal.tornBytes]).toEqual([4, 0]);
    await journal.close();
  });

  test("refuses a chain broken before its end, whatever byte was changed", async () => {
    const { directory, path, bytes } = await written();
    const lastFrame = bytes.lastIndexOf("MJB1");
    for (let at = 0; at < lastFrame; at += 41) {
      const copy = Buffer.from(bytes);
      copy[at] = copy[at]! ^ 4;
      writeFileSync(path, copy);
      expect(() => openTestJournal(directory), `byte ${at}`).toThrow(
        expect.objectContaining({ code: "journal.broken" }),
      );
    }
  });

  test("refuses a removed batch and a journal of another key", async () => {
    const { directory, path, bytes } = await written();
    const frames = [...bytes.toString("latin1").matchAll(/MJB1/g)].map(({ index }) => index);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, frames[2]), bytes.subarray(frames[3])]));
    expect(() => openTestJournal(directory)).toThrow(expect.objectContaining({ code: "journal.broken" }));
    writeFileSync(path, bytes);
    const signer = generateSigner("localhost/acme/gw-1/1");
    expect(() => openTestJournal(directory, { signer })).toThrow(expect.objectContaining({ code: "journal.broken" }));
  });

  test("refuses when acknowledged segments' successors are gone", async () => {
    const directory = testDirectory();
    const { journal, sink } = openTestJournal(directory, { segmentBytes: 1500 });
    for (let i = 0; i < 12; i++) await sink.decision(testDraft(`dec_${i}`, { type: "decision" }));
    await journal.acknowledge(4, 4);
    await journal.close();
    const names = segmentsOf(directory);
    expect(names.length).toBeGreaterThan(2);
    rmSync(join(directory, names[1]!));
    expect(() => openTestJournal(directory)).toThrow(expect.objectContaining({ code: "journal.broken" }));
    for (const name of segmentsOf(directory)) rmSync(join(directory, name));
    expect(() => openTestJournal(directory)).toThrow(expect.objectContaining({ code: "journal.broken" }));
  });
});

describe("the lock", () => {
  test("keeps a second journal off a directory in use, and off one whose lock another live process holds", async () => {
    const directory = testDirectory();
    const { journal } = openTestJournal(directory);
    const inUse = expect.objectContaining({ code: "journal.in_use" });
    expect(() => openTestJournal(directory)).toThrow(inUse);
    expect(() => openTestJournal(`${directory}/../${basename(directory)}`)).toThrow(inUse);
    await journal.close();
    const other = spawn(process.execPath, [crashWriter, directory, testSigner.name, testSigner.exportPem()]);
    await once(other.stdout, "data");
    expect(() => openTestJournal(directory)).toThrow(inUse);
    const gone = once(other, "exit");
    other.kill("SIGKILL");
    await gone;
    await openTestJournal(directory).journal.close();
  });

  test("left by a process that died stands in nobody's way, even when its pid lives on as another program", async () => {
    const directory = testDirectory();
    const lock = join(directory, "journal.lock");
    for (const left of ["", "none\n", `${process.pid} 1\n`, `${process.ppid} 1\n`, "999999999 1\n"]) {
      writeFileSync(lock, left);
      const { journal } = openTestJournal(directory);
      await journal.close();
      expect(readdirSync(directory)).not.toContain("journal.lock");
    }
  });

  test("is given back by a start that fails", async () => {
    const { directory, path, bytes } = await written();
    writeFileSync(path, bytes.subarray(100));
    expect(() => openTestJournal(directory)).toThrow(expect.objectContaining({ code: "journal.broken" }));
    writeFileSync(path, bytes);
    await openTestJournal(directory).journal.close();
  });
});

describe("bounds", () => {
  test("a full journal refuses, keeps room to close what is open, and goes on once segments are acknowledged", async () => {
    const options = { maxBytes: 60_000, maxSystemBytes: 60_000, segmentBytes: 4_000, outcomeReserveBytes: 2_048 };
    const { journal, sink } = openTestJournal(testDirectory(), options);
    const opened: string[] = [];
    await expect(
      (async () => {
        for (let i = 0; ; i++) {
          await sink.intent(testDraft(`dec_${i}`));
          opened.push(`dec_${i}`);
        }
      })(),
    ).rejects.toMatchObject(unavailable);
    expect(journal.ready()).toBe(false);
    for (const id of opened) await sink.outcome(outcome(id));
    expect(journal.usage().bytes).toBeLessThanOrEqual(60_000);
    await journal.acknowledge(journal.size(), journal.size());
    expect(journal.ready()).toBe(true);
    const { index } = await sink.intent(testDraft("dec_after"));
    expect(parseHeader((await journal.read(index, 1))[0]!.leaf).seen).toBe(opened.length * 2);
    await journal.close();
  });

  test("an outcome too large for what is left closes its call bare, and still refuses the answer", async () => {
    const { journal, sink } = openTestJournal(testDirectory(), {
      maxBytes: 30_000,
      maxSystemBytes: 30_000,
      outcomeReserveBytes: 2_048,
    });
    await sink.intent(testDraft("dec_1"));
    const large = { ...outcome("dec_1"), payload: { answer: "x".repeat(40_000) } };
    await expect(sink.outcome(large)).rejects.toMatchObject(unavailable);
    expect(journal.openCalls()).toEqual([]);
    expect(parseHeader((await journal.read(1, 1))[0]!.leaf)).toMatchObject({
      type: "call.outcome",
      terminal: "aborted",
    });
    await journal.close();
  });

  test("one system can't use up the journal for the others", async () => {
    const { journal, sink } = openTestJournal(testDirectory(), { maxBytes: 200_000, maxSystemBytes: 20_000 });
    const greedy = async (): Promise<void> => {
      for (;;) await sink.decision(testDraft("dec_g", { type: "decision", system: "greedy" }));
    };
    await expect(greedy()).rejects.toMatchObject(unavailable);
    expect((await sink.intent(testDraft("dec_1"))).index).toBeGreaterThan(0);
    expect(journal.ready()).toBe(true);
    await journal.close();
  });

  test("a segment that holds an open call's intent outlives its acknowledgement", async () => {
    const directory = testDirectory();
    const { journal, sink } = openTestJournal(directory, { segmentBytes: 1500 });
    await sink.intent(testDraft("dec_slow"));
    for (let i = 0; i < 12; i++) await sink.decision(testDraft(`dec_${i}`, { type: "decision" }));
    await journal.acknowledge(journal.size(), 13);
    expect(segmentsOf(directory)[0]).toBe("journal-0000000000000000.seg");
    await sink.outcome(outcome("dec_slow"));
    await journal.acknowledge(journal.size(), 14);
    expect(segmentsOf(directory)).toHaveLength(1);
    await journal.close();
    const again = openTestJournal(directory);
    expect(again.journal.size()).toBe(14);
    await again.journal.close();
  });
});

describe("shedding", () => {
  const bytesOf = (directory: string) =>
    Buffer.concat(segmentsOf(directory).map((name) => readFileSync(join(directory, name))));

  test("leaves neither ciphertext nor key of what is acknowledged, keeps what isn't, and the chain holds", async () => {
    const directory = testDirectory();
    const { journal, sink } = openTestJournal(directory);
    await sink.decision(testDraft("dec_1", { type: "decision", terminal: "done" }));
    const [first] = (await journal.read(0, 1_000_000))[0]!.sealed;
    const [bytes, wrapped] = [Buffer.from(first!.bytes), Buffer.from(first!.wrapped)];
    await journal.acknowledge(1, 1);
    expect(bytesOf(directory).includes(wrapped)).toBe(true);
    await journal.shed();
    expect(bytesOf(directory).includes(wrapped)).toBe(false);
    expect(bytesOf(directory).includes(bytes)).toBe(false);
    await journal.shed();
    await sink.intent(testDraft("dec_2"));
    await journal.shed();
    expect((await journal.read(1, 1_000_000)).map(({ seq }) => seq)).toEqual([1]);
    await journal.close();
    const again = openTestJournal(directory);
    expect(again.journal.openCalls().map(({ seq }) => seq)).toEqual([1]);
    expect(again.journal.size()).toBe(2);
    await again.journal.close();
  });

  test("under load loses no record and keeps their order", async () => {
    const directory = testDirectory();
    const { journal, sink } = openTestJournal(directory);
    const writes = Array.from({ length: 200 }, (_, i) => sink.intent(testDraft(`dec_${i}`)));
    await Promise.all([...writes, journal.shed(), journal.shed()]);
    await journal.shed();
    await sink.intent(testDraft("dec_last"));
    expect((await journal.read(0, 10_000_000)).length).toBe(201);
    await journal.close();
    const again = openTestJournal(directory);
    expect(again.journal.size()).toBe(201);
    await again.journal.close();
  });
});

describe("a failing disk", () => {
  test.each(["write", "datasync"] as const)(
    "refuses from a failed %s on, says so, and recovers by a probe without a hole",
    async (step) => {
      let isBroken = false;
      let now = 0;
      const fault = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      const disk = {
        ...nodeDisk,
        write(fd: number, bytes: Uint8Array, position: number) {
          if (isBroken && step === "write") {
            nodeDisk.write(fd, bytes.subarray(0, bytes.length >> 1), position);
            throw fault;
          }
          nodeDisk.write(fd, bytes, position);
        },
        datasync: (fd: number) => (isBroken && step === "datasync" ? Promise.reject(fault) : nodeDisk.datasync(fd)),
      };
      const directory = testDirectory();
      const { journal, sink } = openTestJournal(directory, { disk, monotonicMs: () => now });
      const message = Buffer.from("hello");
      await sink.intent(testDraft("dec_0", { sessionId: "s1" }));
      isBroken = true;
      const lost = await Promise.allSettled(
        [1, 2, 3].map((i) => sink.intent(testDraft(`dec_${i}`, { sessionId: "s1", messages: [message] }))),
      );
      expect(lost.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
      expect(journal.ready()).toBe(false);
      await expect(sink.intent(testDraft("dec_4"))).rejects.toMatchObject(unavailable);
      isBroken = false;
      await expect(sink.intent(testDraft("dec_5"))).rejects.toMatchObject(unavailable);
      now = 1000;
      journal.ready();
      await expect.poll(() => journal.ready()).toBe(true);
      expect((await sink.intent(testDraft("dec_6", { sessionId: "s1", messages: [message] }))).index).toBe(1);
      // Sealed again: the payload of the refused batches is gone with them.
      expect((await journal.read(1, 1))[0]!.sealed).toHaveLength(2);
      await journal.close();
      const again = openTestJournal(directory);
      expect(again.journal.openCalls().map(({ header }) => header.decision)).toEqual(["dec_0", "dec_6"]);
      await again.journal.close();
    },
  );
});

describe("an outcome that met a failing disk", () => {
  test("refuses the answer, and its call is closed once the disk is back", async () => {
    let isBroken = false;
    let now = 0;
    const datasync = (fd: number) => (isBroken ? Promise.reject(new Error("EIO")) : nodeDisk.datasync(fd));
    const { journal, sink } = openTestJournal(testDirectory(), {
      disk: { ...nodeDisk, datasync },
      monotonicMs: () => now,
    });
    await sink.intent(testDraft("dec_1"));
    isBroken = true;
    await expect(sink.outcome(outcome("dec_1"))).rejects.toMatchObject(unavailable);
    isBroken = false;
    now = 1000;
    journal.ready();
    await expect.poll(() => journal.ready()).toBe(true);
    await sink.intent(testDraft("dec_2"));
    await expect.poll(() => journal.openCalls().map(({ header }) => header.decision)).toEqual(["dec_2"]);
    const closed = (await journal.read(0, 1_000_000))
      .map(({ leaf }) => parseHeader(leaf))
      .find(({ type }) => type === "call.outcome");
    expect(closed).toMatchObject({ decision: "dec_1", terminal: "aborted" });
    await journal.close();
  });
});

describe("a chat's messages", () => {
  const sealedCount = async (drafts: readonly Parameters<typeof testDraft>[1][]): Promise<number[]> => {
    const { journal, sink } = openTestJournal(testDirectory());
    for (const [i, draft] of drafts.entries()) await sink.intent(testDraft(`dec_${i}`, { payload: null, ...draft }));
    const records = await journal.read(0, 1_000_000);
    await journal.close();
    return records.map(({ sealed }) => sealed.length);
  };
  const [a, b] = [Buffer.from("first"), Buffer.from("second")];

  test("are sealed once a session", async () => {
    expect(
      await sealedCount([
        { sessionId: "s1", messages: [a] },
        { sessionId: "s1", messages: [a, b] },
      ]),
    ).toEqual([2, 2]);
  });

  test("are sealed apart for another session, another system, and without a session", async () => {
    const other = [
      { sessionId: "s2", messages: [a] },
      { sessionId: "s1", system: "other", messages: [a] },
      { messages: [a] },
      { messages: [a] },
    ];
    expect(await sealedCount([{ sessionId: "s1", messages: [a] }, ...other])).toEqual([2, 2, 2, 1, 1]);
  });

  test("are sealed with the payload, under its one key, where no session could refer to them again", async () => {
    const { journal, sink } = openTestJournal(testDirectory());
    await sink.intent(
      testDraft("dec_1", { messages: [Buffer.from('{"role":"system"}'), Buffer.from('{"role":"user"}')] }),
    );
    const [{ leaf, sealed }] = (await journal.read(0, 1)) as [Awaited<ReturnType<typeof journal.read>>[0]];
    await journal.close();
    expect(sealed).toHaveLength(1);
    const [one] = sealed;
    const keys = keyWrapper(testKey.kid, testKey.key).unwrap(one!.wrapped, one!.ct)!;
    const opened = openSealed(one!.bytes, keys, one!.ct, String(parseHeader(leaf).pc))!;
    expect(JSON.parse(Buffer.from(opened).toString())).toMatchObject({
      messages: [{ text: '{"role":"system"}' }, { text: '{"role":"user"}' }],
    });
  });

  test("that JSON can't carry word for word are an item apart", async () => {
    expect(await sealedCount([{ messages: [Buffer.from([0xff, 0xfe])] }, { messages: [Buffer.alloc(300_000, 65)] }])).toEqual([2, 2]);
  });
});
