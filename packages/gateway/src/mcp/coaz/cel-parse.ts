/** An expression of the Common Expression Language, as far as a mapping of AuthZEN's COAZ profile needs it. */
export type Cel =
  | { readonly is: "literal"; readonly value: unknown }
  | { readonly is: "name"; readonly name: string }
  | { readonly is: "list"; readonly items: readonly Cel[] }
  | { readonly is: "select"; readonly of: Cel; readonly field: string; readonly optional: boolean }
  | { readonly is: "index"; readonly of: Cel; readonly at: Cel }
  | { readonly is: "call"; readonly name: string; readonly of: Cel | null; readonly args: readonly Cel[] }
  | { readonly is: "unary"; readonly operator: "!" | "-"; readonly of: Cel }
  | { readonly is: "binary"; readonly operator: string; readonly left: Cel; readonly right: Cel }
  | { readonly is: "choice"; readonly when: Cel; readonly chosen: Cel; readonly otherwise: Cel };

/** What isn't CEL, or a part of it that isn't read here. */
export class UnreadableCel extends Error {}

const maxChars = 2_000;
const maxDepth = 32;
const token = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([A-Za-z_]\w*)|(&&|\|\||==|!=|<=|>=|\.\?|[-+*<>!?:.,()[\]]))/y;
/** Loosest first; each level is left associative. */
const levels: readonly (readonly string[])[] = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*"]];

interface Token {
  readonly kind: "number" | "string" | "word" | "sign";
  readonly text: string;
}

/** @throws UnreadableCel. Division, maps, bytes and regular expressions aren't read: two engines would not agree on them. */
export function parseCel(text: string): Cel {
  if (text.length > maxChars) throw new UnreadableCel(`An expression is longer than ${maxChars} characters.`);
  const tokens = tokensOf(text);
  let at = 0;
  let depth = 0;
  const peek = (): string => (tokens[at]?.kind === "string" ? "" : (tokens[at]?.text ?? ""));
  const take = (sign: string): boolean => {
    if (peek() !== sign) return false;
    at += 1;
    return true;
  };
  const expect = (sign: string): void => {
    if (!take(sign)) throw new UnreadableCel(`\`${sign}\` is missing in \`${text.slice(0, 200)}\`.`);
  };
  const word = (): string => {
    const next = tokens[at];
    if (next?.kind !== "word") throw new UnreadableCel("A field's name is missing.");
    at += 1;
    return next.text;
  };
  const whole = (): Cel => {
    if ((depth += 1) > maxDepth) throw new UnreadableCel("An expression is nested too deep.");
    const when = level(0);
    if (!take("?")) {
      depth -= 1;
      return when;
    }
    const chosen = whole();
    expect(":");
    const otherwise = whole();
    depth -= 1;
    return { is: "choice", when, chosen, otherwise };
  };
  const level = (index: number): Cel => {
    const operators = levels[index];
    if (operators === undefined) return unary();
    let left = level(index + 1);
    while (operators.includes(peek())) {
      const operator = peek();
      at += 1;
      left = { is: "binary", operator, left, right: level(index + 1) };
    }
    return left;
  };
  const unary = (): Cel => {
    if ((depth += 1) > maxDepth) throw new UnreadableCel("An expression is nested too deep.");
    const operator = peek();
    const found: Cel = operator === "!" || operator === "-" ? ((at += 1), { is: "unary", operator, of: unary() }) : member(primary());
    depth -= 1;
    return found;
  };
  const list = (end: string): Cel[] => {
    const items: Cel[] = [];
    if (take(end)) return items;
    do items.push(whole());
    while (take(","));
    expect(end);
    return items;
  };
  const member = (first: Cel): Cel => {
    let of = first;
    for (;;) {
      if (take("[")) {
        of = { is: "index", of, at: whole() };
        expect("]");
      } else if (peek() === "." || peek() === ".?") {
        const optional = take(".?");
        if (!optional) at += 1;
        const name = word();
        of = !optional && take("(") ? { is: "call", name, of, args: list(")") } : { is: "select", of, field: name, optional };
      } else return of;
    }
  };
  const primary = (): Cel => {
    const next = tokens[at];
    at += 1;
    if (next === undefined) throw new UnreadableCel(`\`${text.slice(0, 200)}\` ends too soon.`);
    if (next.kind === "number") return { is: "literal", value: Number(next.text) };
    if (next.kind === "string") return { is: "literal", value: unquoted(next.text) };
    if (next.kind === "word") {
      if (next.text === "true" || next.text === "false") return { is: "literal", value: next.text === "true" };
      if (next.text === "null") return { is: "literal", value: null };
      return take("(") ? { is: "call", name: next.text, of: null, args: list(")") } : { is: "name", name: next.text };
    }
    if (next.text === "(") {
      const inner = whole();
      expect(")");
      return inner;
    }
    if (next.text === "[") return { is: "list", items: list("]") };
    throw new UnreadableCel(`\`${next.text}\` stands where a value should.`);
  };
  const parsed = whole();
  if (at < tokens.length) throw new UnreadableCel(`\`${tokens[at]!.text}\` stands where the expression should end.`);
  return parsed;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  while (token.lastIndex < end) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new UnreadableCel(`\`${text.slice(from, from + 40)}\` is not read here.`);
    const [, number, string, name, sign] = match;
    tokens.push(number !== undefined ? { kind: "number", text: number } : string !== undefined ? { kind: "string", text: string } : name !== undefined ? { kind: "word", text: name } : { kind: "sign", text: sign! });
  }
  return tokens;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?" };

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_whole, letter: string) => {
    const meant = escapes[letter];
    if (meant === undefined) throw new UnreadableCel(`\`\\${letter}\` is not read here.`);
    return meant;
  });
}
