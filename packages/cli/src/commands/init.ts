import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";

/** Writes a manifest that applies as it stands: a T0 system, a model to point at your own, comments where to edit. */
export async function init(call: Call): Promise<void> {
  const name = call.args[0] ?? "my-assistant";
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(name)) {
    throw new CliError({
      code: "name_invalid",
      message: `\`${name}\` is not a name for a system.`,
      next: "Use letters, digits, `.`, `_` and `-`.",
    });
  }
  const text = firstManifest(name);
  const file = call.option("file") ?? "-";
  if (file === "-") return call.terminal.out(text);
  await writeNew(resolve(call.terminal.cwd, file), file, text);
  call.say(`Wrote ${file}. Edit it, then:`);
  for (const line of [
    `mandate plan -f ${file}`,
    `mandate apply -f ${file}`,
    `mandate credential create --system ${name}`,
  ])
    call.say(`  ${line}`);
}

/** Never over an existing file: it may be the only copy of somebody's register. */
async function writeNew(path: string, shown: string, text: string): Promise<void> {
  try {
    const handle = await open(path, "wx");
    await handle.writeFile(text).finally(() => handle.close());
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new CliError({
      code: "file_exists",
      message: `${shown} exists already.`,
      next: "Name another with -f, or leave -f away to print it.",
      cause,
    });
  }
}

export function firstManifest(name: string): string {
  return `# One file, many documents; order does not matter; references are kind:name.
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: ${name}
  purposes:
    - { id: summarize, text: Summarizes internal texts for colleagues. }
  owners: { business: business.owner@example.com, technical: technical.owner@example.com }   # two different people
  audience: internal               # internal | partner | public
  autonomy: suggests               # suggests | acts-with-approval | acts
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true }
  boundary:
    sensitivity: internal          # the highest class it may touch: public | internal | confidential | restricted
    classes: []
    regions: [EEA]
    retention: { prompts: 30d, outputs: 30d }
    training: never
  uses:
    models: [model:${name}-model]
---
# Where it runs. Callers ask for it by \`metadata.name\`; \`upstream\` is its name at the provider.
apiVersion: v1
kind: Model
metadata: { name: ${name}-model }
spec:
  protocol: openai                 # openai | anthropic
  endpoint: "http://127.0.0.1:11434/v1"
  upstream: llama3.2
  # credential: secret:my-provider   # then: mandate secret set my-provider --host HOST
  region: EEA
  training: never
  maxSensitivity: internal
`;
}
