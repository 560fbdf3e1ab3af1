import { useState } from "react";
import type { Mark } from "../../api-types.ts";
import { nameOf, Status } from "../../components/status.tsx";
import { Button } from "../../components/ui.tsx";
import { date } from "../../format.ts";
import { roleName } from "../../text/people.ts";
import { promotion as words } from "../../text/promotion.ts";
import { AskForException } from "../exceptions/request.tsx";
import type { Gate } from "./queries.ts";

const marks: Readonly<Record<Gate["state"], Mark>> = {
  met: "allow",
  not_met: "deny",
  waived: "person",
  cant_tell: "unknown",
};
const order: readonly Gate["state"][] = ["not_met", "cant_tell", "waived", "met"];

/** What hinders first; what is met last. */
export function GateList({ system, gates }: { system: string; gates: readonly Gate[] }) {
  const [asking, setAsking] = useState<Gate | null>(null);
  return (
    <>
      <ul className="needs plain" aria-label={words.gates}>
        {gates
          .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
          .map((gate) => (
            <li key={gate.id} className="gate">
              <Status mark={marks[gate.state]}>{words.states[gate.state]}</Status>
              <div className="grow">
                <p>
                  <b>{gate.title}</b> <code className="muted">{gate.id}</code>
                </p>
                <p className="small muted">
                  {gate.detail}{" "}
                  {gate.state === "not_met" &&
                    `${words.whoFixes(gate.who.email === null ? words.holderOf(roleName(gate.who.role)) : nameOf(gate.who.email))} ${gate.fix.text}`}
                  {gate.waiver !== null &&
                    `${words.waivedBy(gate.waiver.by.map(nameOf).join(", "), date(gate.waiver.until))} ${words.instead(gate.waiver.compensating)}`}
                </p>
              </div>
              {gate.state === "not_met" ? (
                <span className="row tight">
                  <a className="button" href={gate.fix.page} aria-label={`${words.fix}: ${gate.title}`}>
                    {words.fix}
                  </a>
                  <Button look="quiet" aria-label={`${words.ask}: ${gate.title}`} onPress={() => setAsking(gate)}>
                    {words.ask}
                  </Button>
                </span>
              ) : (
                gate.evidence !== null && (
                  <a
                    className="small gate-evidence"
                    href={gate.evidence}
                    aria-label={`${words.evidence}: ${gate.title}`}
                  >
                    {words.evidence}
                  </a>
                )
              )}
            </li>
          ))}
      </ul>
      {asking !== null && (
        <AskForException wanted={{ system, kind: "gate", id: asking.id }} onClose={() => setAsking(null)} />
      )}
    </>
  );
}
