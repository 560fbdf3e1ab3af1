import type { EvidenceEntry } from "@mandate/sdk";
import { useQuery } from "@tanstack/react-query";
import { count, shortHash } from "../format.ts";
import { proof as words } from "../text/evidence.ts";
import { Status } from "./status.tsx";
import { Command } from "./ui.tsx";
import { Loading } from "./states.tsx";
import { verifyEntry } from "./verify-entry.ts";
import type { Checked } from "./verify-entry.ts";

const pair = (hash: string): string => `${hash.slice(0, 4)} ${hash.slice(4, 8)}`;

/** The path from entry to head: the first two neighbors, then all others as one dotted climb. */
function Tree({ checked }: { checked: Checked }) {
  const shown = checked.hashes.slice(0, 2);
  const rest = checked.hashes.slice(2);
  const steps = shown.length + (rest.length > 0 ? 1 : 0);
  const x = (step: number): number => 66 + step * 40;
  const y = (step: number): number => 20 + (steps - step) * 34;
  const good = checked.included ? "path-good" : "path-bad";
  const labels = [
    ...shown.map((hash, index) => `${pair(hash)}${index === 0 ? `, ${words.neighbour}` : ""}`),
    ...(rest.length === 0
      ? []
      : [`${pair(rest.at(-1) ?? "")}${rest.length > 1 ? `, ${words.more(rest.length - 1)}` : ""}`]),
  ];
  return (
    <svg
      className="proof-tree"
      viewBox={`0 0 400 ${y(0) + 18}`}
      role="img"
      aria-label={words.summary(checked.included && checked.signed)}
    >
      {labels.map((label, step) => (
        <g key={label}>
          <path
            className={`${good} ${rest.length > 0 && step === steps - 1 ? "path-dotted" : ""}`}
            d={`M${x(step)} ${y(step)}L${x(step + 1)} ${y(step + 1)}`}
          />
          <path className="path-side" d={`M${x(step + 1)} ${y(step + 1)}L${x(step + 1) + 40} ${y(step)}`} />
          <rect className="leaf-side" x={x(step + 1) + 35} y={y(step) - 5} width="10" height="10" rx="2" />
          <text x={x(step + 1) + 52} y={y(step) + 4}>
            {label}
          </text>
        </g>
      ))}
      {Array.from({ length: steps + 1 }, (_, step) => (
        <rect key={step} className={`leaf ${good}`} x={x(step) - 6} y={y(step) - 6} width="12" height="12" rx="2" />
      ))}
      <text x={x(0) - 13} y={y(0) + 4} textAnchor="end">
        {words.entry}
      </text>
      <text x={x(steps) + 14} y={y(steps) + 4}>{`${pair(checked.root ?? "")}, ${words.head}`}</text>
    </svg>
  );
}

export function useChecked(entry: EvidenceEntry) {
  return useQuery({
    queryKey: ["proof", entry.vkey, entry.leaf, entry.checkpoint],
    staleTime: Infinity,
    placeholderData: undefined,
    queryFn: () => verifyEntry(entry),
  });
}

export function ProofTree({ entry }: { entry: EvidenceEntry }) {
  const query = useChecked(entry);
  if (query.error !== null) return <Status mark="unknown">{words.cantTell}</Status>;
  if (query.data === undefined) return <Loading rows={3} />;
  const checked = query.data;
  const good = checked.included && checked.signed && checked.headerMatches;
  return (
    <>
      <Tree checked={checked} />
      {!good && (
        <p className="notice notice-deny" role="alert">
          {checked.included ? words.notSigned : words.altered}
        </p>
      )}
      <ul className="checks">
        <li>
          <Status mark={checked.included ? "allow" : "deny"}>{words.recomputed(checked.hashes.length + 1)}</Status>
          <span className="muted small">{checked.included ? words.matches : words.differs}</span>
        </li>
        <li>
          <Status mark={checked.headerMatches ? "allow" : "deny"}>
            {checked.headerMatches ? words.headerSame : words.headerDiffers}
          </Status>
        </li>
        <li>
          <Status mark={checked.signed ? "allow" : "deny"}>
            {checked.signed ? words.signed : words.notSigned}
          </Status>
          <span className="muted small">{`${shortHash(checked.root ?? "")}, ${count(checked.size)}`}</span>
        </li>
        <li>
          <Status mark="unknown">
            {checked.witnesses > 0 ? words.witness(checked.witnesses) : words.noWitness}
          </Status>
        </li>
      </ul>
      <p className="muted small">{words.offline}</p>
      <Command>npx mandate evidence verify pack.zip</Command>
    </>
  );
}
