import type { SystemView } from "../../api-types.ts";
import { DataClass, Owner, Status } from "../../components/status.tsx";
import { t } from "../../text.ts";
import { system as words } from "../../text/system.ts";

export function Strip({ system }: { system: SystemView }) {
  const { boundary } = system;
  return (
    <dl className="strip">
      <div>
        <dt>{words.business}</dt>
        <dd>
          <Owner email={system.owners?.business} />
        </dd>
      </div>
      <div>
        <dt>{words.technical}</dt>
        <dd>
          <Owner email={system.owners?.technical} />
        </dd>
      </div>
      <div>
        <dt>{words.tier}</dt>
        <dd>
          <b>{t.tier[system.tier]}</b>
          {/* The reason that decides; the others stand under "Why this tier". */}
          <span className="muted small block">{system.tierReasons?.[0]?.text}</span>
        </dd>
      </div>
      <div>
        <dt>{words.boundary}</dt>
        <dd>
          {boundary?.sensitivity === undefined ? (
            <Status mark="unknown">{words.boundaryNone}</Status>
          ) : (
            <>
              <b>
                <DataClass value={boundary.sensitivity} />
                {(boundary.regions ?? []).length > 0 && `, ${(boundary.regions ?? []).join(", ")}`}
              </b>
              <span className="muted small block">
                {[
                  (boundary.classes ?? []).join(", "),
                  boundary.training === undefined ? "" : (words.training[boundary.training] ?? ""),
                ]
                  .filter((part) => part !== "")
                  .join("; ")}
              </span>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{words.legal}</dt>
        <dd>
          {system.legalClass ? (
            <>
              <b>{system.legalClass.title}</b>
              <span className="muted small block">{system.legalClass.article}</span>
            </>
          ) : (
            <Status mark="unknown">{words.legalUnknown}</Status>
          )}
        </dd>
      </div>
    </dl>
  );
}
