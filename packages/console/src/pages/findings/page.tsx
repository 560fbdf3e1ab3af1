import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { findings, session } from "../../api.ts";
import type { FindingRow } from "../../api-types.ts";
import { Choice } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Glyph, Owner } from "../../components/status.tsx";
import { Button, Command, LiveDot, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { findings as words } from "../../text/findings.ts";
import { Act } from "./act.tsx";
import type { Asked, Verb } from "./act.tsx";
import { Seats } from "./seats.tsx";

/** What is wrong, grouped by its cause, with who fixes it and by when. Views live in the address. */
export function FindingsPage() {
  const search = useSearch({ from: "/shell/findings" });
  const navigate = useNavigate();
  const me = useQuery(session).data?.person.email;
  const query = useQuery(findings({ ...search, state: search.state ?? "open" }));
  const [asked, setAsked] = useState<Asked | null>(null);
  const to = (next: Partial<typeof search>): void =>
    void navigate({
      to: "/findings",
      search: Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, value]) => value !== "")),
    });
  const filtered = Object.keys(search).length > 0;
  return (
    <>
      <PageHead title={words.title}>
        <LiveDot />
      </PageHead>
      <div className="filters bottom">
        <Choice
          label={words.state}
          value={search.state ?? "open"}
          options={["open", "dismissed", "excepted", "closed"].map((state) => [state, words.states[state]!] as const)}
          onChange={(state) => to({ state: state === "open" ? "" : state })}
        />
        <Choice
          label={words.owner}
          value={search.owner ?? ""}
          options={[["", words.anyone] as const, ...(me === undefined ? [] : [[me, words.mine] as const])]}
          onChange={(owner) => to({ owner })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={search.overdue === "true"}
            onChange={(event) => to({ overdue: event.target.checked ? "true" : "" })}
          />{" "}
          {words.onlyOverdue}
        </label>
        {filtered && <Button onPress={() => void navigate({ to: "/findings", search: {} })}>{t.states.clear}</Button>}
      </div>
      <Seats />
      <Loaded query={query} what={words.title}>
        {(data) => {
          if (data.items.length === 0)
            return (
              <Panel title={filtered ? words.title : words.emptyTitle}>
                <Empty title={filtered ? words.noneLeft : words.empty} />
              </Panel>
            );
          const causes = Map.groupBy(data.items, (item) => item.causeTitle ?? item.cause ?? words.other);
          const late = data.items.filter((item) => item.overdue === true).length;
          return (
            <div className="stack">
              {(search.state ?? "open") === "open" && (
                <p className="sentence-small">
                  {words.open(data.items.length)}
                  {late > 0 && `, ${words.late(late)}`}.
                </p>
              )}
              {[...causes].map(([cause, items]) => (
                <Cause key={cause} title={cause} items={items} act={(item, verb) => setAsked({ item, verb })} />
              ))}
            </div>
          );
        }}
      </Loaded>
      {asked !== null && <Act asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

/** A cause can have thousands, which would take seconds to draw and nobody reads at once. */
const drawnAtOnce = 25;

function Cause({ title, items, act }: { title: string; items: readonly FindingRow[]; act: (item: FindingRow, verb: Verb) => void }) {
  const [drawn, setDrawn] = useState(drawnAtOnce);
  return (
    <Panel title={title} aside={<span className="bubble">{items.length}</span>}>
      <ul className="needs">
        {items.slice(0, drawn).map((item) => (
          <Finding key={item.id} item={item} act={(verb) => act(item, verb)} />
        ))}
      </ul>
      {items.length > drawn && (
        <p className="panel-body">
          <Button onPress={() => setDrawn(drawn + 4 * drawnAtOnce)}>{words.more(items.length - drawn)}</Button>
        </p>
      )}
    </Panel>
  );
}

const verbs: readonly Verb[] = ["assign", "close", "dismiss"];

function Finding({ item, act }: { item: FindingRow; act: (verb: Verb) => void }) {
  return (
    <li>
      <Glyph mark={item.state === "open" ? "deny" : item.state === "closed" ? "allow" : "hold"} />
      <div className="grow">
        <b>{item.title}</b>
        {item.detail !== undefined && <p className="muted small">{item.detail}</p>}
        {item.fix && item.state === "open" && (
          <p className="small">
            {item.fix.url === undefined ? item.fix.text : <a href={item.fix.url}>{item.fix.text}</a>}{" "}
            {item.fix.command !== undefined && <Command>{item.fix.command}</Command>}
          </p>
        )}
        {item.dismissed && (
          <p className="small">
            {words.dismissedUntil(item.dismissed.by, item.dismissed.reason)} <Time at={item.dismissed.until} />
          </p>
        )}
        {item.excepted && (
          <p className="small">
            {words.exceptedBy(item.excepted.by.join(", "), item.excepted.compensating)} <Time at={item.excepted.until} />
          </p>
        )}
        {item.closed && <p className="small">{words.closedBy(item.closed.by, item.closed.how)}</p>}
        <p className="row wrap small">
          <span className="chip">{words.severities[item.severity ?? "medium"]}</span>
          <Owner email={item.owner} />
          {item.system && <SystemLink name={item.system} />}
          {item.openedAt !== undefined && (
            <span className="muted">
              {words.opened} <Time at={item.openedAt} />
            </span>
          )}
          {item.due && item.state === "open" && (
            <span className={item.overdue ? "problem" : "muted"}>
              {item.overdue ? words.overdue : words.due} <Time at={item.due} />
            </span>
          )}
        </p>
        {item.state !== "closed" && (
          <p className="row wrap tight">
            {verbs.map((verb) => (
              <Button key={verb} aria-label={`${words[verb]}: ${item.title}`} onPress={() => act(verb)}>
                {words[verb]}
              </Button>
            ))}
          </p>
        )}
      </div>
    </li>
  );
}
