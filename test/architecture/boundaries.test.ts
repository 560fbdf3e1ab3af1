import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, sourceFiles, violations, violationsIn } from "./boundaries.ts";

const root = join(import.meta.dirname, "../..");

describe("package boundaries", () => {
  test("every import points down the house", () => {
    expect(sourceFiles(root).length).toBeGreaterThan(20);
    expect(violations(root)).toEqual([]);
  });

  test.each([
    ["packages/ledger/src/x.ts", `import { tiers } from "@mandate/model";`, "ledger may not import model"],
    ["packages/gateway/src/x.ts", `import { Pool } from "pg";`, "the gateway never touches the database"],
    ["packages/cli/src/x.ts", `import { startServer } from "@mandate/server";`, "cli may not import server"],
    ["packages/policy/src/x.ts", `import net from "node:net";`, "policy does no I/O"],
    ["packages/server/src/http/x.ts", `import { a } from "../registry/store.ts";`, "enter a slice through its index.ts"],
    ["packages/server/src/x.ts", `import { a } from "../../gateway/src/pipeline.ts";`, "enter a package through its exports"],
    ["packages/console/src/x.tsx", `export { a } from "@mandate/server";`, "console may not import server"],
    ["packages/gateway/src/x.ts", `const m = await import("@mandate/server");`, "gateway may not import server"],
  ])("a planted violation in %s is caught", (path, source, rule) => {
    expect(violationsIn(path, source).map((violation) => violation.rule)).toEqual([rule]);
  });

  test("the cli may load the server only when a command runs it", () => {
    expect(violationsIn("packages/cli/src/up.ts", `const { startServer } = await import("@mandate/server");`)).toEqual([]);
  });

  test("commented imports do not count and multi-line ones do", () => {
    const source = `// import "a";\n/* import "b"; */\nimport {\n  c,\n  type D,\n} from "e";\nimport "f";\n`;
    expect(importsOf(source).map((found) => found.specifier)).toEqual(["e", "f"]);
  });
});
