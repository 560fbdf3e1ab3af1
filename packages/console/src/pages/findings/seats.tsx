import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api.ts";
import { Glyph } from "../../components/status.tsx";
import { Panel, SystemLink, Time } from "../../components/ui.tsx";
import { findings as words } from "../../text/findings.ts";

export interface OwnerVacancy {
  readonly system: string;
  readonly seat: string;
  readonly email: string;
  readonly why: "left" | "away";
  readonly due: string | null;
  readonly successor: string | null;
  readonly approval: string | null;
}

const vacancies = queryOptions({
  queryKey: ["findings", "vacancies"],
  queryFn: async ({ signal }) =>
    (
      await client.request<{ items: readonly OwnerVacancy[] }>("GET", "/api/v1/owner-vacancies", undefined, {
        signal,
      })
    ).items,
});

/** One list for each person who left or is away, however many systems they own. Nothing to show: nothing shown. */
export function Seats() {
  const items = useQuery(vacancies).data ?? [];
  if (items.length === 0) return null;
  return (
    <Panel title={words.seats} aside={<span className="bubble">{items.length}</span>}>
      {[...Map.groupBy(items, (one) => one.email)].map(([email, of]) => (
        <div key={email} className="panel-body">
          <p className="strong">
            {words.seatsLead(email, of.length)}, {of[0]!.why === "left" ? words.left : words.away}
          </p>
          <ul className="needs">
            {of.map((one) => (
              <li key={`${one.system} ${one.seat}`}>
                <Glyph mark="hold" />
                <div className="grow">
                  <span className="row wrap">
                    <SystemLink name={one.system} /> <span>{words.seat(one.seat)}</span>
                    {one.due === null ? (
                      <span className="muted">{words.backBefore}</span>
                    ) : (
                      <span className="muted">
                        {words.suspends} <Time at={one.due} />
                      </span>
                    )}
                    {one.successor !== null && one.approval !== null && (
                      <Link to="/approve/$id" params={{ id: one.approval }}>
                        {words.asked(one.successor)}
                      </Link>
                    )}
                  </span>
                </div>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Panel>
  );
}
