import { createPublicKey, verify } from "node:crypto";
import { inTotoType, preAuth, predicateType } from "../in-toto.ts";
import { checkCounts, checkManifest, checkWords, hex256, needOrder, instantMs, statedCounts } from "./common.ts";
import { at, isObject, items, text } from "./problems.ts";
import type { Json, JsonObject, Problems } from "./problems.ts";

/** DER prefix of an Ed25519 public key (RFC 8410 §4). */
const spki = Buffer.from("302a300506032b6570032100", "hex");

/** A DSSE envelope, its signature and its statement. The key is the one that the statement names: whether it is the log's, the log's own vkey says. */
export function checkInToto(envelope: JsonObject, problems: Problems): void {
  if (envelope["payloadType"] !== inTotoType) problems.add("document.version", "/payloadType", `is not ${inTotoType}`);
  const payload = Buffer.from(text(envelope["payload"]) ?? "", "base64");
  let statement: Json;
  try {
    statement = JSON.parse(payload.toString("utf8")) as Json;
  } catch {
    return problems.add("document.shape", "/payload", "holds no statement");
  }
  if (!isObject(statement)) return problems.add("document.shape", "/payload", "holds no statement");
  if (statement["_type"] !== "https://in-toto.io/Statement/v1") problems.add("document.version", "/payload/_type", "is not a Statement of version 1");
  if (statement["predicateType"] !== predicateType) problems.add("document.version", "/payload/predicateType", `is not ${predicateType}`);
  const predicate = statement["predicate"];
  checkSignature(envelope, payload, text(at(predicate, "vkey")), problems);
  const nowMs = checkManifest(predicate, "in-toto", "/payload/predicate", problems);
  const subjects = items(statement["subject"]);
  const systems = items(at(predicate, "systems"));
  const seen = new Set<string>();
  for (const [index, subject] of subjects.entries()) {
    const place = `/payload/subject/${index}`;
    const name = String(at(subject, "name"));
    const digest = String(at(subject, "digest", "sha256"));
    if (seen.has(name)) problems.add("reference.twice", `${place}/name`, `${name} stands twice`);
    seen.add(name);
    if (!hex256.test(digest)) problems.add("hash.invalid", `${place}/digest/sha256`, "is not a SHA-256");
    const system = systems.find((one) => `system:${String(at(one, "name"))}` === name);
    if (system === undefined) problems.add("reference.unresolved", `${place}/name`, `nothing is stated of ${name}`);
    else if (at(system, "versionDigest") !== digest) problems.add("hash.differs", `${place}/digest/sha256`, `the statement's version of ${name} has ${String(at(system, "versionDigest"))}`);
  }
  for (const [index, system] of systems.entries()) {
    const place = `/payload/predicate/systems/${index}`;
    if (!seen.has(`system:${String(at(system, "name"))}`)) problems.add("reference.orphan", place, "is no subject of the statement");
    checkAuthorization(system, place, nowMs, problems);
  }
  checkCounts(statedCounts(at(predicate, "counts"), "/payload/predicate/counts"), { subjects: subjects.length }, "/payload/predicate/counts", problems);
  checkWords(statement, problems, "/payload");
}

function checkAuthorization(system: Json, place: string, nowMs: number | undefined, problems: Problems): void {
  const held = at(system, "authorization");
  if (!isObject(held)) {
    if (at(system, "status") === "operating") problems.add("authorization.missing", place, "operates without an authorization");
    return;
  }
  const [startMs, endMs] = [instantMs(held["starts"]), instantMs(held["ends"])];
  needOrder(startMs, endMs, `${place}/authorization/ends`, "ends before it starts", problems);
  const isHeld = held["state"] === "granted" || held["state"] === "granted_with_conditions";
  if (isHeld && endMs !== undefined && nowMs !== undefined && endMs <= nowMs) problems.add("authorization.ended", `${place}/authorization/state`, "is granted, though it had ended");
}

function checkSignature(envelope: JsonObject, payload: Uint8Array, vkey: string | undefined, problems: Problems): void {
  const [name, , ...key] = (vkey ?? "").split("+");
  const bytes = Buffer.from(key.join("+"), "base64");
  const signatures = items(envelope["signatures"]);
  if (bytes.length !== 33 || bytes[0] !== 1) return problems.add("signature.key", "/payload/predicate/vkey", "names no key that can be checked");
  if (signatures.length !== 1) return problems.add("signature.missing", "/signatures", "carries other than one signature");
  if (at(signatures[0], "keyid") !== name) problems.add("signature.key", "/signatures/0/keyid", `is not ${name ?? ""}`);
  const publicKey = createPublicKey({ key: Buffer.concat([spki, bytes.subarray(1)]), format: "der", type: "spki" });
  const sig = Buffer.from(text(at(signatures[0], "sig")) ?? "", "base64");
  if (!verify(null, preAuth(payload), publicKey, sig)) problems.add("signature.invalid", "/signatures/0/sig", "isn't the key's signature over this payload");
}
