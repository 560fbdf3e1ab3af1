import { aes256GcmOpen, hmacSha256, sha256Hex } from "#crypto";
import { fromBase64, fromUtf8, toHex } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import type { Json } from "../json/strict.ts";
import { parseStrictJson } from "../json/strict.ts";
import type { Commitment } from "./commitments.ts";
import { Commitments } from "./commitments.ts";
import { linesOf } from "./file-lines.ts";
import type { PackEntry } from "./pack-entries.ts";
import { hexOf } from "./pack-entries.ts";
import type { PackFiles } from "./pack-files.ts";
import { messageOf } from "./pack-files.ts";
import type { Problems } from "./result.ts";

const maxPayloadJsonBytes = 256 * 2 ** 20;
/** Nonce and tag of AES-256-GCM: nothing shorter is a sealed payload. */
const minPayloadBytes = 28;

/** Collects what the entries refer to, then compares it with `payloads/` and `disclosures.jsonl`. */
export class PackPayloads {
  readonly #files: PackFiles;
  readonly #problems: Problems;
  readonly #commitments = new Commitments();

  constructor(files: PackFiles, problems: Problems) {
    this.#files = files;
    this.#problems = problems;
  }

  readonly addEntry = ({ log, index, header }: PackEntry): void => {
    this.#refer(header.ct, header.pc, log.dir, index, true);
    // A sealed evaluation context serves replay at the installation; a pack may leave it out.
    this.#refer(header.xct, header.xpc, log.dir, index, false);
    if (header.type === "evidence.erasure" && Array.isArray(header.erased)) {
      for (const erased of header.erased as readonly Json[]) {
        const ct = hexOf(erased);
        if (ct !== undefined) this.#commitments.erase(ct);
      }
    }
  };

  #refer(ct: Json | undefined, pc: Json | undefined, dir: string, index: number, isRequired: boolean): void {
    if (ct === undefined) return;
    const name = hexOf(ct);
    if (name === undefined || (pc !== undefined && hexOf(pc) === undefined)) {
      this.#problems.add(
        "entry.malformed",
        "commitment is not 64 lower-case hex digits",
        `${dir}/entries.jsonl`,
        index,
      );
      return;
    }
    const pcText = hexOf(pc);
    const known = this.#commitments.get(name);
    if (known?.pc !== undefined && pcText !== undefined && known.pc !== pcText) {
      this.#problems.add(
        "payload.mismatch",
        "two entries commit to two plaintexts of one payload",
        `${dir}/entries.jsonl`,
        index,
      );
    }
    this.#commitments.refer(name, pcText, dir, index);
    if (isRequired) this.#commitments.need(name);
  }

  /** Returns the number of payload files whose ciphertext matches its name. */
  async finish(): Promise<number> {
    let matching = 0;
    for (const path of this.#files.pathsBelow("payloads/")) {
      const ct = path.slice(9);
      const bytes = this.#files.read(path);
      const reference = hexOf(ct) === undefined ? undefined : this.#commitments.get(ct);
      if (bytes === undefined || bytes.length < minPayloadBytes || sha256Hex(bytes) !== ct) {
        this.#problems.add("payload.altered", "payload is not the one committed to", path, reference?.index);
      } else matching++;
    }
    await this.#openDisclosures();
    for (const { ct, index } of this.#commitments.needed()) {
      const path = `payloads/${ct}`;
      if (!this.#files.has(path)) {
        this.#problems.add("payload.missing", "payload is absent and no entry records its erasure", path, index);
      }
    }
    return matching;
  }

  async #openDisclosures(): Promise<void> {
    const path = "disclosures.jsonl";
    if (!this.#files.has(path)) return;
    // Entries' own payloads first: a disclosed payload names its messages' commitments, whatever the order of the lines.
    const later: Disclosure[] = [];
    let line = 0;
    for await (const { bytes } of linesOf(this.#files.stream(path), 4096)) {
      const disclosure = this.#readDisclosure(bytes, line++);
      if (disclosure === undefined) continue;
      if (this.#commitments.get(disclosure.ct) !== undefined) await this.#open(disclosure, true);
      else later.push(disclosure);
    }
    for (const disclosure of later) await this.#open(disclosure, false);
  }

  #readDisclosure(line: Uint8Array, index: number): Disclosure | undefined {
    try {
      const value = parseStrictJson(line) as { readonly ct?: Json; readonly key?: Json; readonly salt?: Json };
      const ct = hexOf(value.ct);
      const key = fromBase64(String(value.key));
      const salt = fromBase64(String(value.salt));
      if (ct === undefined || key.length !== 32 || salt.length !== 32)
        throw new LedgerError("disclosure", "not {ct, key, salt}");
      return { ct, key, salt };
    } catch (error) {
      this.#problems.add("disclosure.malformed", `line ${index + 1}: ${messageOf(error)}`, "disclosures.jsonl");
      return undefined;
    }
  }

  async #open({ ct, key, salt }: Disclosure, mayReferOn: boolean): Promise<void> {
    const path = `payloads/${ct}`;
    const reference = this.#commitments.get(ct);
    if (reference?.pc === undefined) {
      this.#problems.add("disclosure.unreferenced", "no entry of the pack commits to this payload", path);
      return;
    }
    const bytes = this.#files.read(path);
    if (bytes === undefined) {
      this.#problems.add("payload.missing", "a disclosed payload is absent", path, reference.index);
      return;
    }
    const plaintext = await aes256GcmOpen(key, bytes.subarray(0, 12), bytes.subarray(12));
    if (plaintext === undefined) {
      this.#problems.add("disclosure.mismatch", "the disclosed key does not open the payload", path, reference.index);
    } else if (toHex(hmacSha256(salt, plaintext)) !== reference.pc) {
      this.#problems.add("disclosure.mismatch", "the plaintext is not the one committed to", path, reference.index);
    } else if (mayReferOn) this.#referToMessages(plaintext, reference);
  }

  /** Member `messages` of a disclosed payload: a chat's messages, each a payload of its own. */
  #referToMessages(plaintext: Uint8Array, { dir, index }: Commitment): void {
    if (plaintext.length > maxPayloadJsonBytes || plaintext[0] !== 0x7b) return;
    let messages: unknown;
    try {
      messages = (JSON.parse(fromUtf8(plaintext)) as { readonly messages?: unknown }).messages;
    } catch {
      return;
    }
    if (!Array.isArray(messages)) return;
    for (const message of messages as readonly unknown[]) {
      if (message === null || typeof message !== "object") continue;
      const { ct, pc } = message as { readonly ct?: Json; readonly pc?: Json };
      this.#refer(ct, pc, dir, index, true);
    }
  }
}

interface Disclosure {
  readonly ct: string;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}
