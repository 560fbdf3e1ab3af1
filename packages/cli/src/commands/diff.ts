import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { kindOfManifest } from "../kinds.ts";
import { readManifests } from "../manifest-files.ts";
import { readObjects } from "../read-objects.ts";
import { lineDiff } from "../render/line-diff.ts";
import { clean, printObject, toYaml, type Row } from "../render/format.ts";
import { pending, sent } from "./apply.ts";
import { manifestOf } from "./get.ts";

/** Lines of the register's manifest against the file's, for each object that `plan` says would change. */
export async function diff(call: Call): Promise<ExitCode> {
  const stream = await readManifests(call.list("file"), call.terminal);
  const client = await call.client();
  const { changes } = await sent(client, stream, true, call);
  // Parsed as the register does: a member left out has its default there, and that is no difference.
  const wanted = new Map(
    (await readObjects(stream)).map(({ kind, name, metadata, spec }) => [
      `${kind}/${name}`,
      { metadata: { name, ...metadata }, spec },
    ]),
  );
  const found: { kind: string; name: string; action: string; lines: readonly string[] }[] = [];
  for (const { kind, name, action } of pending(changes)) {
    const target = wanted.get(`${kind}/${name}`);
    const current = action.startsWith("create")
      ? undefined
      : await client.get<Row>(kindOfManifest(kind), name, undefined, { signal: call.terminal.signal });
    const [before, after] = await Promise.all([
      yamlOf(current === undefined ? undefined : manifestOf(kindOfManifest(kind), current)),
      yamlOf(target),
    ]);
    found.push({ kind, name, action, lines: lineDiff(before, after) });
  }
  if (call.format === "table") {
    for (const { kind, name, lines } of found)
      call.terminal.out([`--- ${kind}/${name}`, ...lines.map(clean), ""].join("\n"));
    if (found.length === 0) call.say("Nothing differs.");
  } else
    await printObject(
      call.terminal,
      call.format,
      { changes: found },
      found.map(({ kind, name }) => `${kind}/${name}`).join("\n"),
    );
  return call.flag("detailedExitcode") && found.length > 0 ? exitCodes.changesPending : exitCodes.done;
}

/** Members in one order on both sides, so that only what is said differs and not how it was written down. */
async function yamlOf(object: Row | undefined): Promise<readonly string[]> {
  if (object === undefined) return [];
  const { metadata, spec } = object;
  const text = await toYaml([sorted({ metadata: ownMetadata(metadata), spec })]);
  return text.trimEnd().split("\n");
}

function ownMetadata(metadata: unknown): unknown {
  if (typeof metadata !== "object" || metadata === null) return metadata;
  const { name, unit, labels } = metadata as Row;
  const labelled = typeof labels === "object" && labels !== null && Object.keys(labels).length > 0;
  return { name, unit: unit ?? undefined, labels: labelled ? labels : undefined };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
