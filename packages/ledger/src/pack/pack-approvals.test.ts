import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { utf8 } from "../encoding.ts";
import { canonicalBytes } from "../json/canonical.ts";
import * as browser from "../crypto/browser.ts";
import * as node from "../crypto/node.ts";
import { buildPack } from "./build-pack.ts";
import { appendCheckpointToMeta, samplePackParts, sampleStore } from "./sample-pack.ts";
import { verifyPack } from "./verify-pack.ts";

type Members = Record<string, unknown>;

const hash = (value: string | Uint8Array): Buffer => createHash("sha256").update(value).digest();
const digestOf = (value: unknown): string => hash(canonicalBytes(value)).toString("hex");
const base64url = (value: string | Uint8Array): string => Buffer.from(value).toString("base64url");

const keys = {
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: generateKeyPairSync("ed25519"),
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
type Kind = keyof typeof keys;

interface Lies {
  readonly type?: string;
  readonly challenge?: string;
  readonly origin?: string;
  readonly rpId?: string;
  readonly flags?: number;
  readonly crossOrigin?: boolean;
  readonly key?: KeyObject;
  readonly kind?: Kind;
  readonly choice?: "approve" | "refuse";
}

const statement: Members = {
  approval: "apr_1",
  nonce: "AAAAAAAAAAAAAAAAAAAAAA",
  system: "support-concierge",
  action: "tool.call",
  resource: "tool:refunds.issue",
  argumentsHash: "a".repeat(64),
  tier: "T3",
  requester: "tom@halden.example",
  approvers: [{ group: "leads", count: 1 }],
  choice: "approve",
  reason: "Refunds above €80 need a person.",
  end: "2026-11-22T12:30:00.000Z",
};

/** What an authenticator and an honest server leave behind, lies excepted. */
function signature(lies: Lies = {}, of: Members = statement): Members {
  const { publicKey, privateKey } = keys[lies.kind ?? "ES256"];
  const choice = lies.choice ?? "approve";
  const digest = digestOf({ ...of, choice });
  const clientDataJSON = JSON.stringify({
    type: lies.type ?? "webauthn.get",
    challenge: base64url(Buffer.from(lies.challenge ?? digest, "hex")),
    origin: lies.origin ?? "http://localhost:4600",
    crossOrigin: lies.crossOrigin ?? false,
  });
  const authenticatorData = Buffer.concat([
    hash(lies.rpId ?? "localhost"),
    Buffer.from([lies.flags ?? 0x05, 0, 0, 0, 7]),
  ]);
  const signed = sign(
    lies.kind === "EdDSA" ? null : "sha256",
    Buffer.concat([authenticatorData, hash(clientDataJSON)]),
    lies.key ?? privateKey,
  );
  return {
    kind: "webauthn",
    person: "lea@halden.example",
    personId: "per_lea",
    role: "leads",
    set: "leads",
    choice,
    reason: "fair",
    at: "2026-11-22T12:10:00.000Z",
    digest,
    credentialId: "Y3JlZA",
    publicKey: base64url(publicKey.export({ type: "spki", format: "der" })),
    authenticatorData: base64url(authenticatorData),
    clientDataJSON: base64url(clientDataJSON),
    signature: base64url(signed),
    rpId: "localhost",
    origin: "http://localhost:4600",
  };
}

const enrolmentOf = ({ credentialId, personId, publicKey }: Members): Members => ({
  type: "person",
  commits: digestOf({ credentialId, personId, publicKey }),
});

/**
 * @param logged what the log committed to; default: what the file says
 * @param enrolled whose keys the log knows; default: of each signature that says so
 */
async function packWith(
  signatures: readonly Members[],
  change: Members = {},
  logged: readonly Members[] = signatures,
  enrolled: readonly Members[] = signatures.filter((one) => one["publicKey"] !== undefined),
  enrolledLate = false,
): Promise<Uint8Array> {
  const store = sampleStore(2, 0);
  const keysKnown = enrolled.map(enrolmentOf);
  const answers = logged.map((one) => ({ type: "approval", approvals: ["apr_1"], commits: digestOf(one) }));
  for (const [at, one] of (enrolledLate ? [...answers, ...keysKnown] : [...keysKnown, ...answers]).entries()) {
    const seq = 2 + at;
    store.gateway.leaves.push(
      canonicalBytes({
        v: 1,
        id: `ent_a${seq}`,
        at: "2026-11-22T12:10:00.000Z",
        shard: store.gateway.signer.name,
        seq,
        seen: 0,
        retention: "control",
        ...one,
      }),
    );
  }
  appendCheckpointToMeta(store.meta, store.gateway);
  const parts = samplePackParts(store);
  const [log, meta] = parts.logs;
  const approval = {
    id: "apr_1",
    state: "approved",
    statement,
    digest: digestOf(statement),
    requester: "tom@halden.example",
    signature: signatures.at(-1) ?? null,
    signatures,
    ...change,
  };
  const file = {
    path: String(change["path"] ?? "approvals/apr_1.json"),
    bytes: utf8(JSON.stringify(approval)),
    mediaType: "application/json",
  };
  return buildPack({ ...parts, logs: [{ ...log!, olderCheckpoints: [] }, meta!], files: async () => [...(await parts.files()), file] });
}

async function judge(...given: Parameters<typeof packWith>) {
  const result = await verifyPack(await packWith(...given));
  return {
    codes: [...new Set(result.problems.map((one) => one.code))],
    messages: result.problems.map((one) => one.message),
    approvals: result.approvals,
  };
}

describe("an approval in a pack", () => {
  test.each(["ES256", "EdDSA", "RS256"] as const)("verifies offline over exactly its statement, %s", async (kind) => {
    expect(await judge([signature({ kind })])).toEqual({ codes: [], messages: [], approvals: 1 });
  });

  test.each<[string, Lies]>([
    ["another challenge", { challenge: "b".repeat(64) }],
    ["another type", { type: "webauthn.create" }],
    ["another origin", { origin: "http://localhost:4601" }],
    ["inside another site's page", { crossOrigin: true }],
    ["for another relying party", { rpId: "evil.example" }],
    ["with nobody present", { flags: 0x04 }],
    ["without verifying the person", { flags: 0x01 }],
    ["by another key", { key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }],
  ])("signed with %s fails, and says whose signature", async (_what, lies) => {
    const { codes, messages, approvals } = await judge([signature(lies)]);
    expect(codes).toEqual(["approval.assertion"]);
    expect(messages[0]).toMatch(/^lea@halden\.example: /);
    expect(approvals).toBe(0);
  });

  test("whose statement was edited fails by its digest, and with a fitting digest by the passkey", async () => {
    const edited = { ...statement, argumentsHash: "c".repeat(64) };
    expect((await judge([signature()], { statement: edited })).codes).toEqual(["approval.digest"]);
    const { digest: _digest, ...unsaid } = signature();
    expect((await judge([unsaid], { statement: edited, digest: digestOf(edited) })).codes).toEqual([
      "approval.assertion",
    ]);
  });

  test("signed with a key that the log never called this person's, or only afterwards, fails", async () => {
    const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const publicKey = base64url(foreign.publicKey.export({ type: "spki", format: "der" }));
    // A whole forged answer, valid in itself, that even stands in the log.
    const forged = { ...signature({ key: foreign.privateKey }), publicKey };
    expect(await judge([forged], {}, [forged], [signature()])).toMatchObject({ codes: ["approval.not_enrolled"], approvals: 0 });
    // Somebody else's key under this person's name.
    const own = signature();
    expect((await judge([own], {}, [own], [{ ...own, personId: "per_kim" }])).codes).toEqual(["approval.not_enrolled"]);
    expect((await judge([own], {}, undefined, undefined, true)).messages).toEqual([expect.stringContaining("only after it signed")]);
  });

  test("under conditions verifies with exactly these: added, dropped or changed ones are named", async () => {
    const conditions = [{ metric: "complaints", threshold: 3, due: "2027-01-31T00:00:00Z", consequence: "suspend" }];
    const under = { ...statement, conditions };
    const signed = { ...signature({}, under), conditions };
    const file = { statement: under, digest: digestOf(under) };
    expect((await judge([signed], file)).codes).toEqual([]);
    expect((await judge([signed])).codes).toEqual(["approval.conditions"]);
    const looser = [{ ...conditions[0], threshold: 300 }];
    const { digest: _digest, ...unsaid } = signed as Members;
    const changed = { ...statement, conditions: looser };
    expect((await judge([{ ...unsaid, conditions: looser }], { statement: changed, digest: digestOf(changed) })).codes).toEqual(["approval.assertion"]);
    // A plain yes isn't one under conditions, nor the other way round.
    const { digest: _plain, ...plain } = signature();
    expect((await judge([{ ...plain, conditions }], file)).codes).toEqual(["approval.assertion"]);
    const second = { ...signature(), person: "kim@halden.example" };
    expect((await judge([signed, second])).codes).toEqual(["approval.conditions"]);
  });

  test("whose signature was swapped for another valid one contradicts the log", async () => {
    const other = { ...signature(), person: "mallory@halden.example" };
    expect((await judge([other], {}, [signature()])).codes).toEqual(["approval.unlogged"]);
  });

  test("whose signature for a no is shown as a yes fails", async () => {
    const no = signature({ choice: "refuse" });
    expect((await judge([{ ...no, choice: "approve" }])).codes).toEqual(["approval.digest"]);
    const { digest: _digest, ...unsaid } = no;
    expect((await judge([{ ...unsaid, choice: "approve" }])).codes).toEqual(["approval.assertion"]);
    const refused = { ...statement, choice: "refuse" };
    expect((await judge([no], { state: "refused", statement: refused, digest: digestOf(refused) })).codes).toEqual([]);
  });

  test("that is left out, unsigned, late, weaker than T3 asks, or by the requester is named", async () => {
    expect((await judge([])).codes).toEqual(["approval.unsigned"]);
    expect((await judge([{ ...signature(), at: "2026-11-22T12:31:00.000Z" }])).codes).toEqual(["approval.late"]);
    expect(
      (
        await judge([
          {
            kind: "token",
            person: "lea@halden.example",
            role: "leads",
            set: "leads",
            choice: "approve",
            at: "2026-11-22T12:10:00.000Z",
            digest: digestOf(statement),
          },
        ])
      ).codes,
    ).toEqual(["approval.weak"]);
    const own = { ...statement, requester: "lea@halden.example" };
    expect((await judge([signature({}, own)], { statement: own, digest: digestOf(own) })).codes).toEqual(["approval.person"]);
    expect((await judge([signature(), signature()])).codes).toEqual(["approval.person"]);
    expect((await judge([signature()], { id: "apr_2" })).codes).toEqual(["approval.other"]);
    expect((await judge([signature()], { signature: signature() })).codes).toEqual(["approval.other"]);
  });

  test("signed by fewer than its statement asks for is named, and a committee counts by quorum and majority", async () => {
    const asks = async (approvers: unknown, signatures: readonly Members[]) => {
      const asked = { ...statement, approvers };
      const signed = signatures.map((one) => ({ ...signature({}, asked), ...one }));
      return (await judge(signed, { statement: asked, digest: digestOf(asked) })).codes;
    };
    expect(await asks([{ group: "leads", count: 2 }], [{}])).toEqual(["approval.unsigned"]);
    expect(await asks([{ group: "leads", count: 2 }], [{}, { person: "kim@halden.example" }])).toEqual([]);
    const board = [{ group: "authorizing-official", count: 1, committee: { group: "board", quorum: 2 } }];
    const vote = { set: "committee board" };
    expect(await asks(board, [vote])).toEqual(["approval.unsigned"]);
    expect(await asks(board, [vote, { ...vote, person: "kim@halden.example" }])).toEqual([]);
  });

  test("that the log answered and the pack leaves out is missing; calling itself older excuses nothing the log committed to", async () => {
    expect((await judge([signature()], { path: "approvals/apr_2.json" })).codes).toContain("approval.missing");
    const token = { kind: "token", person: "lea@halden.example", choice: "approve" };
    expect((await judge([token], { schema: "mandate.approval/1" })).codes).toContain("approval.weak");
    expect((await judge([token], { schema: "mandate.approval/1" }, [])).codes).toEqual([]);
  });

  test("that can't be read is a problem, never a crash", async () => {
    for (const change of [
      { signatures: 7 },
      { signatures: [7] },
      { statement: null },
      { signatures: [{ kind: "webauthn", choice: "approve" }] },
    ]) {
      expect((await judge([signature()], change)).codes.length).toBeGreaterThan(0);
    }
  });
});

test("the browser's verifier agrees with Node's on every kind of key, bit flips included", async () => {
  const message = utf8("exactly this");
  for (const kind of ["ES256", "EdDSA", "RS256"] as const) {
    const { publicKey, privateKey } = keys[kind];
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    for (let round = 0; round < 20; round++) {
      const good = new Uint8Array(sign(kind === "EdDSA" ? null : "sha256", message, privateKey));
      expect([node.verifySpki(spki, message, good), await browser.verifySpki(spki, message, good)]).toEqual([
        true,
        true,
      ]);
      const flipped = Uint8Array.from(good);
      flipped[(round * 7) % flipped.length]! ^= 1 << (round % 8);
      expect([node.verifySpki(spki, message, flipped), await browser.verifySpki(spki, message, flipped)]).toEqual([
        false,
        false,
      ]);
    }
  }
});
