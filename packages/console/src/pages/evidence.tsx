import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { overview, systems } from "../api.ts";
import { DecisionTable } from "../components/decision-table.tsx";
import { Choice } from "../components/dialog.tsx";
import { EntryPanel } from "../components/entry-panel.tsx";
import { Empty, Failed, FilteredEmpty, Loaded } from "../components/states.tsx";
import { Button, LiveDot, PageHead, Panel } from "../components/ui.tsx";
import { usePagedDecisions } from "../paged-decisions.ts";
import { t } from "../text.ts";
import { evidence as evidenceWords, check as checkWords, entry as entryWords } from "../text/evidence.ts";
import { audits as auditWords } from "../text/audits.ts";
import { content as contentWords } from "../text/content.ts";
import { overview as overviewWords } from "../text/overview.ts";
import { PackWizard } from "./evidence-pack/wizard.tsx";
import { Verified } from "./evidence-summary.tsx";

interface View {
  q?: string;
  outcome?: string;
  system?: string;
  when?: string;
}
const spans: Record<string, number> = { "24h": 86_400_000, "7d": 604_800_000 };

export function EvidencePage() {
  const params = useParams({ strict: false });
  const search: View = useSearch({ strict: false });
  const navigate = useNavigate();
  const [typed, setTyped] = useState(search.q ?? "");
  const [packing, setPacking] = useState(false);
  const id = params.id;
  const set = (change: View): void => {
    const next = Object.fromEntries(
      Object.entries({ ...search, ...change }).filter(([, value]) => value !== "" && value !== undefined),
    );
    void (id === undefined
      ? navigate({ to: "/evidence", search: next, replace: true })
      : navigate({ to: "/evidence/$id", params: { id }, search: next, replace: true }));
  };
  useEffect(() => {
    if (typed === (search.q ?? "")) return;
    const timer = setTimeout(() => set({ q: typed }), 250);
    return () => clearTimeout(timer);
  });
  // The start of the span moves by whole minutes, so that its query is asked once a minute at most.
  const minute = Math.floor(Date.now() / 60_000);
  const since = useMemo(
    () =>
      search.when === undefined || spans[search.when] === undefined
        ? undefined
        : new Date(minute * 60_000 - (spans[search.when] ?? 0)).toISOString(),
    [search.when, minute],
  );
  const filter = { q: search.q, outcome: search.outcome, system: search.system, since };
  const { query, joined, more, failed } = usePagedDecisions(filter);
  const evidence = useQuery(overview).data?.evidence;
  const names = useQuery(systems()).data?.items ?? [];
  const filters = [
    search.q === undefined ? "" : `“${search.q}”`,
    search.outcome === undefined ? "" : (t.mark[search.outcome as "allow"] ?? search.outcome),
    search.system ?? "",
    search.when ?? "",
  ].filter((name) => name !== "");
  return (
    <>
      <PageHead title={evidenceWords.title}>
        <Verified evidence={evidence} chip />
        <Link className="button" to="/check">
          {checkWords.title}
        </Link>
        <Link className="button" to="/audits">
          {auditWords.title}
        </Link>
        <Link className="button" to="/content">
          {contentWords.title}
        </Link>
        <Button onPress={() => setPacking(true)}>{evidenceWords.pack}</Button>
      </PageHead>
      <div className="filters">
        <input
          type="search"
          aria-label={evidenceWords.q}
          placeholder={evidenceWords.q}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Choice
          hideLabel
          label={evidenceWords.when}
          value={search.when ?? ""}
          options={[
            ["", evidenceWords.any],
            ["24h", evidenceWords.last24],
            ["7d", evidenceWords.last7],
          ]}
          onChange={(when) => set({ when })}
        />
        <Choice
          hideLabel
          label={evidenceWords.decision}
          value={search.outcome ?? ""}
          options={[
            ["", evidenceWords.any],
            ["allow", t.mark.allow],
            ["hold", t.mark.hold],
            ["deny", t.mark.deny],
          ]}
          onChange={(outcome) => set({ outcome })}
        />
        <Choice
          hideLabel
          label={evidenceWords.system}
          value={search.system ?? ""}
          options={[
            ["", evidenceWords.any],
            ...(search.system !== undefined && !names.some((one) => one.name === search.system)
              ? [[search.system, search.system] as const]
              : []),
            ...names.map((one) => [one.name, one.title] as const),
          ]}
          onChange={(system) => set({ system })}
        />
      </div>
      <div className={id === undefined ? "evidence" : "evidence has-entry"}>
        <div className="evidence-list">
          <Loaded query={query} what={evidenceWords.title} rows={12}>
            {(newest) => {
              const data = joined(newest);
              const cursor = data.nextCursor;
              return data.items.length === 0 && filters.length === 0 ? (
                <Panel title={evidenceWords.emptyTitle}>
                  <Empty
                    title={evidenceWords.empty}
                    action={
                      <Link to="/register" className="button button-accent">
                        {overviewWords.register}
                      </Link>
                    }
                    sample
                  />
                </Panel>
              ) : (
                <Panel
                  title={
                    data.nextCursor === null
                      ? evidenceWords.entries(data.items.length)
                      : evidenceWords.entriesMore(data.items.length)
                  }
                  aside={<LiveDot />}
                >
                  {data.items.length === 0 ? (
                    <FilteredEmpty
                      filters={filters}
                      clear={() => {
                        setTyped("");
                        void navigate({ to: "/evidence", search: {} });
                      }}
                    />
                  ) : (
                    <>
                      <DecisionTable rows={data.items} withSystem selected={id} exportName="evidence" />
                      {cursor !== null && (
                        <p className="panel-body">
                          <Button onPress={() => void more(cursor)}>{t.table.more}</Button>
                        </p>
                      )}
                      {failed !== null && <Failed error={failed} what={t.table.older} />}
                    </>
                  )}
                </Panel>
              );
            }}
          </Loaded>
        </div>
        <div className="evidence-entry" aria-live="polite">
          {id === undefined ? (
            <p className="hint muted">{evidenceWords.select}</p>
          ) : (
            <>
              <p className="narrow-only">
                <Link to="/evidence" search={search}>
                  {entryWords.back}
                </Link>
              </p>
              <EntryPanel id={id} />
            </>
          )}
        </div>
      </div>
      {packing && <PackWizard onClose={() => setPacking(false)} system={search.system ?? ""} names={names.map((one) => [one.name, one.title] as const)} />}
    </>
  );
}
