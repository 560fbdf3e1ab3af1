import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consistencyProof, DenseTree, formatConsistencyBody, leafHash, noteVerifier, openCheckpoint, parseVerifierKey, signCheckpoint, utf8 } from "@mandate/ledger";
import { generateSigner } from "@mandate/ledger/node";
import type { NodeSigner } from "@mandate/ledger/node";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunningWitness } from "./index.ts";
import { openWitnessState, startWitness } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "mandate-witness-"));
const log = generateSigner("localhost/acme/meta/1");
let made = 0;
let dataDir = "";
let witness: RunningWitness;

const leaves = (count: number, seed = "entry"): DenseTree => new DenseTree(Buffer.concat(Array.from({ length: count }, (_, i) => leafHash(utf8(`${seed} ${i}`)))));
const history = leaves(200);
const other = leaves(200, "another");

function body(oldSize: number, size: number, tree = history, signer: NodeSigner = log): string {
  const checkpoint = signCheckpoint({ origin: log.name, size, root: tree.root(size) }, [signer]);
  const proof = oldSize === 0 || oldSize >= size ? [] : consistencyProof(oldSize, size, tree.read);
  return formatConsistencyBody({ oldSize, proof, checkpoint });
}
async function add(text: string): Promise<{ status: number; text: string; type: string | null }> {
  const answer = await fetch(`${witness.url}/add-checkpoint`, { method: "POST", body: text });
  return { status: answer.status, text: await answer.text(), type: answer.headers.get("content-type") };
}
const start = (): Promise<RunningWitness> =>
  startWitness({ name: "witness.example", dataDir, logs: `${log.vkey}\n`, host: "127.0.0.1", port: 0, now: () => 1_790_000_000_000, log: () => undefined });

beforeEach(async () => {
  dataDir = join(folder, String(made++));
  witness = await start();
});
afterEach(() => witness.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a witness", () => {
  test("cosigns what extends its own memory, so that any verifier can check the line", async () => {
    expect(await add(body(0, 10))).toMatchObject({ status: 200 });
    const asked = body(10, 128);
    const { status, text } = await add(asked);
    expect(status).toBe(200);
    const note = asked.slice(asked.indexOf("\n\n") + 2) + text;
    const opened = openCheckpoint(note, [noteVerifier(parseVerifierKey(witness.vkey))]);
    expect(opened).toMatchObject({ origin: log.name, size: 128 });
  });

  test("says where it stands when asked from elsewhere, and signs the same checkpoint again", async () => {
    await add(body(0, 10));
    expect(await add(body(5, 20))).toEqual({ status: 409, text: "10\n", type: "text/x.tlog.size" });
    expect(await add(body(0, 20))).toMatchObject({ status: 409, text: "10\n" });
    expect((await add(body(10, 10))).status).toBe(200);
  });

  test("never signs a history that contradicts its own, whoever holds the log's key", async () => {
    await add(body(0, 100));
    expect((await add(body(100, 150, other))).status).toBe(422);
    expect(await add(body(100, 100, other))).toMatchObject({ status: 409, text: "100\n" });
    expect((await add(body(50, 100, history))).status).toBe(409);
    expect((await add(body(0, 50))).status).toBe(409);
    // The honest history goes on.
    expect((await add(body(100, 150))).status).toBe(200);
  });

  test("remembers across a crash, and two can't share one memory", async () => {
    await add(body(0, 100));
    await expect(start()).rejects.toThrow(/Another witness/);
    const { vkey } = witness;
    await witness.close();
    witness = await start();
    expect(witness.vkey).toBe(vkey);
    expect(await add(body(0, 150, other))).toMatchObject({ status: 409, text: "100\n" });
    expect((await fetch(`${witness.url}/checkpoint?origin=${encodeURIComponent(log.name)}`)).status).toBe(200);
    expect(readdirSync(join(dataDir, "checkpoints")).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  test("refuses strangers, forged signatures and what isn't a request", async () => {
    expect((await add(body(0, 10, history, generateSigner(log.name)))).status).toBe(403);
    const stranger = generateSigner("localhost/acme/gw/1");
    const foreign = formatConsistencyBody({ oldSize: 0, proof: [], checkpoint: signCheckpoint({ origin: stranger.name, size: 10, root: history.root(10) }, [stranger]) });
    expect((await add(foreign)).status).toBe(404);
    // Another log's name under a key that is known: the note carries it, the origin isn't its.
    const renamed = formatConsistencyBody({ oldSize: 0, proof: [], checkpoint: signCheckpoint({ origin: log.name, size: 10, root: history.root(10) }, [stranger]) });
    expect((await add(renamed)).status).toBe(403);
    for (const text of ["", "old 0", "old -1\n\nx", "old 0\n\nnot a note", `old 99999999999999999\n\n${body(0, 1)}`]) expect((await add(text)).status).toBe(400);
    expect((await add(body(20, 10))).status).toBe(400);
    expect((await add("x".repeat(100_000))).status).toBe(413);
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(404);
  });

  test("of many requests at once for two histories signs one", async () => {
    await add(body(0, 10));
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => add(i % 2 === 0 ? body(10, 60 + i) : body(10, 60 + i, other))));
    const signed = answers.filter(({ status }) => status === 200);
    expect(signed).toHaveLength(1);
  });
});

test("the lock of a process that is gone is taken over", () => {
  const directory = join(folder, "gone");
  const first = openWitnessState(directory);
  first.write("a", "note");
  // What a crash leaves: the lock file, with a process id that nobody has.
  first.close();
  const again = openWitnessState(directory);
  expect(again.read("a")).toBe("note");
  again.close();
});
