import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useState } from "react";
import { inventory } from "../../api.ts";
import { LineDiff } from "../../components/line-diff.tsx";
import { Loaded, Loading } from "../../components/states.tsx";
import { PageHead, Panel } from "../../components/ui.tsx";
import { policies as words } from "../../text/policies.ts";
import { explanation } from "../../components/explanation.ts";
import { proposals as proposalWords } from "../../text/proposals.ts";
import { Actions } from "./actions.tsx";
import { Findings } from "./findings.tsx";
import { marksOf, readPolicy, textOf } from "./policy-text.ts";
import { Proofs } from "./proofs.tsx";
import { checked, policyList, proved } from "./queries.ts";
import type { PolicyObject } from "./queries.ts";
import { Versions } from "./versions.tsx";
import { Watches } from "./watches.tsx";

const PolicyEditor = lazy(async () => ({ default: (await import("./editor.tsx")).PolicyEditor }));

const begun = `rules:
  - id: small-amounts
    on: "tool:"
    denyUnless: context.input.amount <= 100
    because: Larger amounts are decided by people.
tests: []
`;

/** One policy: its text, what is wrong with it, what it would change, who changed it. */
export function PolicyPage() {
  const { name } = useParams({ from: "/shell/policies/$name" });
  const query = useQuery(policyList);
  const search = useSearch({ from: "/shell/policies/$name" });
  // The call that was stopped: what its rule waits for is said, at its line, for a person to change, to try and to save.
  const explained = useQuery({ ...explanation(search.for ?? ""), enabled: search.for !== undefined });
  const stopped = explained.data?.questions.flatMap((one) => one.rules).find((one) => one.id === search.rule && one.policy === name);
  return (
    <>
      <PageHead title={name} crumbs={<Link to="/policies">{words.title}</Link>} />
      <Loaded query={query} what={words.one} rows={6}>
        {({ items }) => {
          if (explained.isLoading) return <Loading rows={8} />;
          return <Policy key={name} name={name} stored={items.find((one) => one.name === name)} asked={search.for === undefined ? undefined : { call: search.for, needs: stopped?.passes.map((one) => one.needs) ?? [] }} />;
        }}
      </Loaded>
    </>
  );
}

/** Waits until nobody has typed for a moment: a check asks the server. */
function useSettled<T>(value: T, afterMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}

/** @param asked the stopped call that led here, and what its rule would have to find */
function Policy({ name, stored, asked }: { name: string; stored: PolicyObject | undefined; asked: { readonly call: string; readonly needs: readonly string[] } | undefined }) {
  const original = useMemo(() => (stored === undefined ? begun : textOf(stored.spec)), [stored]);
  const [text, setText] = useState(original);
  // A version saved here or elsewhere is shown, unless somebody has begun to edit.
  const [from, setFrom] = useState(original);
  const [shown, setShown] = useState(original);
  if (from !== original) {
    setFrom(original);
    if (text === from) {
      setText(original);
      setShown(original);
    }
  }
  const settled = useSettled(useDeferredValue(text), 300);
  const read = useMemo(() => readPolicy(settled), [settled]);
  const check = useQuery(checked(name, settled, read.spec));
  const found = check.isPlaceholderData || read.spec === null ? undefined : check.data;
  const isSound = found !== undefined && found.problems.length === 0;
  const proofs = useQuery(proved(name, settled, read.spec, isSound));
  const marks = useMemo(() => marksOf(read, found), [read, found]);
  const vocabulary = useVocabulary();
  const spec = settled === text ? read.spec : null;
  const { rule } = useSearch({ from: "/shell/policies/$name" });
  const spot = useMemo(() => (rule === undefined ? undefined : readPolicy(shown).lineOfRule.get(rule)), [rule, shown]);
  return (
    <>
      <Panel title={words.editor} aside={<span className="muted small">{text === original && stored !== undefined ? words.unchanged : words.edited}</span>}>
        <Suspense fallback={<Loading rows={8} />}>
          <PolicyEditor key={shown} label={words.editorLabel(name)} initial={shown} marks={marks} words={vocabulary} spot={spot} onChange={setText} />
        </Suspense>
        <div className="panel-body stack">
          {rule !== undefined && <p role="status">{spot === undefined ? words.notHere(rule) : words.atLine(rule, spot)}</p>}
          {asked !== undefined && (
            <p role="status">
              {asked.needs.length === 0 ? proposalWords.nothingPasses : proposalWords.needs}{" "}
              {asked.needs.map((term) => (
                <code key={term} className="block">
                  {term}
                </code>
              ))}
              {asked.needs.length > 0 && proposalWords.contentStays}{" "}
              <Link to="/evidence/$id" params={{ id: asked.call }}>
                {proposalWords.entry}
              </Link>
            </p>
          )}
          <Findings read={read} check={found} error={read.spec === null ? null : check.error} waiting={spec === null || check.isFetching} />
          {isSound && <Proofs found={proofs.data} error={proofs.error} waiting={proofs.isFetching} />}
          {stored !== undefined && settled !== original && (
            <details open>
              <summary>{words.changes}</summary>
              <LineDiff before={original} after={settled} />
            </details>
          )}
          <p className="muted small">{words.keys}</p>
        </div>
      </Panel>
      <Actions name={name} spec={spec} check={found} proofs={proofs.isPlaceholderData ? undefined : proofs.data} isEdited={text !== original || stored === undefined} />
      <Watches name={name} />
      {stored !== undefined && <Versions name={name} />}
    </>
  );
}

/** What can be named: from the register, so that a rule about something that isn't there isn't written. */
function useVocabulary() {
  const tools = useQuery(inventory("tools")).data;
  const models = useQuery(inventory("models")).data;
  const destinations = useQuery(inventory("destinations")).data;
  return useMemo(() => {
    const named = (kind: string, rows: typeof tools): string[] => (rows?.items ?? []).map((row) => `${kind}:${row.name}`);
    const inputs = (tools?.items ?? []).flatMap((row) => {
      const { critical, input } = (row.spec ?? {}) as { critical?: readonly { arg?: string }[]; input?: { properties?: Record<string, unknown> } };
      return [...Object.keys(input?.properties ?? {}), ...(critical ?? []).flatMap((one) => (one.arg === undefined ? [] : [one.arg]))];
    });
    return {
      references: [...named("tool", tools), ...named("model", models), ...named("destination", destinations)],
      attributes: [...new Set(inputs)].toSorted().map((one) => `context.input.${one}`).concat(["context.session.sub", "context.purpose"]),
    };
  }, [tools, models, destinations]);
}
