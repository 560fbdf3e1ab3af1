import { useQuery } from "@tanstack/react-query";
import { findings } from "../api.ts";
import type { FindingRow } from "../api-types.ts";
import { Empty, Loaded } from "../components/states.tsx";
import { Glyph, Owner } from "../components/status.tsx";
import { Command, LiveDot, PageHead, Panel, SystemLink, Time } from "../components/ui.tsx";
import { t } from "../text.ts";

export function FindingsPage() {
  const query = useQuery(findings());
  return (
    <>
      <PageHead title={t.findings.title}>
        <LiveDot />
      </PageHead>
      <Loaded query={query} what={t.findings.title}>
        {(data) => {
          if (data.items.length === 0)
            return (
              <Panel title={t.findings.emptyTitle}>
                <Empty title={t.findings.empty} />
              </Panel>
            );
          const causes = Map.groupBy(data.items, (item) => item.cause ?? t.findings.other);
          return (
            <div className="stack">
              <p className="sentence-small">{t.findings.open(data.items.length)}</p>
              {[...causes].map(([cause, items]) => (
                <Panel key={cause} title={cause} aside={<span className="bubble">{items.length}</span>}>
                  <ul className="needs">
                    {items.map((item) => (
                      <Finding key={item.id} item={item} />
                    ))}
                  </ul>
                </Panel>
              ))}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

function Finding({ item }: { item: FindingRow }) {
  return (
    <li>
      <Glyph mark="deny" />
      <div className="grow">
        <b>{item.title}</b>
        {item.detail !== undefined && <p className="muted small">{item.detail}</p>}
        {item.fix && (
          <p className="small">
            {item.fix.text} {item.fix.command !== undefined && <Command>{item.fix.command}</Command>}
          </p>
        )}
        <p className="row wrap small">
          <Owner email={item.owner} />
          {item.system && <SystemLink name={item.system} />}
          {item.openedAt !== undefined && (
            <span className="muted">
              {t.findings.opened} <Time at={item.openedAt} />
            </span>
          )}
          {item.due && (
            <span className="muted">
              {t.findings.due} <Time at={item.due} />
            </span>
          )}
        </p>
      </div>
    </li>
  );
}
