import { hash } from "node:crypto";
import { type Channel, detect } from "@mandate/detectors";
import { Recent } from "../recent.ts";
import { type Detected, merged, summarized } from "./question.ts";

/** Shorter ones are read as quickly as their hash is made. */
const minChars = 200;
const maxKept = 50_000;

/**
 * What the detectors found in a text, by its hash: a chat resends its whole history with each call, and the same text on
 * the same channel says the same again, because a detector is a pure function and its version is this process's own.
 * INVARIANT: only a check that ran to its end is kept; one that failed is tried again, and refuses again (G11).
 */
export class TextsRead {
  readonly #found = new Recent<Detected>(maxKept);

  /** @throws whatever a detector throws */
  read(text: string, channel: Channel): Detected {
    if (text.length < 4) return nothing;
    if (text.length < minChars) return summarized(detect(text, { channel }));
    const key = `${channel} ${hash("sha256", text, "base64")}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = summarized(detect(text, { channel }));
    this.#found.set(key, found);
    return found;
  }

  /** All of them together. */
  readAll(texts: readonly { readonly text: string; readonly channel: Channel }[]): Detected {
    let all = nothing;
    for (const { text, channel } of texts) {
      const found = this.read(text, channel);
      if (found.types.length > 0) all = all === nothing ? found : merged(all, found);
    }
    return all;
  }
}

const nothing: Detected = { types: [], classes: [] };
