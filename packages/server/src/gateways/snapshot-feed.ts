import { randomBytes } from "node:crypto";
import type { Snapshot } from "@mandate/gateway";
import { chainAfter, differenceOf, divide, partSnapshot } from "@mandate/gateway/remote";
import type { Divided } from "@mandate/gateway/remote";
import type { Publisher } from "../publisher/index.ts";

/** One change of what is enforced, the same for every gateway until it is sealed. Texts are JSON. */
export interface Step {
  readonly base: string;
  readonly chain: string;
  readonly version: number;
  readonly open: string;
  readonly secret: string;
}

export interface Whole {
  readonly chain: string;
  readonly version: number;
  readonly open: string;
  readonly secret: string;
}

interface State {
  readonly snapshot: Snapshot;
  readonly chain: string;
  readonly open: Divided;
  readonly secret: Divided;
  whole: Whole | undefined;
}

/** Kept for gateways that come back after a short break; who was away for longer gets the whole. */
const maxSteps = 256;
const maxStepChars = 8 * 1024 * 1024;

const nothing = JSON.stringify({ lists: {}, members: {}, dropped: [] });

/**
 * What is enforced, as a chain of changes. The chain begins anew with each process, from a random point, so that nothing
 * made after another beginning fits.
 */
export class SnapshotFeed {
  readonly #listeners = new Set<(step: Step) => void>();
  #state: State | undefined;
  #steps: Step[] = [];
  #chars = 0;
  readonly #unsubscribe: () => void;
  readonly #narrow: (snapshot: Snapshot) => Snapshot;

  /** @param narrow what of a snapshot this feed's gateways may hold */
  constructor(publisher: Publisher, narrow: (snapshot: Snapshot) => Snapshot = (snapshot) => snapshot) {
    this.#narrow = narrow;
    this.#unsubscribe = publisher.port().subscribe((snapshot) => this.#follow(snapshot));
  }

  #follow(published: Snapshot): void {
    const snapshot = this.#narrow(published);
    const before = this.#state;
    const parts = partSnapshot(snapshot);
    const [open, secret] = [divide(parts.open, before?.open), divide(parts.secret, before?.secret)];
    const next = { snapshot, open, secret, whole: undefined };
    if (before === undefined) {
      this.#state = { ...next, chain: randomBytes(32).toString("base64url") };
      return;
    }
    const openChange = differenceOf(before.open, open);
    const secretChange = differenceOf(before.secret, secret);
    // The register was read again and nothing differs: nobody needs to hear of it.
    if (openChange === undefined && secretChange === undefined) return;
    const texts = { open: openChange === undefined ? nothing : JSON.stringify(openChange), secret: secretChange === undefined ? nothing : JSON.stringify(secretChange) };
    const step: Step = { base: before.chain, chain: chainAfter(before.chain, snapshot.version, texts.open, texts.secret), version: snapshot.version, ...texts };
    this.#state = { ...next, chain: step.chain };
    this.#keep(step);
    for (const tell of this.#listeners) tell(step);
  }

  #keep(step: Step): void {
    this.#steps.push(step);
    this.#chars += step.open.length + step.secret.length;
    while (this.#steps.length > maxSteps || this.#chars > maxStepChars) {
      const gone = this.#steps.shift();
      if (gone === undefined) return;
      this.#chars -= gone.open.length + gone.secret.length;
    }
  }

  /** Where the newest stands; undefined before the first. */
  get chain(): string | undefined {
    return this.#state?.chain;
  }

  /** What leads from `chain` to the newest; undefined when that isn't known any more. */
  since(chain: string | null): readonly Step[] | undefined {
    if (chain === this.#state?.chain) return [];
    const at = this.#steps.findIndex((step) => step.base === chain);
    return at < 0 ? undefined : this.#steps.slice(at);
  }

  /** The newest in full; undefined before the first. Made when somebody needs it, once for each. */
  whole(): Whole | undefined {
    const state = this.#state;
    if (state === undefined) return undefined;
    if (state.whole === undefined) {
      const { open, secret } = partSnapshot(state.snapshot);
      state.whole = { chain: state.chain, version: state.snapshot.version, open: JSON.stringify(open), secret: JSON.stringify(secret) };
    }
    return state.whole;
  }

  subscribe(tell: (step: Step) => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }

  close(): void {
    this.#unsubscribe();
  }
}
