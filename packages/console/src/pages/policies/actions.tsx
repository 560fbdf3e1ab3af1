import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { policies as words } from "../../text/policies.ts";
import { Flips } from "./flips.tsx";
import { refresh, save, simulate, startWatch } from "./queries.ts";
import type { Checked, Simulated, Spec } from "./queries.ts";

const shownAtMost = 100;

/** Try it, watch it, enforce it: in this order, each only when the text is sound. */
export function Actions({ name, spec, check, isEdited }: { name: string; spec: Spec | null; check: Checked | undefined; isEdited: boolean }) {
  const [asking, setAsking] = useState<"watch" | "save" | null>(null);
  const [days, setDays] = useState("7");
  const [saved, setSaved] = useState(false);
  const trial = useMutation({ mutationFn: async (proposed: Spec) => ({ of: proposed, ...(await simulate(name, proposed)) }) });
  const isSound = spec !== null && check !== undefined && check.problems.length === 0 && check.tests.every((test) => test.passed);
  const howLong = Number(days);
  return (
    <Panel
      title={words.tryTitle}
      aside={
        <div className="row wrap">
          <Button isDisabled={!isSound || check.systems.length === 0 || trial.isPending} onPress={() => spec !== null && trial.mutate(spec)}>
            {words.tryIt}
          </Button>
          <Button isDisabled={!isSound || !isEdited || check.systems.length === 0} onPress={() => setAsking("watch")}>
            {words.watch}
          </Button>
          <Button look="accent" isDisabled={!isSound || !isEdited} onPress={() => setAsking("save")}>
            {words.save}
          </Button>
        </div>
      }
    >
      <div className="panel-body stack" aria-busy={trial.isPending}>
        {saved && !isEdited && (
          <p role="status">
            <Status mark="allow">{words.saved}</Status>
          </p>
        )}
        {trial.isPending ? <p role="status">{words.trying}</p> : trial.error !== null ? <Failed error={trial.error} what={words.tryIt} retry={() => spec !== null && trial.mutate(spec)} /> : trial.data === undefined ? <p className="muted">{check?.systems.length === 0 ? words.saveEffect(0) : words.lead}</p> : <Trial found={trial.data} isStale={trial.data.of !== spec && JSON.stringify(trial.data.of) !== JSON.stringify(spec)} />}
      </div>
      <ReasonDialog
        open={asking === "watch"}
        onClose={() => setAsking(null)}
        title={words.watchTitle}
        effect={words.watchEffect}
        verb={words.watch}
        fields={<TextInput label={words.days} type="number" value={days} onChange={setDays} problem={Number.isInteger(howLong) && howLong >= 1 && howLong <= 14 ? undefined : words.days} />}
        act={async (reason) => {
          await startWatch(name, spec!, howLong, reason);
          await refresh();
        }}
      />
      <ReasonDialog
        open={asking === "save"}
        onClose={() => setAsking(null)}
        title={words.saveTitle}
        effect={words.saveEffect(check?.systems.length ?? 0)}
        verb={words.save}
        act={async (reason) => {
          await save(name, spec!, reason);
          setSaved(true);
          await refresh();
        }}
      />
    </Panel>
  );
}

function Trial({ found, isStale }: { found: Simulated; isStale: boolean }) {
  if (found.result === null) return <p>{words.problems(found.problems.length)}</p>;
  const { total, replayable, differences, looser, stricter, shown } = found.result;
  return (
    <>
      <p role="status">
        <Status mark={differences === 0 ? "allow" : "hold"}>{differences === 0 ? words.noFlips : words.flips(differences)}</Status>
        {differences > 0 && `: ${words.looser(looser)}, ${words.stricter(stricter)}`}
        <span className="muted"> {words.tried(replayable, total)}</span> {isStale && <span className="strong">{words.stale}</span>}
      </p>
      {differences > 0 && <Flips label={words.flips(differences)} rows={shown.slice(0, shownAtMost)} />}
      {shown.length > shownAtMost && <p className="muted small">{words.firstShown(shownAtMost)}</p>}
    </>
  );
}
