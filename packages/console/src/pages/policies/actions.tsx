import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { policies as words } from "../../text/policies.ts";
import { Widens } from "./proofs.tsx";
import { refresh, save, startWatch } from "./queries.ts";
import type { Checked, Proof, Proved, Spec, Widening } from "./queries.ts";
import { TrialFound, useTrial } from "./trial.tsx";

/** What the register would refuse to publish: asked here too, so that nobody writes a reason for nothing. */
const stands = (proof: Proof): boolean => proof.state === "refuted" || (proof.state === "cant_tell" && proof.mustProve);

/** Try it, watch it, enforce it: in this order, each only when the text is sound. */
export function Actions({ name, spec, check, proofs, isEdited }: { name: string; spec: Spec | null; check: Checked | undefined; proofs: Proved | undefined; isEdited: boolean }) {
  const [asking, setAsking] = useState<"watch" | "save" | null>(null);
  const [days, setDays] = useState("7");
  const [saved, setSaved] = useState<{ readonly widening: Widening | null } | null>(null);
  const trial = useTrial(name);
  const isSound = spec !== null && check !== undefined && check.problems.length === 0 && check.tests.every((test) => test.passed);
  const isCarried = check !== undefined && check.systems.length > 0;
  const broken = isEdited ? (proofs?.invariants ?? []).filter(stands) : [];
  const howLong = Number(days);
  return (
    <Panel
      title={words.tryTitle}
      aside={
        <div className="row wrap">
          {trial.day === null ? (
            <Button isDisabled={!isSound || !isCarried} onPress={() => spec !== null && trial.start(spec)}>
              {words.tryIt}
            </Button>
          ) : (
            <Button onPress={trial.stop}>{words.stop}</Button>
          )}
          <Button isDisabled={!isSound || !isEdited || !isCarried} onPress={() => setAsking("watch")}>
            {words.watch}
          </Button>
          <Button look="accent" isDisabled={!isSound || !isEdited || broken.length > 0} aria-describedby={broken.length > 0 ? "cannot-save" : undefined} onPress={() => setAsking("save")}>
            {words.save}
          </Button>
        </div>
      }
    >
      <div className="panel-body stack" aria-busy={trial.day !== null}>
        {broken.length > 0 && <CannotSave broken={broken} own={name} />}
        {saved !== null && !isEdited && (
          <div role="status" className="stack tight">
            <p>
              <Status mark="allow">{words.saved}</Status>
            </p>
            {saved.widening !== null && <Widens widening={saved.widening} />}
          </div>
        )}
        <TrialFound trial={trial} spec={spec} otherwise={check?.systems.length === 0 ? words.saveEffect(0) : words.lead} />
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
          setSaved(await save(name, spec!, reason));
          await refresh();
        }}
      />
    </Panel>
  );
}

/** Which invariants stand in the way, where each is written, and the two ways on. */
function CannotSave({ broken, own }: { broken: readonly Proof[]; own: string }) {
  return (
    <div className="stack tight" id="cannot-save" role="status">
      <p>
        <Status mark="deny">{words.cannotSave(broken.length)}</Status>
      </p>
      <ul className="tight">
        {broken.map((proof) => (
          <li key={`${proof.policy ?? ""} ${proof.id}`}>
            <code>{proof.id}</code>
            {proof.policy !== null && proof.policy !== own && (
              <>
                {" "}
                {words.inPolicy} <Link to="/policies/$name" params={{ name: proof.policy }}>{proof.policy}</Link>
              </>
            )}
            {(proof.because ?? proof.reason) !== null && <span className="muted">: {proof.because ?? proof.reason}</span>}
          </li>
        ))}
      </ul>
      <p>{words.wayOn}</p>
    </div>
  );
}
