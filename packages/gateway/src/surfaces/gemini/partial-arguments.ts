import { isMembers } from "../fields.ts";

const step = /^(?:\.([A-Za-z_$][\w$]*)|\[(\d{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\])/;
const maxSteps = 64;
const maxIndex = 10_000;

/**
 * Arguments of a call that arrive path by path (`$.items[0].name`, RFC 9535's singular queries). What can't be read makes
 * the whole unreadable: a call that we would judge without one of its arguments is not the call that runs.
 */
export class PartialArguments {
  #root: unknown = Object.create(null);
  #unreadable = false;
  /** Path of the text that the next piece goes on with. */
  #continued: string | null = null;

  add(pieces: unknown): void {
    if (!Array.isArray(pieces)) {
      this.#unreadable = true;
      return;
    }
    for (const piece of pieces as unknown[]) this.#one(piece);
  }

  /** JSON text of the arguments, or something that is none. */
  get text(): string {
    return this.#unreadable ? "unreadable" : JSON.stringify(this.#root);
  }

  #one(piece: unknown): void {
    const path = isMembers(piece) ? piece.jsonPath : undefined;
    const steps = typeof path === "string" ? stepsOf(path) : undefined;
    if (!isMembers(piece) || steps === undefined || steps.length === 0) {
      this.#unreadable = true;
      return;
    }
    const value = piece.stringValue ?? piece.numberValue ?? piece.boolValue ?? null;
    const goesOn = this.#continued === path && typeof value === "string";
    this.#continued = piece.willContinue === true ? String(path) : null;
    if (!this.#set(steps, value, goesOn)) this.#unreadable = true;
  }

  #set(steps: readonly (string | number)[], value: unknown, goesOn: boolean): boolean {
    let at: unknown = this.#root;
    for (const [index, one] of steps.entries()) {
      if (typeof one === "number" ? !Array.isArray(at) || one > at.length : !isMembers(at)) return false;
      const holder = at as Record<string | number, unknown>;
      const next = steps[index + 1];
      if (next === undefined) {
        // A path written twice would leave one of both to whoever reads last.
        if (holder[one] !== undefined && !goesOn) return false;
        holder[one] = goesOn ? `${typeof holder[one] === "string" ? holder[one] : ""}${value as string}` : value;
        return true;
      }
      holder[one] ??= typeof next === "number" ? [] : Object.create(null);
      at = holder[one];
    }
    return false;
  }
}

function stepsOf(path: string): (string | number)[] | undefined {
  if (!path.startsWith("$")) return undefined;
  const steps: (string | number)[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    const found = step.exec(rest);
    if (found === null || steps.length === maxSteps) return undefined;
    const quoted = found[3] ?? found[4];
    // An escape has more than one reading among path libraries.
    if (quoted?.includes("\\") === true) return undefined;
    const index = found[2] === undefined ? undefined : Number(found[2]);
    if (index !== undefined && index > maxIndex) return undefined;
    steps.push(index ?? found[1] ?? quoted ?? "");
    rest = rest.slice(found[0].length);
  }
  return steps;
}
