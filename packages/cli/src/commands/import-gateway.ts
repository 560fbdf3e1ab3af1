import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { importLitellm, importPortkey, type Imported } from "../gateway-configs.ts";
import { clean, printObject, toYaml, type Row } from "../render/format.ts";

/** `import litellm|portkey FILE`: drafts to read, complete and apply, and everything that found no place. Changes nothing, asks nobody. */
export async function importGateway(call: Call, format: "litellm" | "portkey"): Promise<void> {
  const shown = call.args[1] ?? "";
  const text = await readFile(resolve(call.terminal.cwd, shown), "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({ code: "file_unreadable", message: `${shown} can't be read (${cause.code ?? "unknown"}).`, next: "Name the file that the other gateway is started with.", cause });
  });
  const found = format === "litellm" ? importLitellm(text) : importPortkey(text);
  if (call.format !== "table") {
    await printObject(call.terminal, call.format, found as unknown as Row, shown);
    return;
  }
  call.terminal.out(await drafts(found));
  for (const { name, host, from } of found.secrets) call.say(clean(`mandate secret set ${name} --host ${host}   # from ${from}`));
  call.say(`${found.models.length} models. ${found.unmapped.length === 0 ? "Everything found its place." : "What found no place stands at the end."} Complete region, training and vendor, then: mandate plan -f FILE`);
}

async function drafts({ models, unmapped }: Imported): Promise<string> {
  const documents = models.map(({ name, spec }) => ({ apiVersion: "v1", kind: "Model", metadata: { name }, spec }));
  const left = unmapped.map(({ path, why }) => clean(`# ${path}: ${why}`));
  return `${documents.length === 0 ? "" : await toYaml(documents)}${left.length === 0 ? "" : `# Not mapped:\n${left.join("\n")}\n`}`;
}
