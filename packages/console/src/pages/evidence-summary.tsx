import { Link } from "@tanstack/react-router";
import type { EvidenceSummary } from "../api-types.ts";
import { Status } from "../components/status.tsx";
import { Facts, Panel, Time } from "../components/ui.tsx";
import { count, relative, shortHash } from "../format.ts";
import { t } from "../text.ts";

export function Verified({ evidence, chip = false }: { evidence: EvidenceSummary | undefined; chip?: boolean }) {
  if (evidence === undefined || evidence.checkedAt === null)
    return (
      <Status mark="unknown" chip={chip}>
        {t.evidence.notVerified}
      </Status>
    );
  if (evidence.problems.length > 0)
    return (
      <Status mark="deny" chip={chip}>
        {t.evidence.problems(evidence.problems.length)}
      </Status>
    );
  return (
    <Status mark="allow" chip={chip}>
      {t.evidence.verified(relative(evidence.checkedAt))}
    </Status>
  );
}

export function EvidenceSummaryPanel({ evidence }: { evidence: EvidenceSummary }) {
  return (
    <Panel title={t.system.evidenceTitle}>
      <div className="panel-body">
        <p>
          <Verified evidence={evidence} />
        </p>
        <Facts
          className="facts-wide"
          rows={[
            [
              t.system.entries,
              <span key="e" className="mono">
                {count(evidence.entries)}
              </span>,
            ],
            [
              t.system.checkpoints,
              <span key="c" className="mono">
                {count(evidence.checkpoints)}
              </span>,
            ],
            [t.system.head, evidence.root === null ? t.cantTell : <code key="h">{shortHash(evidence.root)}</code>],
            [t.system.checked, evidence.checkedAt === null ? t.never : <Time key="t" at={evidence.checkedAt} />],
            [t.system.heldBy, t.system.trust[evidence.trust] ?? evidence.trust],
          ]}
        />
        <p className="muted small">
          {t.system.dontTake}
          <Link to="/check">{t.system.check}</Link>
        </p>
      </div>
    </Panel>
  );
}
