import type { PackScope } from "./manifest.ts";

/** What failed, where. `code` is stable; `message` is for people. */
export interface PackProblem {
  readonly code: string;
  readonly path?: string;
  /** Entry index in the log that `path` belongs to. */
  readonly index?: number;
  readonly message: string;
}

/** An auditor's sample that comes out of the pack's own logs as it was drawn. */
export interface VerifiedSample {
  readonly audit: string;
  readonly draw: number;
  readonly population: number;
  readonly members: number;
  /**
   * The pack shows every entry up to the population's checkpoint, or every one of its systems by the counts that the log
   * sealed: none can be missing from the population. False where nobody can tell.
   */
  readonly complete: boolean;
}

export type PackTrust = "pinned" | "witnessed" | "self-attested";

/** The answer of `mandate evidence verify -o json`. */
export interface PackResult {
  /** True when there is no problem at all. */
  readonly ok: boolean;
  /** On whose word the newest state stands: a checkpoint the verifier kept, witnesses, or the installation's alone. */
  readonly trust: PackTrust;
  /** `root` is base64, as in a checkpoint. */
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly root: string }[];
  readonly entries: number;
  /** Payload files whose ciphertext matches its name. */
  readonly payloads: number;
  /** Passkey signatures that verify over exactly their approval's statement. */
  readonly approvals: number;
  /** Entries newer than the newest checkpoint that someone outside vouches for. */
  readonly unanchored: number;
  /** Callers' receipts whose entries stand where they were promised. */
  readonly receipts: number;
  readonly samples: readonly VerifiedSample[];
  /**
   * Whether every entry is here that the pack is about. Null: can't tell, because it holds entries that an earlier
   * release didn't count, or doesn't say what it is about. Of a period that has ended: every entry that its logs held some minutes
   * after its end.
   */
  readonly complete: boolean | null;
  /** What the manifest says the pack is about; null where it doesn't. */
  readonly scope: PackScope | null;
  readonly problems: readonly PackProblem[];
}

const maxProblems = 1000;

/** Collects problems; past the bound it only counts, so that a hostile pack can't make its own report explode. */
export class Problems {
  readonly list: PackProblem[] = [];
  #suppressed = 0;

  add(code: string, message: string, path?: string, index?: number): void {
    if (this.list.length >= maxProblems) {
      this.#suppressed++;
      return;
    }
    this.list.push({ code, ...(path !== undefined && { path }), ...(index !== undefined && { index }), message });
  }

  finish(): readonly PackProblem[] {
    if (this.#suppressed === 0) return this.list;
    return [...this.list, { code: "pack.more", message: `and ${this.#suppressed} further problems` }];
  }
}
