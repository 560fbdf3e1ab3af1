import { generateKeyPairSync, sign } from "node:crypto";
import {
  canonicalJson,
  DenseTree,
  formatVerifierKey,
  inclusionProof,
  leafHash,
  parseVerifierKey,
  signCheckpoint,
  toBase64,
  utf8,
} from "@mandate/ledger";
import { iso, now } from "./sample-company.ts";
// Decisions with a real log behind them: proofs verify in the browser.

const script = [
  [
    "support-concierge",
    "tool.call",
    "tool",
    "refunds.issue",
    "hold",
    "approval_required",
    "Refund of €146.20 is above the €80 limit. Refunds above €80 need a person.",
    "refund-limit",
  ],
  [
    "support-concierge",
    "model.call",
    "model",
    "claude-sonnet-4-5",
    "allow",
    null,
    "Within purpose, boundary and budget.",
    "grant",
  ],
  ["invoice-reader", "model.call", "model", "mistral-large-2", "allow", null, "Within its terms.", "grant"],
  [
    "support-concierge",
    "tool.call",
    "tool",
    "orders.lookup",
    "allow",
    null,
    "Customer matches the conversation.",
    "own-customer",
  ],
  [
    "cv-screening",
    "model.call",
    "model",
    "mistral-large-2",
    "deny",
    "authorization_expired",
    "Its pilot ended on 20 Nov, so no call is allowed.",
    "lifecycle",
  ],
  [
    "support-concierge",
    "tool.call",
    "tool",
    "translate.text",
    "deny",
    "data_boundary",
    "translate.text would have sent Confidential data to the United States. Support Concierge may share Confidential data inside the EEA only.",
    "data-boundary",
  ],
  [
    "support-concierge",
    "tool.call",
    "tool",
    "refunds.issue",
    "allow",
    null,
    "€92.00 approved: late twice, loyal customer.",
    "refund-limit",
  ],
  ["demand-forecast", "tool.call", "tool", "warehouse.query", "allow", null, "Read only, Internal.", "grant"],
  ["legal-search", "model.call", "model", "claude-sonnet-4-5", "allow", null, "Within its terms.", "grant"],
  [
    "route-planner",
    "model.call",
    "model",
    "claude-sonnet-4-5",
    "deny",
    "authorization_expired",
    "Its authorization ended on 19 Nov, so no call is allowed.",
    "lifecycle",
  ],
] as const;

export const logOrigin = "halden.example/mandate/gw-local-1";
export const decisions = Array.from({ length: 60 }, (_, index) => {
  const [system, action, type, id, outcome, code, reason, rule] = script[index % script.length]!;
  return {
    id: `dec_${(9000 - index).toString(36)}`,
    at: iso(now - index * 13_000 - 8000),
    system,
    action,
    resource: { type, id },
    outcome,
    code,
    reason,
    rule,
    terminal: outcome === "allow" ? (index % 19 === 7 ? "unknown" : "done") : "refused",
    intent: index === 0 ? null : { log: logOrigin, index: 59 - index },
    ...(reason.includes("approved")
      ? { byPerson: { name: "Jonas Brandt", reason: "late twice, loyal customer" } }
      : {}),
  };
});

const keys = generateKeyPairSync("ed25519");
const raw = new Uint8Array(keys.publicKey.export({ format: "der", type: "spki" }).subarray(-32));
export const vkey = formatVerifierKey(logOrigin, raw);
const key = parseVerifierKey(vkey);
const headers = decisions
  .filter((item) => item.intent !== null)
  .toReversed()
  .map((item, index) => ({
    v: 1,
    type: "call.intent",
    id: `ent_${index}`,
    at: item.at,
    shard: logOrigin,
    seq: index,
    seen: Math.max(0, index - 4),
    system: item.system,
    policy: "support-concierge@3",
    register: 41,
    decision: item.id,
    outcome: item.outcome,
  }));
export const leaves = headers.map((header) => utf8(canonicalJson(header)));
const hashes = new Uint8Array(leaves.length * 32);
leaves.forEach((leaf, index) => hashes.set(leafHash(leaf), index * 32));
const tree = new DenseTree(hashes);
export const root = toBase64(tree.root());
const checkpoint = signCheckpoint({ origin: logOrigin, size: tree.size, root: tree.root() }, [
  { name: logOrigin, keyId: key.keyId, sign: (text) => new Uint8Array(sign(null, utf8(text), keys.privateKey)) },
]);

export const logs = [{ origin: logOrigin, vkey, size: tree.size, root, checkpointAt: iso(now - 120_000) }];
export function evidenceEntry(index: number) {
  const leaf = leaves[index];
  if (leaf === undefined) return undefined;
  return {
    header: headers[index],
    leaf: toBase64(leaf),
    proof: {
      index,
      size: tree.size,
      hashes: inclusionProof(index, tree.size, tree.read).map((hash) => toBase64(hash)),
    },
    checkpoint,
    vkey,
  };
}
export const entryList = headers.map((header, index) => ({ index, header })).toReversed();
