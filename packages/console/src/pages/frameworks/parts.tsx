import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client, queries, session, systems } from "../../api.ts";
import { Choice } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { nameOf, Status } from "../../components/status.tsx";
import { Button } from "../../components/ui.tsx";
import { roleName } from "../../text/people.ts";
import { frameworks as words } from "../../text/frameworks.ts";
import type { Control, Outcome } from "./queries.ts";

export function Measured({ outcome, grade }: { outcome: Outcome; grade?: string }) {
  return (
    <span className="measured">
      <Status mark={words.marks[outcome] ?? "unknown"}>{words.outcomes[outcome] ?? outcome}</Status>
      {grade !== undefined && outcome !== "unproven" && (
        <span className="block small muted">{words.grades[grade] ?? grade}</span>
      )}
    </span>
  );
}

export function GapOwner({ of }: { of: Control["gapOwner"] }) {
  if (of === null) return null;
  return <span>{of.email === null ? words.holder(roleName(of.role).toLowerCase()) : nameOf(of.email)}</span>;
}

export function ControlLink({ id }: { id: string }) {
  return (
    <Link className="mono" to="/frameworks" search={{ control: id }}>
      {id}
    </Link>
  );
}

/** The same choices above every list of this page: they live in the address. */
export function Filters({
  system,
  show,
  onChange,
}: {
  system: string;
  show: string;
  onChange: (next: { system?: string; show?: string }) => void;
}) {
  const known = useQuery(systems());
  const names = known.data?.items.map((one) => one.name) ?? [];
  const options = [...new Set([...(system === "" ? [] : [system]), ...names])];
  return (
    <div className="filters bottom">
      <Choice
        label={words.system}
        value={system}
        options={[["", words.everySystem] as const, ...options.map((name) => [name, name] as const)]}
        onChange={(next) => onChange({ system: next })}
      />
      <Choice
        label={words.show}
        value={show}
        options={Object.entries(words.shows)}
        onChange={(next) => onChange({ show: next === "gaps" ? "" : next })}
      />
    </div>
  );
}

/** Those who may change the register may start a measurement. */
export function MeasureNow({ controls, label }: { controls: readonly string[]; label: string }) {
  const me = useQuery(session).data;
  const run = useMutation({
    mutationFn: () => client.request("POST", "/api/v1/controls/run", { controls }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["control"] }),
  });
  const roles = me?.person.roles ?? [];
  if (roles.every((role) => role === "auditor")) return null;
  return (
    <>
      <Button look="accent" isDisabled={run.isPending} onPress={() => run.mutate()}>
        {run.isPending ? words.measuring : label}
      </Button>
      {run.error !== null && <Failed error={run.error} what={words.measurement} />}
    </>
  );
}
