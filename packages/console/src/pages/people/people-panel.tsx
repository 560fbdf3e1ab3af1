import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, delegations, people, queries, session } from "../../api.ts";
import type { PersonRow } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog } from "../../components/dialog.tsx";
import { RowMenu } from "../../components/menu.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Owner, Status } from "../../components/status.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { people as peopleWords } from "../../text/people.ts";
import { settings as settingsWords } from "../../text/settings.ts";
import { HandOver } from "./hand-over.tsx";
import { PersonForm } from "./person-form.tsx";
import { scopeInWords } from "./scoped-roles.tsx";

type Open =
  | { readonly what: "change" | "deactivate" | "reset" | "hand-over"; readonly person: PersonRow }
  | { readonly what: "invite" }
  | null;

const words = (roles: readonly string[]): string => roles.map((role) => peopleWords.names[role] ?? role).join(", ");

/** Who is here, what each may do, and how each proves who they are. */
export function PeoplePanel() {
  const list = useQuery(people());
  const who = useQuery(session).data;
  const standIns = (useQuery(delegations).data?.items ?? []).filter((one) => one.state === "active");
  const [open, setOpen] = useState<Open>(null);
  const [note, setNote] = useState("");
  const administers = who?.person.roles.includes("administrator") === true;
  const leads = who?.person.roles.includes("governance-lead") === true;
  const close = (): void => setOpen(null);
  const refresh = () => queries.invalidateQueries({ queryKey: ["people"] });
  const columns: readonly Column<PersonRow>[] = [
    {
      id: "name",
      title: settingsWords.name,
      value: (row) => row.name,
      cell: (row) => <Owner email={row.email} name={row.name} />,
    },
    {
      id: "email",
      title: settingsWords.email,
      value: (row) => row.email,
      cell: (row) => <span className="break">{row.email}</span>,
    },
    {
      id: "roles",
      title: settingsWords.roles,
      value: (row) => row.roles.join(" "),
      cell: (row) => (
        <span>
          {row.roles.length === 0 ? <span className="muted">{settingsWords.noRoles}</span> : words(row.roles)}
          {(row.scopedRoles ?? []).map((one) => (
            <span key={`${one.role} ${one.scope}`} className="block small break">
              {words([one.role])} {scopeInWords(one.scope)}
              {one.waiting && <Status mark="hold">{peopleWords.waitingShort}</Status>}
            </span>
          ))}
          {(row.pendingRoles ?? []).length > 0 && (
            <span className="block small">
              <Status mark="hold">{peopleWords.waiting(words(row.pendingRoles ?? []))}</Status>
            </span>
          )}
          {standIns
            .filter((one) => one.from === row.email)
            .map((one) => (
              <span key={one.id} className="block small break">
                {peopleWords.standsIn(one.to)} <Time at={one.ends} />
              </span>
            ))}
        </span>
      ),
    },
    {
      id: "state",
      title: settingsWords.state,
      value: (row) => row.state ?? "",
      cell: (row) =>
        row.state === undefined ? (
          t.cantTell
        ) : (
          <Status mark={row.state === "active" ? "allow" : row.state === "invited" ? "hold" : "deny"}>
            {settingsWords.states[row.state] ?? row.state}
          </Status>
        ),
    },
    {
      id: "passkeys",
      title: peopleWords.passkeys,
      value: (row) => row.passkeys ?? 0,
      cell: (row) => (
        <span>
          {(row.passkeys ?? 0) === 0 ? <span className="muted">{peopleWords.noPasskey}</span> : row.passkeys}
          {row.password === true && <span className="muted small">, {peopleWords.passwordToo}</span>}
        </span>
      ),
    },
    {
      id: "last",
      title: settingsWords.last,
      value: (row) => row.lastSignIn ?? "",
      cell: (row) => (row.lastSignIn == null ? t.never : <Time at={row.lastSignIn} />),
    },
    ...(who === undefined
      ? []
      : [
          {
            id: "do",
            title: peopleWords.actions,
            end: true,
            cell: (row: PersonRow) => {
              const handing =
                administers || leads || row.email === who.person.email
                  ? [{ word: peopleWords.handOver, act: () => setOpen({ what: "hand-over", person: row }) }]
                  : [];
              if (!administers || row.state === "deactivated")
                return handing.length === 0 ? null : <RowMenu of={row.email} actions={handing} />;
              return (
                <RowMenu
                  of={row.email}
                  actions={[
                    { word: peopleWords.edit, act: () => setOpen({ what: "change", person: row }) },
                    ...handing,
                    ...(row.email !== who.person.email && (row.passkeys ?? 0) > 0
                      ? [{ word: peopleWords.reset, act: () => setOpen({ what: "reset", person: row }) }]
                      : []),
                    ...(row.email === who.person.email
                      ? []
                      : [
                          {
                            word: peopleWords.deactivate,
                            danger: true,
                            act: () => setOpen({ what: "deactivate", person: row }),
                          },
                        ]),
                  ]}
                />
              );
            },
          },
        ]),
  ];
  return (
    <Panel
      title={settingsWords.people}
      aside={
        administers ? (
          <Button look="accent" onPress={() => setOpen({ what: "invite" })}>
            {peopleWords.invite}
          </Button>
        ) : undefined
      }
    >
      <Loaded query={list} what={settingsWords.people}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={settingsWords.empty} />
          ) : (
            <DataTable
              label={settingsWords.people}
              columns={columns}
              rows={data.items}
              rowKey={(row) => row.email}
              exportName="people"
            />
          )
        }
      </Loaded>
      <p role="status" className={note === "" ? "" : "panel-body small"}>
        {note}
      </p>
      {open !== null && (open.what === "invite" || open.what === "change") && (
        <PersonForm
          person={open.what === "change" ? open.person : null}
          onClose={close}
          onSaved={() => void refresh()}
        />
      )}
      {open !== null && open.what === "reset" && (
        <ReasonDialog
          open
          onClose={close}
          title={peopleWords.resetTitle(open.person.name)}
          effect={peopleWords.resetEffect}
          verb={peopleWords.reset}
          act={async (reason) => {
            await client.request("POST", `/api/v1/people/${encodeURIComponent(open.person.email)}/passkey-reset`, {
              reason,
            });
            setNote(peopleWords.resetAsked);
          }}
        />
      )}
      {open !== null && open.what === "hand-over" && (
        <HandOver
          from={open.person}
          others={(list.data?.items ?? []).filter(
            (one) => one.state !== "deactivated" && one.email !== open.person.email && one.email !== who?.person.email,
          )}
          onClose={close}
          onDone={setNote}
        />
      )}
      {open !== null && open.what === "deactivate" && (
        <ReasonDialog
          open
          danger
          onClose={close}
          title={peopleWords.deactivateTitle(open.person.name)}
          effect={peopleWords.deactivateEffect}
          verb={peopleWords.deactivate}
          act={async (reason) => {
            await client.request("DELETE", `/api/v1/people/${encodeURIComponent(open.person.email)}`, { reason });
            await refresh();
          }}
        />
      )}
    </Panel>
  );
}
