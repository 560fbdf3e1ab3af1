import { useState } from "react";
import { Choice, TextInput } from "../../components/dialog.tsx";
import { Button } from "../../components/ui.tsx";
import { people as words } from "../../text/people.ts";

export interface ScopedRole {
  readonly role: string;
  readonly scope: string;
}

/** `system:support-concierge` as "for support-concierge", `unit:care` as "in care". */
export function scopeInWords(scope: string): string {
  const [kind, ...rest] = scope.split(":");
  return kind === "unit" ? words.inUnit(rest.join(":")) : words.forSystem(rest.join(":"));
}

/** Roles that hold for one unit or one system. An administrator's right is never partial. */
export function ScopedRoles({
  value,
  onChange,
}: {
  value: readonly ScopedRole[];
  onChange: (value: readonly ScopedRole[]) => void;
}) {
  const [role, setRole] = useState("technical-owner");
  const [kind, setKind] = useState("system");
  const [name, setName] = useState("");
  const scope = `${kind}:${name.trim()}`;
  const known = value.some((one) => one.role === role && one.scope === scope);
  return (
    <fieldset className="ticks stack">
      <legend>{words.scoped}</legend>
      <p className="muted small">{words.scopedHelp}</p>
      {value.length > 0 && (
        <ul className="lines">
          {value.map((one) => (
            <li key={`${one.role} ${one.scope}`} className="row wrap">
              <span className="grow break">
                {words.names[one.role] ?? one.role} {scopeInWords(one.scope)}
              </span>
              <Button
                look="quiet"
                aria-label={words.scopedRemove(words.names[one.role] ?? one.role, scopeInWords(one.scope))}
                onPress={() => onChange(value.filter((other) => other !== one))}
              >
                {words.remove}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Choice
        label={words.scopedRole}
        value={role}
        options={Object.entries(words.names).filter(([one]) => one !== "administrator")}
        onChange={setRole}
      />
      <Choice
        label={words.scopedWhere}
        value={kind}
        options={[
          ["system", words.scopedSystem],
          ["unit", words.scopedUnit],
        ]}
        onChange={setKind}
      />
      <TextInput label={words.scopedName} value={name} onChange={setName} />
      <div className="row">
        <Button
          isDisabled={name.trim() === "" || known}
          onPress={() => {
            onChange([...value, { role, scope }]);
            setName("");
          }}
        >
          {words.scopedAdd}
        </Button>
      </div>
    </fieldset>
  );
}
