import type { ReactNode } from "react";
import type { Mark } from "../api-types.ts";
import { t } from "../text.ts";

/** Shape differs with meaning, so color is never alone. Hidden from readers: the word beside it speaks. */
export function Glyph({ mark }: { mark: Mark }) {
  return (
    <svg
      className={`glyph glyph-${mark}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
      focusable="false"
    >
      {mark === "allow" && <path d="m2 6.4 2.7 2.7L10 3.4" fill="none" stroke="currentColor" strokeWidth="2" />}
      {mark === "hold" && <path d="M4 2.5v7M8 2.5v7" stroke="currentColor" strokeWidth="2" />}
      {mark === "deny" && <path d="m2.6 2.6 6.8 6.8m0-6.8L2.6 9.4" stroke="currentColor" strokeWidth="2" />}
      {mark === "person" && (
        <path d="M6 1.4 10.6 6 6 10.6 1.4 6Z" fill="none" stroke="currentColor" strokeWidth="1.7" />
      )}
      {mark === "unknown" && <path d="M1.5 6h2.2m2.2 0h2.2m1.6 0h1" stroke="currentColor" strokeWidth="2" />}
    </svg>
  );
}

export function Status({ mark, children, chip = false }: { mark: Mark; children?: ReactNode; chip?: boolean }) {
  return (
    <span className={`status status-${mark}${chip ? " chip" : ""}`}>
      <Glyph mark={mark} />
      <span>{children ?? t.mark[mark]}</span>
    </span>
  );
}

interface Decided {
  readonly outcome: "allow" | "hold" | "deny";
  readonly terminal: string | null;
  readonly byPerson?: unknown;
}
/** An allowed call whose end we don't know is not counted as good. */
export function markOf({ outcome, terminal, byPerson }: Decided): Mark {
  if (byPerson !== undefined && byPerson !== null) return "person";
  return outcome === "allow" && terminal === "unknown" ? "unknown" : outcome;
}
export function OutcomeStatus({ decision }: { decision: Decided }) {
  const mark = markOf(decision);
  const word =
    mark === "person"
      ? decision.outcome === "allow"
        ? t.mark.approved
        : t.mark.deny
      : mark === "unknown"
        ? t.mark.unconfirmed
        : t.mark[mark];
  return <Status mark={mark}>{word}</Status>;
}

export function systemMark(system: { readonly status: string; readonly lifecycle: string }): Mark {
  if (system.status === "operating") return "allow";
  if (system.status === "restricted" || system.lifecycle === "proposed") return "hold";
  return system.lifecycle === "retired" ? "unknown" : "deny";
}

export function DataClass({ value }: { value: string | null | undefined }) {
  if (value === null || value === undefined) return null;
  return (
    <span className="data-class">
      <i className={`dc dc-${value}`} aria-hidden="true" />
      {t.sensitivity[value] ?? value}
    </span>
  );
}

/** A person by name; of an address alone, the name it reads like. */
export const nameOf = (email: string): string =>
  email
    .split("@")[0]
    ?.split(/[._-]/)
    .filter((part) => part !== "")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(" ") ?? email;
export function Owner({ email, name }: { email: string | null | undefined; name?: string | undefined }) {
  if (email === null || email === undefined || email === "") return <Status mark="unknown">{t.noOne}</Status>;
  const shown = name ?? nameOf(email);
  const initials = shown
    .split(" ")
    .map((part) => part.charAt(0))
    .slice(0, 2)
    .join("")
    .toUpperCase();
  return (
    <span className="owner">
      <span className="avatar" aria-hidden="true">
        {initials}
      </span>
      <span title={email}>{shown}</span>
    </span>
  );
}
