import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, dirname } from "node:path";

/** Which of our packages each package may import. The `console` and `cli` rows are narrower than npm would allow. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  ledger: [],
  detectors: ["model"],
  policy: ["model"],
  frameworks: ["model"],
  gateway: ["model", "policy", "detectors", "ledger"],
  server: ["model", "ledger", "policy", "frameworks", "detectors", "gateway"],
  witness: ["ledger"],
  sdk: [],
  cli: ["model", "sdk", "ledger", "policy", "detectors", "frameworks"],
  console: ["sdk", "ledger"],
};

/** Allowed only as `import()` inside the command that runs them, so that `mandate get` never loads a database driver. */
export const onlyDynamically: Readonly<Record<string, readonly string[]>> = { cli: ["gateway", "server", "witness"] };

/** Node's file, network and process modules stay out of packages that must run anywhere, or decide purely. */
export const withoutIo: readonly string[] = ["model", "policy", "detectors"];
const ioModules = /^node:(?:net|http|https|http2|dgram|tls|dns|child_process|worker_threads|cluster)$/;

/** Packages the gateway must never touch: it has no database on its path. */
const databaseModules = /^(?:pg|kysely)(?:\/|$)/;

export interface Import {
  readonly specifier: string;
  readonly dynamic: boolean;
  readonly typeOnly: boolean;
}

const statement =
  /(?:^|[\n;])\s*(?:import|export)\s+(type\s+)?(?:[\w$*{][^"';]*?\s*from\s*)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']\s*\)/g;

/** Import and export-from specifiers of a TypeScript source, comments left out. */
export function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/[^\n]*/g, "$1");
  const found: Import[] = [];
  for (const match of code.matchAll(statement)) {
    const specifier = match[2] ?? match[3];
    if (specifier) found.push({ specifier, dynamic: match[3] !== undefined, typeOnly: match[1] !== undefined });
  }
  return found;
}

export interface Violation {
  readonly file: string;
  readonly specifier: string;
  readonly rule: string;
}

/** Checks one file as if it stood at `path` (relative to the repository, `packages/x/src/…`). */
export function violationsIn(path: string, source: string): Violation[] {
  const [, owner, ...rest] = path.split("/");
  if (!owner || !(owner in mayImport)) return [];
  const test = /\.test\.tsx?$/.test(path) || rest.includes("testing");
  const found: Violation[] = [];
  const refuse = (specifier: string, rule: string) => found.push({ file: path, specifier, rule });
  for (const { specifier, dynamic } of importsOf(source)) {
    const ours = /^@mandate\/([a-z]+)(\/.*)?$/.exec(specifier);
    if (ours) {
      const target = ours[1]!;
      if (target === owner || test) continue;
      const allowed = mayImport[owner]!.includes(target) || (dynamic && onlyDynamically[owner]?.includes(target));
      if (!allowed) refuse(specifier, `${owner} may not import ${target}`);
      continue;
    }
    if (specifier.startsWith(".")) {
      const target = relative(".", resolve(dirname(path), specifier)).split("/");
      if (target[0] === "packages" && target[1] !== owner) refuse(specifier, "enter a package through its exports");
      if (owner === "server" && target[0] === "packages" && !test) {
        const [slice, file] = [target[3], target[4]];
        const mine = path.split("/")[3];
        const otherSlice = slice && slice !== mine && file !== undefined && target.length > 4;
        if (otherSlice && target.at(-1) !== "index.ts") refuse(specifier, "enter a slice through its index.ts");
      }
      continue;
    }
    if (owner === "gateway" && databaseModules.test(specifier)) refuse(specifier, "the gateway never touches the database");
    if (!test && withoutIo.includes(owner) && ioModules.test(specifier)) refuse(specifier, `${owner} does no I/O`);
  }
  return found;
}

/** Every TypeScript source below the src folder of each package. */
export function sourceFiles(root: string): string[] {
  const files: string[] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && entry.name !== "dist" && entry.name !== "fixtures") walk(path);
      } else if (/\.tsx?$/.test(entry.name)) files.push(relative(root, path));
    }
  };
  for (const name of readdirSync(join(root, "packages"))) walk(join(root, "packages", name, "src"));
  return files;
}

export function violations(root: string): Violation[] {
  return sourceFiles(root).flatMap((file) => violationsIn(file, readFileSync(join(root, file), "utf8")));
}
