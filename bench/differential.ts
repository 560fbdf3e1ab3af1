/**
 * Our verifier beside golang.org/x/mod's (`sumdb/note`, `sumdb/tlog`), on proofs and notes that are right, and on the same
 * with something changed. They must always agree. Wants Go; `DIFFERENTIAL_CASES` changes the number, `DIFFERENTIAL_SEED` the draw.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { consistencyProof, DenseTree, formatCheckpoint, fromBase64, inclusionProof, leafHash, noteVerifier, openNote, parseVerifierKey, signNote, toBase64, utf8, verifyConsistency, verifyInclusion } from "../packages/ledger/src/index.ts";
import { generateSigner } from "../packages/ledger/src/node.ts";

const total = Number(process.env.DIFFERENTIAL_CASES ?? 100_000);
let state = Number(process.env.DIFFERENTIAL_SEED ?? 1) >>> 0;
/** mulberry32: a draw that can be repeated. */
function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

const leaves = 3_000;
const tree = new DenseTree(Buffer.concat(Array.from({ length: leaves }, (_, i) => leafHash(utf8(`entry ${i}`)))));
const roots = Array.from({ length: leaves + 1 }, (_, size) => toBase64(tree.root(size)));
const signers = [generateSigner("localhost/acme/gw-1/1"), generateSigner("witness.example/w")];

interface Case {
  readonly kind: "note" | "inclusion" | "consistency";
  readonly [name: string]: unknown;
}

const flipped = (base64: string): string => {
  const bytes = fromBase64(base64).slice();
  const bit = random(bytes.length * 8);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return toBase64(bytes);
};

function changed<T extends { proof: string[]; size: number; root: string }>(base: T, more: ((value: T) => T)[]): T {
  const changes: ((value: T) => T)[] = [
    (value) => value,
    (value) => ({ ...value, root: flipped(value.root) }),
    (value) => ({ ...value, size: value.size + random(5) - 2 }),
    (value) => ({ ...value, proof: value.proof.slice(0, -1) }),
    (value) => ({ ...value, proof: [...value.proof, roots[random(leaves)]!] }),
    (value) => ({ ...value, proof: value.proof.map((hash, at) => (at === value.proof.length - 1 ? flipped(hash) : hash)) }),
    (value) => ({ ...value, proof: [...value.proof].reverse() }),
    ...more,
  ];
  // Half of all cases are right.
  return changes[random(2) === 0 ? 0 : random(changes.length)]!(base);
}

function draw(): Case {
  const size = 1 + random(leaves);
  const kind = random(10);
  if (kind < 4) {
    const index = random(size);
    const base = { size, root: roots[size]!, index, leaf: toBase64(tree.read(0, index)), proof: inclusionProof(index, size, tree.read).map(toBase64) };
    return { kind: "inclusion", ...changed(base, [(value) => ({ ...value, index: random(size + 3) - 1 }), (value) => ({ ...value, leaf: flipped(value.leaf) })]) };
  }
  if (kind < 8) {
    const old = 1 + random(size);
    const base = { size, root: roots[size]!, old, oldRoot: roots[old]!, proof: consistencyProof(old, size, tree.read).map(toBase64) };
    return { kind: "consistency", ...changed(base, [(value) => ({ ...value, old: random(size + 3) }), (value) => ({ ...value, oldRoot: flipped(value.oldRoot) })]) };
  }
  const signer = signers[random(2)]!;
  const text = formatCheckpoint({ origin: signer.name, size, root: tree.root(size) });
  let note = signNote(text, random(3) === 0 ? signers : [signer]);
  if (random(2) === 0) {
    const at = random(note.length);
    const edits = [note.slice(0, at) + note.slice(at + 1), `${note.slice(0, at)}${"\n A+\u2014="[random(6)]}${note.slice(at)}`, note.slice(0, at) + String.fromCharCode(note.charCodeAt(at) ^ 1) + note.slice(at + 1)];
    note = edits[random(3)]!;
  }
  let { vkey } = signers[random(8) === 0 ? random(2) : signers.indexOf(signer)]!;
  if (random(8) === 0) {
    const at = random(vkey.length);
    vkey = vkey.slice(0, at) + String.fromCharCode(vkey.charCodeAt(at) ^ (1 << random(5))) + vkey.slice(at + 1);
  }
  return { kind: "note", vkey, note };
}

function accepts(one: Case): boolean {
  if (one.kind === "note") {
    try {
      openNote(one.note as string, [noteVerifier(parseVerifierKey(one.vkey as string))]);
      return true;
    } catch {
      return false;
    }
  }
  const proof = (one.proof as string[]).map(fromBase64);
  const [size, root] = [one.size as number, fromBase64(one.root as string)];
  if (one.kind === "inclusion") return verifyInclusion(one.index as number, size, fromBase64(one.leaf as string), proof, root);
  return verifyConsistency(one.old as number, size, proof, fromBase64(one.oldRoot as string), root);
}

const cases = Array.from({ length: total }, draw);
const folder = join(import.meta.dirname, "sumdb");
const asked = spawnSync("go", ["run", "."], { cwd: folder, input: cases.map((one) => `${JSON.stringify(one)}\n`).join(""), maxBuffer: 2 ** 28, encoding: "utf8" });
if (asked.status !== 0) {
  console.error(asked.error === undefined ? asked.stderr : `Go is needed: ${asked.error.message}`);
  process.exit(1);
}
const theirs = asked.stdout.trimEnd().split("\n");
let accepted = 0;
const differing = cases.filter((one, at) => {
  const ours = accepts(one);
  if (ours) accepted++;
  return String(ours) !== theirs[at];
});
console.log(`${total.toLocaleString("en")} cases, ${accepted.toLocaleString("en")} accepted by both, ${differing.length} judged differently (golang.org/x/mod v0.42.0)`);
for (const one of differing.slice(0, 5)) console.log(JSON.stringify(one));
if (differing.length > 0 || theirs.length !== total) process.exitCode = 1;
