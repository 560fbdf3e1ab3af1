/** A chain of attributes from one of Cedar's variables: `["context", "input", "amount"]`. */
export type AttributePath = readonly string[];

/** Every chain an expression reads by `.` or asks for by `has`, longest form, each once. */
export function attributePaths(expression: unknown): readonly AttributePath[] {
  const paths = new Map<string, AttributePath>();
  collect(expression, paths);
  return [...paths.values()];
}

function collect(expression: unknown, paths: Map<string, AttributePath>): void {
  if (Array.isArray(expression)) {
    for (const item of expression) collect(item, paths);
    return;
  }
  if (typeof expression !== "object" || expression === null) return;
  const chain = hasChain(expression) ?? accessChain(expression);
  if (chain !== null) {
    paths.set(JSON.stringify(chain), chain);
    return;
  }
  for (const part of Object.values(expression)) collect(part, paths);
}

/** `context has input.amount`, as one chain. */
function hasChain(expression: object): AttributePath | null {
  if (!("has" in expression)) return null;
  const { has } = expression;
  if (typeof has !== "object" || has === null || !("left" in has) || !("attr" in has)) return null;
  const left = rootOf(has.left) ?? (typeof has.left === "object" && has.left !== null ? accessChain(has.left) : null);
  return left === null ? null : [...left, ...[has.attr].flat().map(String)];
}

function rootOf(expression: unknown): AttributePath | null {
  const isVariable = typeof expression === "object" && expression !== null && "Var" in expression;
  return isVariable && typeof expression.Var === "string" ? [expression.Var] : null;
}

function accessChain(expression: object): AttributePath | null {
  const names: string[] = [];
  let current: unknown = expression;
  for (;;) {
    const root = rootOf(current);
    if (root !== null) return names.length === 0 ? null : [...root, ...names.reverse()];
    const access: unknown =
      typeof current === "object" && current !== null && "." in current ? current["."] : undefined;
    if (typeof access !== "object" || access === null || !("attr" in access) || !("left" in access)) return null;
    names.push(String(access.attr));
    current = access.left;
  }
}
