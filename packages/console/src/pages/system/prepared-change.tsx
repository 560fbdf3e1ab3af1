import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { client, queries } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { TextInput } from "../../components/dialog.tsx";
import { LineDiff } from "../../components/line-diff.tsx";
import { Failed, Loading } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, CopyButton } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { proposals as words } from "../../text/proposals.ts";
import { Effect } from "../objects/edit.tsx";
import { objectHistory } from "../objects/queries.ts";
import type { ShownChange } from "../objects/queries.ts";
import { Flips } from "../policies/flips.tsx";
import type { Replayed } from "../policies/queries.ts";
import { patchOf, prepared } from "./prepared.ts";

interface Props {
  readonly system: SystemView;
  readonly verb: "grant" | "cut";
  /** `kind:name` */
  readonly reference: string;
  readonly onClose: () => void;
}

/** One edge more or less: what would have become of last week's calls, what it re-opens, the change itself. Nothing acts by itself. */
export function PreparedChange({ system, verb, reference, onClose }: Props) {
  const [kind, name] = [reference.slice(0, reference.indexOf(":")), reference.slice(reference.indexOf(":") + 1)];
  const change = useMemo(() => prepared(system.manifest ?? "", verb, reference), [system.manifest, verb, reference]);
  const history = useQuery(objectHistory("systems", system.name));
  const commit = history.data?.items[0]?.commit ?? null;
  return (
    <div className="stack">
      <p className="strong">{verb === "grant" ? words.grantTitle(kind, name, system.title) : words.cutTitle(kind, name, system.title)}</p>
      <p>{verb === "grant" ? words.nothingYet : words.nothingYetCut}</p>
      <Tried system={system.name} verb={verb} reference={reference} />
      {change.state === "already" && <p role="status">{words.already(name)}</p>}
      {change.state === "elsewhere" && <p role="status">{words.elsewhere(name)}</p>}
      {change.state === "ready" && (
        <>
          <h3>{words.change}</h3>
          <LineDiff before={change.before} after={change.after} />
          {history.data === undefined ? (
            history.error === null ? <Loading rows={2} /> : <Failed error={history.error} what={words.change} />
          ) : commit === null ? (
            <Submit system={system.name} verb={verb} document={change.document} onClose={onClose} />
          ) : (
            <>
              <p>{words.git(commit.slice(0, 12))}</p>
              <p>
                <CopyButton value={patchOf(`${system.name}.yaml`, change.before, change.after)} label={words.patch} />
              </p>
            </>
          )}
        </>
      )}
      {(change.state !== "ready" || commit !== null) && (
        <div className="row end">
          <Button onPress={onClose}>{t.find.close}</Button>
        </div>
      )}
    </div>
  );
}

function Tried({ system, verb, reference }: { system: string; verb: "grant" | "cut"; reference: string }) {
  const query = useQuery({
    queryKey: ["reach-trial", system, verb, reference],
    retry: false,
    staleTime: 60_000,
    queryFn: ({ signal }) => client.request<Replayed>("POST", `/api/v1/systems/${encodeURIComponent(system)}/reach/trial`, { [verb]: reference }, { signal, timeoutMs: 0 }),
  });
  const found = query.data;
  const meant = found === undefined ? 0 : verb === "grant" ? found.looser : found.stricter;
  return (
    <section className="stack tight" aria-label={words.tried}>
      <h3>{words.tried}</h3>
      {query.error !== null && <Failed error={query.error} what={words.tried} />}
      {found === undefined ? (
        query.error === null && <p role="status" className="muted">{words.trying}</p>
      ) : (
        <>
          <p role="status">
            <Status mark={markOfTrial(verb, meant, found.differences)}>{verb === "grant" ? words.pass(meant, found.differences) : words.stop(meant)}</Status>
          </p>
          {meant > 0 && found.differences > meant && <p>{words.also(found.differences - meant)}</p>}
          <p className="muted small">{words.known(found.replayable, found.total)}</p>
          {found.shown.length > 0 && <Flips label={words.tried} rows={found.shown.slice(0, 100)} />}
        </>
      )}
    </section>
  );
}

/** A grant that frees no call, while others refuse it as well, is no way out. */
function markOfTrial(verb: "grant" | "cut", meant: number, differences: number): "allow" | "deny" | "unknown" {
  if (verb === "cut") return meant === 0 ? "allow" : "deny";
  if (meant > 0) return "allow";
  return differences > 0 ? "deny" : "unknown";
}

/** What it re-opens is said before a reason is asked for. */
function Submit({ system, verb, document, onClose }: { system: string; verb: "grant" | "cut"; document: unknown; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const plan = useQuery({ queryKey: ["prepared", system, JSON.stringify(document)], retry: false, queryFn: ({ signal }) => client.request<{ changes: readonly ShownChange[] }>("POST", "/api/v1/apply?dryRun=true", document, { signal }) });
  const submitting = useMutation({
    mutationFn: async () => {
      await client.request("POST", `/api/v1/apply?reason=${encodeURIComponent(reason.trim())}`, document);
    },
  });
  if (submitting.isSuccess)
    return (
      <>
        <p role="status">
          <Status mark="allow">{words.submitted}</Status>
        </p>
        <div className="row end wrap">
          <Link className="button" to="/reassessments">
            {words.cases}
          </Link>
          <Button onPress={() => void queries.invalidateQueries().then(onClose)}>{t.find.close}</Button>
        </div>
      </>
    );
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim() !== "" && plan.data !== undefined) submitting.mutate();
      }}
    >
      <h3>{words.consequence}</h3>
      {plan.error !== null && <Failed error={plan.error} what={words.consequence} />}
      {plan.data === undefined ? plan.error === null && <p role="status" className="muted">{words.asking}</p> : <Effect changes={plan.data.changes} />}
      {plan.data !== undefined && <TextInput label={t.action.reason} help={t.action.why} value={reason} onChange={setReason} />}
      {submitting.error !== null && <Failed error={submitting.error} what={words.submit} />}
      <div className="row end wrap">
        <Button onPress={onClose}>{t.action.cancel}</Button>
        <Button type="submit" look="accent" isDisabled={reason.trim() === "" || plan.data === undefined || submitting.isPending}>
          {verb === "grant" ? words.submit : words.submitCut}
        </Button>
      </div>
    </form>
  );
}
