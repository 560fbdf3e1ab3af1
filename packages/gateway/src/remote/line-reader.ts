/** Characters of one line: a snapshot of a hundred thousand keys has some forty million. */
const maxLineChars = 256 * 1024 * 1024;

/** Lines out of bytes as they come. Each byte is looked at once, however many parts a line comes in. */
export class LineReader {
  readonly #decoder = new TextDecoder();
  readonly #maxChars: number;
  #begun: string[] = [];
  #chars = 0;

  constructor(maxChars = maxLineChars) {
    this.#maxChars = maxChars;
  }

  /** @returns the lines that `part` ended, without empty ones. @throws when a line has no end within bounds */
  push(part: Uint8Array): readonly string[] {
    const text = this.#decoder.decode(part, { stream: true });
    const lines: string[] = [];
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#begun.push(text.slice(from, end));
      const line = this.#begun.join("");
      this.#begun = [];
      this.#chars = 0;
      if (line !== "") lines.push(line);
      from = end + 1;
    }
    if (from < text.length) {
      this.#begun.push(from === 0 ? text : text.slice(from));
      this.#chars += text.length - from;
      if (this.#chars > this.#maxChars) throw new Error("the control plane sends no end of line");
    }
    return lines;
  }
}
