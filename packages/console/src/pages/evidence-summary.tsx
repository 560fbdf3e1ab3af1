import { Link } from "@tanstack/react-router";
import type { EvidenceSummary } from "../api-types.ts";
import { Status } from "../components/status.tsx";
import { Facts, Panel, Time } from "../components/ui.tsx";
import { count, relative, shortHash } from "../format.ts";
import { t } from "../text.ts";
import { evidence as evidenceWords } from "../text/evidence.ts";
import { system as systemWords } from "../text/system.ts";

export function Verified({ evidence, chip = false }: { evidence: EvidenceSummary | undefined; chip?: boolean }) {
  if (evidence === undefined || evidence.checkedAt === null)
    return (
      <Status mark="unknown" chip={chip}>
        {evidenceWords.notVerified}
      </Status>
    );
  if (evidence.problems.length > 0)
    return (
      <Status mark="deny" chip={chip}>
        {evidenceWords.problems(evidence.problems.length)}
      </Status>
    );
  return (
    <Status mark="allow" chip={chip}>
      {evidenceWords.verified(relative(evidence.checkedAt))}
    </Status>
  );
}

export function EvidenceSummaryPanel({ evidence }: { evidence: EvidenceSummary }) {
  return (
    <Panel title={systemWords.evidenceTitle}>
      <div className="panel-body">
        <p>
          <Verified evidence={evidence} />
        </p>
        <Facts
          className="facts-wide"
          rows={[
            [
              systemWords.entries,
              <span key="e" className="mono">
                {count(evidence.entries)}
              </span>,
            ],
            [
              systemWords.checkpoints,
              <span key="c" className="mono">
                {count(evidence.checkpoints)}
              </span>,
            ],
            [systemWords.head, evidence.root === null ? t.cantTell : <code key="h">{shortHash(evidence.root)}</code>],
            [systemWords.checked, evidence.checkedAt === null ? t.never : <Time key="t" at={evidence.checkedAt} />],
            [systemWords.heldBy, systemWords.trust[evidence.trust] ?? evidence.trust],
            [systemWords.unanchored, count(evidence.unanchored)],
          ]}
        />
        <p className="muted small">
          {systemWords.dontTake}
          <Link to="/check">{systemWords.check}</Link>
        </p>
      </div>
    </Panel>
  );
}
