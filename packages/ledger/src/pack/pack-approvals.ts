import { sha256, sha256Hex, verifySpki } from "#crypto";
import { concatBytes, equalBytes, fromBase64, fromHex, fromUtf8, toBase64, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { canonicalBytes } from "../json/canonical.ts";
import type { Json } from "../json/strict.ts";
import { parseStrictJson } from "../json/strict.ts";
import type { PackEntry } from "./pack-entries.ts";
import { hexOf } from "./pack-entries.ts";
import type { PackFiles } from "./pack-files.ts";
import { messageOf } from "./pack-files.ts";
import type { Problems } from "./result.ts";

type Members = { readonly [name: string]: Json };

/**
 * Checks `approvals/ID.json` without any server: the digest is the statement's, each passkey signed exactly it, and the
 * log committed to each signature when it was given.
 */
export class PackApprovals {
  readonly #files: PackFiles;
  readonly #problems: Problems;
  /** Commitments that entries of the log hold, by approval. */
  readonly #committed = new Map<string, Set<string>>();
  /** Where the log says first that a key is a person's, by the commitment of its enrolment. */
  readonly #enrolled = new Map<string, PackEntry>();
  /** Where the log holds a signature, by its commitment. */
  readonly #answered = new Map<string, PackEntry>();

  constructor(files: PackFiles, problems: Problems) {
    this.#files = files;
    this.#problems = problems;
  }

  readonly addEntry = (entry: PackEntry): void => {
    const { header } = entry;
    const commits = hexOf(header.commits);
    if (header.type === "person" && commits !== undefined && !this.#enrolled.has(commits)) this.#enrolled.set(commits, entry);
    if (header.type !== "approval" || commits === undefined || !Array.isArray(header.approvals)) return;
    this.#answered.set(commits, entry);
    for (const id of header.approvals as readonly Json[]) {
      if (typeof id !== "string") continue;
      const known = this.#committed.get(id);
      if (known === undefined) this.#committed.set(id, new Set([commits]));
      else known.add(commits);
    }
  };

  /** Returns the number of passkey signatures that verify. */
  async finish(): Promise<number> {
    let verified = 0;
    for (const path of this.#files.pathsBelow("approvals/")) {
      const id = /^approvals\/([A-Za-z0-9_-]+)\.json$/.exec(path)?.[1];
      if (id === undefined) continue;
      verified += await this.#check(path, id);
    }
    // Leaving an approval's file out would hide who decided; the log still says that somebody did.
    for (const id of this.#committed.keys()) {
      const path = `approvals/${id}.json`;
      if (!this.#files.has(path))
        this.#problems.add("approval.missing", "the log holds an answer, the pack no approval", path);
    }
    return verified;
  }

  async #check(path: string, id: string): Promise<number> {
    const bytes = this.#files.read(path);
    if (bytes === undefined) return 0;
    try {
      const approval = object(parseStrictJson(bytes, { maxBytes: 4 * 2 ** 20, integersOnly: false }), "not an object");
      // Answered before the log committed to signatures; one that it did commit to can't pass itself off as older.
      if (approval.schema === "mandate.approval/1" && !this.#committed.has(id)) return 0;
      const statement = object(approval.statement, "no statement");
      if (approval.id !== id || statement.approval !== id)
        throw bad("approval.other", "file, id and statement name different approvals");
      if (sha256Hex(canonicalBytes(statement)) !== approval.digest)
        throw bad("approval.digest", "digest is not the statement's");
      const signatures = list(approval.signatures).map((one) => object(one, "a signature isn't an object"));
      this.#checkOutcome(path, approval, statement, signatures);
      return await this.#checkSignatures(path, id, approval, statement, signatures);
    } catch (error) {
      this.#report(path, error);
      return 0;
    }
  }

  /** A key that verifies is somebody's; that it was this person's the log must have said before the answer. */
  #checkEnrolment(one: Members): void {
    const { credentialId, personId, publicKey } = one;
    const enrolled = this.#enrolled.get(sha256Hex(canonicalBytes({ credentialId, personId, publicKey })));
    if (enrolled === undefined) throw bad("approval.not_enrolled", "the log never said that this key is this person's");
    const answered = this.#answered.get(sha256Hex(canonicalBytes(one)));
    if (answered === undefined || !isBefore(enrolled, answered))
      throw bad("approval.not_enrolled", "the key became this person's only after it signed");
  }

  #report(path: string, error: unknown, prefix = ""): void {
    const code = error instanceof LedgerError && error.code.startsWith("approval.") ? error.code : "approval.malformed";
    this.#problems.add(code, `${prefix}${messageOf(error)}`, path);
  }

  /** What the file claims must follow from its signatures. */
  #checkOutcome(path: string, approval: Members, statement: Members, signatures: readonly Members[]): void {
    const problem = (code: string, message: string): void => this.#problems.add(code, message, path);
    const people = signatures.flatMap((one) => [one.person, ...(one.onBehalfOf === undefined ? [] : [one.onBehalfOf])]);
    if (new Set(people).size !== people.length) problem("approval.person", "one person stands for two");
    const requester = statement.requester ?? approval.requester ?? null;
    if (requester !== null && people.includes(requester) && statement.tier !== "T0") {
      problem("approval.person", "the requester is among the approvers");
    }
    const yes = signatures.filter((one) => one.choice === "approve");
    const agreed = yes.map((one) => (one.conditions === undefined ? [] : list(one.conditions)));
    if (agreed.some((all, at) => at > 0 && !sameJson(all.slice(0, agreed[at - 1]!.length), agreed[at - 1]!)))
      problem("approval.conditions", "a later yes leaves out what an earlier one asked for");
    if (statement.choice === "approve" && !sameJson(statement.conditions ?? [], agreed.at(-1) ?? []))
      problem("approval.conditions", "the statement's conditions aren't those that were signed");
    if (approval.state !== "approved") return;
    if (yes.length === 0) problem("approval.unsigned", "approved by nobody");
    for (const set of statement.approvers === undefined ? [] : list(statement.approvers)) {
      if (!isFilled(object(set, "a set isn't an object"), signatures))
        problem("approval.unsigned", `too few signed for ${String(object(set, "").group)}`);
    }
    if (statement.choice !== "approve") problem("approval.other", "approved, but the statement says otherwise");
    if (statement.tier === "T3" && yes.some((one) => one.kind !== "webauthn")) {
      problem("approval.weak", "at T3 every approval is signed with a passkey, and one here isn't");
    }
  }

  async #checkSignatures(
    path: string,
    id: string,
    approval: Members,
    statement: Members,
    signatures: readonly Members[],
  ): Promise<number> {
    let verified = 0;
    const committed = this.#committed.get(id);
    let shown = approval.signature === null;
    for (const one of signatures) {
      const who = `${String(one.person)}: `;
      try {
        if (committed?.has(sha256Hex(canonicalBytes(one))) !== true)
          throw bad("approval.unlogged", "no entry of the log commits to this signature");
        const choice = one.choice === "approve" || one.choice === "refuse" ? one.choice : undefined;
        if (choice === undefined) throw bad("approval.malformed", "a choice is approve or refuse");
        // A yes and a no are two statements, so that neither signature can be shown as the other; so are conditions.
        const { conditions: _outcome, ...asked } = statement;
        const under = one.conditions === undefined ? {} : { conditions: one.conditions };
        const digest = sha256Hex(canonicalBytes({ ...asked, choice, ...under }));
        if (one.digest !== undefined && one.digest !== digest) throw bad("approval.digest", "signed another statement");
        if (one.kind === "webauthn") {
          await checkAssertion(one, digest);
          this.#checkEnrolment(one);
          verified++;
        }
        const [at, end] = [Date.parse(String(one.at)), Date.parse(String(statement.end))];
        if (!(at < end)) throw bad("approval.late", "signed after the question had lapsed");
      } catch (error) {
        this.#report(path, error, who);
      }
      shown ||= sha256Hex(canonicalBytes(one)) === sha256Hex(canonicalBytes(approval.signature ?? null));
    }
    if (!shown) this.#problems.add("approval.other", "`signature` is none of `signatures`", path);
    return verified;
  }
}

/** Order in one log; logs of two writers are told apart by the clock they were written by. */
function isBefore(one: PackEntry, other: PackEntry): boolean {
  if (one.log === other.log) return one.index < other.index;
  return Date.parse(String(one.header.at)) < Date.parse(String(other.header.at));
}

/**
 * WebAuthn Level 3 §7.2, as far as it needs no server: type, challenge, origin, relying party, user present and
 * verified, and the signature over authenticatorData and the hash of clientDataJSON.
 * @param digest hex SHA-256 of the statement; its 32 bytes were the challenge
 * @throws LedgerError `approval.assertion`
 */
export async function checkAssertion(signature: Members, digest: string): Promise<void> {
  const fail = (why: string) => bad("approval.assertion", why);
  const authenticatorData = bytesOf(signature.authenticatorData);
  const clientDataJSON = bytesOf(signature.clientDataJSON);
  const { rpId, origin } = signature;
  if (typeof rpId !== "string" || rpId === "" || typeof origin !== "string") throw fail("no relying party or origin");
  let client: Members;
  try {
    client = object(JSON.parse(fromUtf8(clientDataJSON)) as Json, "clientDataJSON is not an object");
  } catch {
    throw fail("clientDataJSON can't be read");
  }
  if (client.type !== "webauthn.get") throw fail("clientDataJSON is of another type");
  if (client.challenge !== toBase64url(fromHex(digest))) throw fail("the passkey signed another challenge");
  if (client.origin !== origin) throw fail("the passkey signed for another origin");
  if (client.crossOrigin === true) throw fail("signed inside another site's page");
  if (!belongsTo(origin, rpId)) throw fail("the origin is not the relying party's");
  if (authenticatorData.length < 37) throw fail("authenticatorData is too short");
  if (!equalBytes(authenticatorData.subarray(0, 32), sha256(utf8(rpId))))
    throw fail("signed for another relying party");
  const flags = authenticatorData[32]!;
  if ((flags & 0x01) === 0) throw fail("nobody was present");
  if ((flags & 0x04) === 0) throw fail("the person wasn't verified");
  const signed = concatBytes(authenticatorData, sha256(clientDataJSON));
  if (!(await verifySpki(bytesOf(signature.publicKey), signed, bytesOf(signature.signature))))
    throw fail("the passkey's signature does not verify");
}

/** The count of one set is reached, or its committee's quorum voted and more than half of it said yes. */
function isFilled(set: Members, signatures: readonly Members[]): boolean {
  const of = (name: Json | undefined) => signatures.filter((one) => one.set === name);
  if (of(set.group).filter((one) => one.choice === "approve").length >= Number(set.count)) return true;
  if (set.committee === undefined) return false;
  const committee = object(set.committee, "a committee isn't an object");
  const votes = of(`committee ${String(committee.group)}`);
  return (
    votes.length >= Number(committee.quorum) &&
    votes.filter((one) => one.choice === "approve").length * 2 > votes.length
  );
}

function sameJson(one: Json, other: Json): boolean {
  return equalBytes(canonicalBytes(one), canonicalBytes(other));
}

function belongsTo(origin: string, rpId: string): boolean {
  const match = /^(https?):\/\/([a-z0-9.-]+)(?::[0-9]{1,5})?$/.exec(origin);
  if (match === null) return false;
  const [, scheme, host] = match;
  if (scheme === "http" && host !== "localhost") return false;
  return host === rpId || host!.endsWith(`.${rpId}`);
}

function bad(code: string, message: string): LedgerError {
  return new LedgerError(code, message);
}

function object(value: Json | undefined, why: string): Members {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw bad("approval.malformed", why);
  return value as Members;
}

function list(value: Json | undefined): readonly Json[] {
  if (!Array.isArray(value)) throw bad("approval.malformed", "not a list");
  return value as readonly Json[];
}

function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** base64url without padding (RFC 4648 §5). */
function bytesOf(value: Json | undefined): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]+$/.test(value)) throw bad("approval.assertion", "not base64url");
  const text = value.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(text + "=".repeat((4 - (text.length % 4)) % 4));
}
