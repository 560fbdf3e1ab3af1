import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { CliError } from "./cli-error.ts";
import { readInput, type Terminal } from "./terminal.ts";

export const maxManifestBytes = 8 * 1024 * 1024;

/** Many files as one YAML stream, and the way back from a line of it to the file it came from. */
export interface ManifestStream {
  readonly yaml: string;
  readonly files: readonly string[];
  /** @param line 1-based line of `yaml` */
  placeOf(line: number): { readonly file: string; readonly line: number } | undefined;
}

/** Reads `-f` values: files, folders (their `.yaml` and `.yml`, deep), `-` for standard input. */
export async function readManifests(paths: readonly string[], terminal: Terminal): Promise<ManifestStream> {
  if (paths.length === 0)
    throw new CliError({
      code: "no_manifest",
      message: "No manifest was named.",
      next: "Add `-f FILE`, `-f FOLDER` or `-f -`.",
    });
  const parts: { file: string; text: string }[] = [];
  let size = 0;
  const add = (file: string, bytes: Buffer) => {
    size += bytes.length;
    if (size > maxManifestBytes)
      throw new CliError({
        code: "manifest_too_large",
        message: `The manifests hold more than ${maxManifestBytes} bytes.`,
        next: "Apply fewer files at once.",
      });
    parts.push({ file, text: decode(file, bytes) });
  };
  for (const path of paths) {
    if (path === "-") add("standard input", await readInput(terminal, maxManifestBytes));
    else
      for (const file of await filesBelow(resolve(terminal.cwd, path), path))
        add(relative(terminal.cwd, file) || file, await readWhole(file, path));
  }
  if (parts.length === 0)
    throw new CliError({ code: "no_manifest", message: `There is no .yaml file in ${paths.join(", ")}.` });
  return joined(parts);
}

function joined(parts: readonly { file: string; text: string }[]): ManifestStream {
  const starts: { file: string; first: number; last: number }[] = [];
  const lines: string[] = [];
  for (const { file, text } of parts) {
    if (lines.length > 0) lines.push("---");
    const own = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
    starts.push({ file, first: lines.length + 1, last: lines.length + own.length });
    lines.push(...own);
  }
  return {
    yaml: `${lines.join("\n")}\n`,
    files: parts.map(({ file }) => file),
    placeOf: (line) => {
      // An unclosed bracket is found at the line after the last.
      const found = starts.find(({ first, last }) => line >= first && line <= last) ?? starts.at(-1);
      return found === undefined ? undefined : { file: found.file, line: Math.min(line, found.last) - found.first + 1 };
    },
  };
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CliError({
      code: "manifest_encoding",
      message: `${file} is not UTF-8 text.`,
      next: "Save it as UTF-8.",
      cause,
    });
  }
}

async function readWhole(path: string, shown: string): Promise<Buffer> {
  return await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({
      code: "file_unreadable",
      message: `${shown} can't be read (${cause.code ?? cause.message}).`,
      next: "Check who may read it, or pipe it in with `-f -`.",
      cause,
    });
  });
}

async function filesBelow(path: string, shown: string): Promise<readonly string[]> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined)
    throw new CliError({ code: "file_missing", message: `${shown} does not exist.`, next: "Check the path." });
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
