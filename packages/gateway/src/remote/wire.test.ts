import { createPrivateKey, randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testCredential, testFacts, testSnapshot, testSystem } from "../testing/facts.ts";
import { differenceOf, divide } from "./difference.ts";
import { commonFormat, wireFormat } from "./formats.ts";
import { chainAfter, type ChangeMessage, generateSlotKeys, joinParts, packChange, packWhole, type Parted, partSnapshot, publicHalves, rawPublicKey, signingKeyFromSeed, type SnapshotMessage, unpackChange, unpackWhole } from "./wire.ts";

const control = signingKeyFromSeed(new Uint8Array(32).fill(3));
const controlKey = rawPublicKey(control);
const from = { signing: control, random: (bytes: Uint8Array) => randomFillSync(bytes) };
const keys = generateSlotKeys();
const to = { gateway: "gw_east", sealingKey: publicHalves(keys).sealing };

const before = testSnapshot(testFacts("http://127.0.0.1:1/v1", testSystem("T2")), { secrets: [{ name: "openai", value: "planted-secret", hosts: ["h"] }] });
const after = { ...before, version: 8, credentials: [testCredential({ state: "revoked" })], secrets: [{ name: "openai", value: "another-secret", hosts: ["h"] }] };

function change(base: string): ChangeMessage {
  const [was, is] = [partSnapshot(before), partSnapshot(after)];
  const text = (one: Record<string, unknown>, two: Record<string, unknown>) => JSON.stringify(differenceOf(divide(one), divide(two)));
  const [open, secret] = [text(was.open, is.open), text(was.secret, is.secret)];
  return packChange({ base, version: 8, chain: chainAfter(base, 8, open, secret), open, secret }, to, from);
}

function whole(): { message: SnapshotMessage; held: Parted } {
  const { open, secret } = partSnapshot(before);
  const message = packWhole({ version: before.version, chain: "begin", open: JSON.stringify(open), secret: JSON.stringify(secret) }, to, from);
  return { message, held: unpackWhole(message, to.gateway, keys, controlKey) };
}

describe("a change on its way", () => {
  test("gives exactly the snapshot it was made of, secrets included, and shows nobody else a secret", () => {
    const message = change("begin");
    expect(JSON.stringify(message)).not.toContain("secret\"");
    expect(JSON.stringify(message)).not.toContain("another-secret");
    expect(joinParts(unpackChange(message, whole().held, to.gateway, keys, controlKey))).toEqual({ ...after, sealingKeys: [] });
  });

  test("is refused when altered anywhere, made for another gateway, or by another key", () => {
    const message = change("begin");
    const { held } = whole();
    const altered: Partial<ChangeMessage>[] = [
      { base: "other" },
      { version: 9 },
      { chain: "other" },
      { open: message.open.replace("revoked", "active") },
      { sealed: change("begin").sealed },
      { signature: change("other").signature },
    ];
    for (const one of altered) expect(() => unpackChange({ ...message, ...one }, held, to.gateway, keys, controlKey), Object.keys(one)[0]).toThrow(/isn't signed/);
    expect(() => unpackChange(message, held, "gw_west", keys, controlKey)).toThrow(/isn't signed/);
    expect(() => unpackChange(message, held, to.gateway, keys, rawPublicKey(signingKeyFromSeed(new Uint8Array(32).fill(4))))).toThrow(/isn't signed/);
    expect(() => unpackChange(message, held, to.gateway, generateSlotKeys(), controlKey)).toThrow();
  });

  test("signed over a chain that doesn't follow from it is refused, whoever signed", () => {
    const { open, secret } = { open: JSON.stringify({ lists: {}, members: { version: 8 }, dropped: [] }), secret: JSON.stringify({ lists: {}, members: {}, dropped: [] }) };
    const lying = packChange({ base: "begin", version: 8, chain: "elsewhere", open, secret }, to, from);
    expect(() => unpackChange(lying, whole().held, to.gateway, keys, controlKey)).toThrow(/chain/);
  });
});

describe("a rolling upgrade", () => {
  const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/snapshot-format-1.json"), "utf8")) as { gateway: string; controlKey: string; signing: string; sealing: string; message: SnapshotMessage };

  test("a control plane of the release before is still understood: its snapshot, as it was recorded", () => {
    const slot = { signing: createPrivateKey(recorded.signing), sealing: createPrivateKey(recorded.sealing) };
    const snapshot = joinParts(unpackWhole(recorded.message, recorded.gateway, slot, recorded.controlKey));
    expect([snapshot.version, snapshot.facts.systems[0]!.name, snapshot.secrets[0]!.name, snapshot.sealingKeys[0]!.kid]).toEqual([41, "notes", "openai", "kek_1"]);
    const { open } = recorded.message;
    expect(() => unpackWhole({ ...recorded.message, open: open.replace("notes", "other") }, recorded.gateway, slot, recorded.controlKey)).toThrow(/isn't signed/);
  });

  test("a gateway of the release before gets what it understands: no chain, no format", () => {
    const { open, secret } = partSnapshot(before);
    const message = packWhole({ version: 7, open: JSON.stringify(open), secret: JSON.stringify(secret) }, to, from);
    expect(Object.keys(message).sort()).toEqual(Object.keys(recorded.message).sort());
    expect(unpackWhole(message, to.gateway, keys, controlKey).open.version).toBe(7);
  });

  test("one apart works in either direction, two apart is refused and says which to upgrade", () => {
    expect([commonFormat(wireFormat - 1, "it"), commonFormat(wireFormat, "it"), commonFormat(wireFormat + 1, "it")]).toEqual([wireFormat - 1, wireFormat, wireFormat]);
    for (const far of [wireFormat - 2, wireFormat + 2]) expect(() => commonFormat(far, "Gateway east")).toThrow(expect.objectContaining({ code: "gateways.format", status: 409, message: expect.stringContaining(`Gateway east speaks format ${far}`) }));
    const { message, held } = whole();
    expect(() => unpackWhole({ ...message, format: wireFormat + 1 }, to.gateway, keys, controlKey)).toThrow(/more than one release apart/);
    expect(() => unpackChange({ ...change("begin"), format: wireFormat + 1 }, held, to.gateway, keys, controlKey)).toThrow(/more than one release apart/);
  });
});
