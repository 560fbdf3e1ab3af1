import type { ChangedTier, TierReason } from "@mandate/sdk";
import { intake as words } from "../../text/intake.ts";

export function Reasons({ reasons, flags }: { reasons: readonly TierReason[]; flags: ChangedTier["flags"] }) {
  return (
    <ul className="plain stack">
      {reasons.map((reason) => (
        <li key={`${reason.rule} ${reason.tier}`}>
          <b>{reason.tier}</b> {reason.text}
          <span className="muted small block">
            {reason.rule}: {reason.cite.join(", ")}
          </span>
        </li>
      ))}
      {flags.map((flag) => (
        <li key={flag.flag}>
          {flag.because}
          <span className="muted small block">
            {words.flags}: {flag.flag}, {flag.adds.join(", ")}
          </span>
        </li>
      ))}
    </ul>
  );
}
