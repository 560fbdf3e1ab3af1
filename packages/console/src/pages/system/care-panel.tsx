import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { Status } from "../../components/status.tsx";
import { Panel, Time } from "../../components/ui.tsx";
import { care as words } from "../../text/care.ts";

interface Visibility {
  readonly minimum: string;
  readonly models: readonly { readonly model: string; readonly visibility: string; readonly below: boolean }[];
  readonly capture: string;
  readonly gap: { readonly models: readonly string[]; readonly accepted: { readonly by: string; readonly ends: string } | null } | null;
}

const visibility = (name: string) =>
  queryOptions({
    queryKey: ["systems", "visibility", name],
    queryFn: ({ signal }) =>
      client.request<Visibility>("GET", `/api/v1/systems/${encodeURIComponent(name)}/visibility`, undefined, { signal }),
  });

/** What vendors let us see of its models, against what its tier needs, and seats that are vacant. */
export function CarePanel({ system }: { system: SystemView }) {
  const seen = useQuery(visibility(system.name)).data;
  const vacancies = system.vacancies ?? [];
  return (
    <Panel
      title={words.title}
      aside={
        <Link to="/incidents" search={{ system: system.name }}>
          {words.incident}
        </Link>
      }
    >
      <ul className="needs">
        {vacancies.map((one) => (
          <li key={one.seat}>
            <Status mark="deny">{words.vacant(one.seat, one.email)}</Status>
          </li>
        ))}
        {vacancies.length > 0 && system.ownerVacantDue && (
          <li className="muted">
            {words.suspends} <Time at={system.ownerVacantDue} />
          </li>
        )}
        {(seen?.models ?? []).map((one) => (
          <li key={one.model}>
            <Status mark={one.below ? "deny" : "allow"}>{words.shows(one.model, one.visibility, seen?.minimum ?? "")}</Status>
          </li>
        ))}
        {seen?.gap != null && (
          <li>
            <Status mark={seen.gap.accepted === null ? "deny" : "person"}>
              {seen.gap.accepted === null ? words.notAccepted : words.accepted(seen.gap.accepted.by, seen.gap.accepted.ends.slice(0, 10))}
            </Status>
          </li>
        )}
        <li className="muted small">{words.capture(seen?.capture ?? "")}</li>
      </ul>
    </Panel>
  );
}
