import { useState } from "react";
import { client } from "../../api.ts";
import type { PersonRow } from "../../api-types.ts";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button, CopyOnce } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { people as words, roleName } from "../../text/people.ts";
import { ScopedRoles, scopeInWords } from "./scoped-roles.tsx";
import type { ScopedRole } from "./scoped-roles.tsx";

const apart = new Set(["administrator", "developer", "auditor"]);

/** Invites a person or changes one; then, on request, the link that lets them in. */
export function PersonForm({
  person,
  onClose,
  onSaved,
}: {
  person: PersonRow | null;
  onClose: () => void;
  onSaved: () => void;
}) {
  const [email, setEmail] = useState(person?.email ?? "");
  const [name, setName] = useState(person?.name ?? "");
  const [roles, setRoles] = useState<readonly string[]>([...(person?.roles ?? []), ...(person?.pendingRoles ?? [])]);
  const [scoped, setScoped] = useState<readonly ScopedRole[]>(
    (person?.scopedRoles ?? []).map(({ role, scope }) => ({ role, scope })),
  );
  const [saved, setSaved] = useState<PersonRow | null>(null);
  const [link, setLink] = useState<{ url: string; expiresAt: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setError(null);
    try {
      await work();
    } catch (cause) {
      setError(cause);
    }
  };
  const save = () =>
    attempt(async () => {
      setSaved(
        await client.request<PersonRow>("POST", "/api/v1/people", {
          email: email.trim(),
          ...(name.trim() === "" ? {} : { name: name.trim() }),
          roles,
          scopedRoles: scoped,
        }),
      );
      onSaved();
    });
  const makeLink = () =>
    attempt(async () =>
      setLink(await client.request("POST", `/api/v1/people/${encodeURIComponent(email.trim())}/sign-in-links`, {})),
    );
  // Separation of duties: what may not stand together can't be chosen together. The server refuses it all the same.
  const administrator = roles.includes("administrator");
  const approving = roles.some((role) => !apart.has(role));
  const barred = (role: string): boolean => (role === "administrator" ? approving : administrator && !apart.has(role));
  const title = person === null ? words.invite : words.editTitle(person.name);
  const shown = saved ?? person;
  const waiting = [
    ...(saved?.pendingRoles ?? []).map(roleName),
    ...(saved?.scopedRoles ?? []).filter((one) => one.waiting).map((one) => `${roleName(one.role)} ${scopeInWords(one.scope)}`),
  ];
  return (
    <Sheet open onClose={onClose} title={title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (email.trim() !== "") void save();
        }}
      >
        {person === null && <p className="muted small">{words.inviteText}</p>}
        {person === null && (
          <TextInput label={words.email} type="email" value={email} onChange={setEmail} autoFocus />
        )}
        <TextInput label={words.name} value={name} onChange={setName} />
        <fieldset className="stack">
          <legend>{words.roles}</legend>
          {Object.entries(words.names).map(([role, word]) => (
            <label key={role} className="row">
              <input
                type="checkbox"
                checked={roles.includes(role)}
                disabled={barred(role)}
                onChange={(event) =>
                  setRoles(event.target.checked ? [...roles, role] : roles.filter((one) => one !== role))
                }
              />
              {word}
            </label>
          ))}
          <p className="muted small">{words.rolesHelp}</p>
        </fieldset>
        {person !== null && <ScopedRoles value={scoped} onChange={setScoped} />}
        {saved !== null && (
          <p role="status">
            {waiting.length > 0 ? words.waiting(waiting.join(", ")) : words.done}
          </p>
        )}
        {link !== null && (
          <>
            <p className="muted small">{words.linkText}</p>
            <CopyOnce secret={link.url} notAfter={link.expiresAt} />
          </>
        )}
        {shown?.state === "active" && <p className="muted small">{words.linkMinted}</p>}
        {error !== null && <Failed error={error} what={title} />}
        <div className="row end wrap">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          {shown !== null && link === null && <Button onPress={() => void makeLink()}>{words.linkMake}</Button>}
          <Button type="submit" look="accent" isDisabled={email.trim() === ""}>
            {person === null && saved === null ? words.inviteDo : words.save}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
