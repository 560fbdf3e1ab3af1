import { useQuery } from "@tanstack/react-query";
import { Diff } from "../../components/diff.tsx";
import type { DiffMember } from "../../components/diff.tsx";
import { Loaded } from "../../components/states.tsx";
import { Panel, Time } from "../../components/ui.tsx";
import { policies as words } from "../../text/policies.ts";
import { policyHistory } from "./queries.ts";
import type { Spec, Version } from "./queries.ts";
import { textOf } from "./policy-text.ts";

/** Rules by id, then every other member: what is the same on both sides is left out. */
export function membersOf(before: Spec | null, after: Spec | null): DiffMember[] {
  const parts = (spec: Spec | null): Map<string, string> => {
    const found = new Map<string, string>();
    for (const [member, value] of Object.entries(spec ?? {})) {
      if (!Array.isArray(value)) found.set(member, typeof value === "string" ? value : textOf(value as Spec).trimEnd());
      else for (const [at, one] of (value as Record<string, unknown>[]).entries()) found.set(`${member}.${String(one["id"] ?? one["name"] ?? at + 1)}`, textOf(one).trimEnd());
    }
    return found;
  };
  const [old, now] = [parts(before), parts(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((member) => old.get(member) !== now.get(member))
    .map((member) => ({ member, old: old.get(member) ?? null, new: now.get(member) ?? null, answer: null, answered: null, contradicts: false }));
}

/** Who changed it, when and why, each version against the one before. */
export function Versions({ name }: { name: string }) {
  return (
    <Panel title={words.history}>
      <Loaded query={useQuery(policyHistory(name))} what={words.history} rows={3}>
        {({ items }) => {
          const versions = items.toSorted((a, b) => b.version - a.version);
          return (
            <ol className="plain panel-body stack">
              {versions.map((one, at) => (
                <li key={one.version}>
                  <One version={one} before={versions[at + 1]} />
                </li>
              ))}
            </ol>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function One({ version, before }: { version: Version; before: Version | undefined }) {
  const what = version.spec === null ? words.removed : words.version(version.version);
  const who = (
    <p className="small muted">
      {words.versionBy(version.by)} <Time at={version.at} />
      {version.reason !== null && <>: {version.reason}</>}
    </p>
  );
  if (before === undefined || version.spec === null)
    return (
      <>
        <p>
          <b>{what}</b> {before === undefined && version.spec !== null && <span className="muted small">{words.whole}</span>}
        </p>
        {who}
      </>
    );
  return (
    <>
      <Diff subject={words.version(before.version)} what={what} members={membersOf(before.spec, version.spec)} />
      {who}
    </>
  );
}
