import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Diff } from "../../components/diff.tsx";
import type { DiffMember } from "../../components/diff.tsx";
import { Loaded } from "../../components/states.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { objects as words } from "../../text/objects.ts";
import type { InventoryKind } from "../kinds.ts";
import { objectHistory } from "./queries.ts";
import type { Spec, Version } from "./queries.ts";
import { textOf } from "./parts.tsx";

const newest = 5;

/** Who changed it, when and why; each version against the one before, and the record as it stood. */
export function History({ plural, name }: { plural: InventoryKind; name: string }) {
  const [all, setAll] = useState(false);
  return (
    <Panel title={words.history}>
      <Loaded query={useQuery(objectHistory(plural, name))} what={words.history} rows={3}>
        {({ items }) => {
          const versions = items.toSorted((a, b) => b.version - a.version);
          const shown = all ? versions : versions.slice(0, newest);
          return (
            <div className="panel-body stack">
              <ol className="plain stack">
                {shown.map((one, at) => (
                  <li key={one.version}>
                    <One plural={plural} name={name} version={one} before={versions[at + 1]} isNow={at === 0} />
                  </li>
                ))}
              </ol>
              {shown.length < versions.length && (
                <p>
                  <Button onPress={() => setAll(true)}>{words.older(versions.length - shown.length)}</Button>
                </p>
              )}
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function One({ plural, name, version, before, isNow }: { plural: InventoryKind; name: string; version: Version; before: Version | undefined; isNow: boolean }) {
  const what = version.spec === null ? words.removed : words.versionOf(version.version);
  const isCompared = before?.spec != null && version.spec !== null;
  return (
    <>
      {isCompared ? (
        <Diff subject={words.against(before.version)} what={what} members={membersOf(before.spec, version.spec)} />
      ) : (
        <p>
          <b>{what}</b> {before === undefined && version.spec !== null && <span className="muted small">{words.first}</span>}
        </p>
      )}
      <p className="small muted">
        {words.by(version.by)} <Time at={version.at} />
        {version.reason !== null && <>: {version.reason}</>}
        {version.commit !== null && <>, {words.commit(version.commit)}</>}{" "}
        {!isNow && version.spec !== null && (
          <Link to={`/${plural}/$name` as "/models/$name"} params={{ name }} search={{ asOf: version.at }}>
            {words.stood}
          </Link>
        )}
      </p>
    </>
  );
}

/** Members that differ; what is the same is left out. Nested ones as indented text, so that lines stand beside lines. */
export function membersOf(before: Spec | null, after: Spec | null): DiffMember[] {
  const [old, now] = [before ?? {}, after ?? {}];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .map((member) => ({ member, old: shown(old[member]), new: shown(now[member]), answer: null, answered: null, contradicts: false }))
    .filter((one) => one.old !== one.new);
}

function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const isPlain = typeof value !== "object" || (Array.isArray(value) && value.every((one) => typeof one !== "object"));
  return isPlain ? textOf(value) : JSON.stringify(value, null, 2);
}
