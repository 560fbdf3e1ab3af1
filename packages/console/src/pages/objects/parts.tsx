import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Mark } from "../../api-types.ts";
import { Status } from "../../components/status.tsx";
import { SystemLink } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { objects as words } from "../../text/objects.ts";
import { inventoryKinds } from "../kinds.ts";
import type { InventoryKind } from "../kinds.ts";
import type { PinState, Spec, UseRow } from "./queries.ts";

/** A member that may be said or not: what nobody said is never drawn as good. */
export function Said({ value }: { value: unknown }) {
  const text = textOf(value);
  return text === "" ? <span className="muted">{t.cantTell}</span> : <>{text}</>;
}

export function textOf(value: unknown): string {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (Array.isArray(value)) return value.length === 0 ? words.none : value.map(textOf).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export const member = (spec: Spec | undefined, name: string): string => textOf(spec?.[name]);
export const listOf = (spec: Spec | undefined, name: string): readonly string[] => {
  const value = spec?.[name];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
};
/** `vendor:acme` as `acme`. */
export const bare = (reference: string): string => reference.slice(reference.indexOf(":") + 1);

const pluralOf: Readonly<Record<string, InventoryKind | undefined>> = Object.fromEntries(inventoryKinds.map((kind) => [kind.replace(/s$/, ""), kind]));

/** A reference as a link to what it names; what has no page stands as it is written. */
export function Ref({ to, bareName = false }: { to: string; bareName?: boolean }) {
  const [kind = "", name = ""] = to.split(/:(.*)/s);
  const text = bareName ? name : to;
  if (kind === "policy")
    return (
      <Link to="/policies/$name" params={{ name }}>
        {to}
      </Link>
    );
  if (kind === "system") return <SystemLink name={name}>{text}</SystemLink>;
  const plural = pluralOf[kind];
  // A wildcard names its server's tools.
  if (plural === undefined || name.endsWith("/*")) return <code>{text}</code>;
  return <ObjectLink kind={plural} name={name}>{text}</ObjectLink>;
}

export function ObjectLink({ kind, name, className, children }: { kind: InventoryKind; name: string; className?: string; children?: ReactNode }) {
  return (
    <Link to={`/${kind}/$name` as "/models/$name"} params={{ name }} {...(className === undefined ? {} : { className })}>
      {children ?? name}
    </Link>
  );
}

export function Refs({ of, bareName = true }: { of: readonly string[]; bareName?: boolean }) {
  if (of.length === 0) return <span className="muted">{words.none}</span>;
  return (
    <span className="row wrap tight">
      {of.map((one) => (
        <Ref key={one} to={one} bareName={bareName} />
      ))}
    </span>
  );
}

/** What isn't there yet is blank; what can't be told says so. */
export function Unknown({ use }: { use: UseRow | null | undefined }) {
  return use === undefined ? <span aria-hidden="true">&nbsp;</span> : <span className="muted">{t.cantTell}</span>;
}

const shownUsers = 2;

/** Few by name, the rest by number: the object's page has all of them. */
export function Users({ kind, name, use }: { kind: InventoryKind; name: string; use: UseRow | null | undefined }) {
  if (use == null) return <Unknown use={use} />;
  if (use.users.length === 0) return <span className="muted">{words.noUsers}</span>;
  const more = use.users.length - shownUsers;
  return (
    <span className="row wrap tight">
      {use.users.slice(0, shownUsers).map((user) => (
        <SystemLink key={user.system} name={user.system} />
      ))}
      {more > 0 && (
        <ObjectLink kind={kind} name={name}>
          {words.andMore(more)}
        </ObjectLink>
      )}
    </span>
  );
}

export type Fact = readonly [label: string, value: ReactNode];
export const fact = (label: string, value: ReactNode): Fact => [label, value];

const pinMarks: Readonly<Record<PinState, Mark>> = { pinned: "allow", changed: "deny", refused: "deny", unpinned: "deny" };
export function Pin({ state }: { state: PinState | null }) {
  if (state === null) return <span className="muted">{words.noPin}</span>;
  return <Status mark={pinMarks[state]}>{words.pin[state]}</Status>;
}

/** Never used for training is good, allowed is not, and unknown is unknown. */
export function Training({ value }: { value: unknown }) {
  if (value === "never") return <Status mark="allow">{words.training.never}</Status>;
  if (value === "allowed") return <Status mark="hold">{words.training.allowed}</Status>;
  return <Status mark="unknown">{words.training.unknown}</Status>;
}
