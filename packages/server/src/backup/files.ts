import { access, copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { placeOf } from "./check.ts";
import type { BackupManifest } from "./manifest.ts";

const erasures = "erasures.jsonl";

/**
 * Brings what lies beside the database into a data directory. What is there already is newer and stays: heads that were
 * kept, a journal with entries that no backup has. Erasures of both are carried out.
 */
export async function bringFiles(folder: string, manifest: BackupManifest, dataDir: string, withKeys: boolean): Promise<void> {
  for (const path of [...Object.keys(manifest.files), ...(withKeys ? Object.keys(manifest.keys.files) : [])]) {
    const within = /^(?:keys\/)?files\/(.+)$/.exec(path)?.[1];
    if (within === undefined) continue;
    const source = placeOf(folder, path);
    const target = join(dataDir, within);
    if (within === erasures) await joinErasures(source, target);
    else if (!(await access(target).then(() => true, () => false))) {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await copyFile(source, `${target}.new`);
      await rename(`${target}.new`, target);
    }
  }
}

async function joinErasures(source: string, target: string): Promise<void> {
  const here = await readFile(target, "utf8").catch(() => "");
  const lines = [...new Set([...here.split("\n"), ...(await readFile(source, "utf8")).split("\n")])].filter((line) => line !== "");
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await writeFile(`${target}.new`, lines.map((line) => `${line}\n`).join(""), { mode: 0o600, flush: true });
  await rename(`${target}.new`, target);
}
