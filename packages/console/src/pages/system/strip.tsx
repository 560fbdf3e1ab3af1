import type { SystemView } from "../../api-types.ts";
import { DataClass, Owner, Status } from "../../components/status.tsx";
import { t } from "../../text.ts";

export function Strip({ system }: { system: SystemView }) {
  const { boundary } = system;
  return (
    <dl className="strip">
      <div>
        <dt>{t.system.business}</dt>
        <dd>
          <Owner email={system.owners?.business} />
        </dd>
      </div>
      <div>
        <dt>{t.system.technical}</dt>
        <dd>
          <Owner email={system.owners?.technical} />
        </dd>
      </div>
      <div>
        <dt>{t.system.tier}</dt>
        <dd>
          <b>{t.tier[system.tier]}</b>
          {(system.tierReasons ?? []).map((reason) => (
            <span key={reason.rule} className="muted small block">{`${reason.rule}: ${reason.text}`}</span>
          ))}
        </dd>
      </div>
      <div>
        <dt>{t.system.boundary}</dt>
        <dd>
          {boundary?.sensitivity === undefined ? (
            <Status mark="unknown">{t.system.boundaryNone}</Status>
          ) : (
            <>
              <b>
                <DataClass value={boundary.sensitivity} />
                {(boundary.regions ?? []).length > 0 && `, ${(boundary.regions ?? []).join(", ")}`}
              </b>
              <span className="muted small block">
                {[
                  (boundary.classes ?? []).join(", "),
                  boundary.training === undefined ? "" : (t.system.training[boundary.training] ?? ""),
                ]
                  .filter((part) => part !== "")
                  .join("; ")}
              </span>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{t.system.legal}</dt>
        <dd>
          {system.legalClass ? (
            <>
              <b>{system.legalClass.title}</b>
              <span className="muted small block">{system.legalClass.article}</span>
            </>
          ) : (
            <Status mark="unknown">{t.system.legalUnknown}</Status>
          )}
        </dd>
      </div>
    </dl>
  );
}
