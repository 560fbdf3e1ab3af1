import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Which release decides: its version, and a digest of the decision engine as it lies on this machine. */
export interface Release {
  readonly version: string;
  /** Lower-case hex SHA-256 over the policy package's sources; null where they can't be read. */
  readonly engine: string | null;
}

const version = "0.1.0";
/** Texts that no decision is made by: tests, and the prover, which only looks at rules. */
const beside = /(?:^|\/)(?:testing|proof)\/|\.test\.[cm]?[jt]s$/;

let known: Release | undefined;

/**
 * Read once a process. A version alone says what somebody meant to install; the digest says what is there, so that an engine that
 * was edited in place is another release than the one whose name it bears.
 */
export function release(): Release {
  return (known ??= { version, engine: digestOf("@mandate/policy") });
}

function digestOf(name: string): string | null {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(name));
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/")).filter((path) => /\.(?:[cm]?[jt]s|cedar|cedarschema|json)$/.test(path) && !path.endsWith(".d.ts") && !beside.test(path)).sort();
    if (files.length === 0) return null;
    const hash = createHash("sha256");
    for (const path of files) {
      const bytes = readFileSync(join(folder, path));
      hash.update(`${path}\n${bytes.length}\n`).update(bytes);
    }
    return hash.digest("hex");
  } catch {
    return null;
  }
}
