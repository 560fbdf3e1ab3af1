import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { Fragment } from "react";
import { Loaded } from "../../components/states.tsx";
import { Owner, Status } from "../../components/status.tsx";
import { Command, Facts, PageHead, Panel, Time } from "../../components/ui.tsx";
import { exact } from "../../format.ts";
import { t } from "../../text.ts";
import { objects as words } from "../../text/objects.ts";
import type { InventoryKind } from "../kinds.ts";
import { Edit } from "./edit.tsx";
import { History } from "./history.tsx";
import { useKind } from "./list.tsx";
import { objectKinds } from "./kinds/index.ts";
import { member, Refs } from "./parts.tsx";
import { registerObject, useOne } from "./queries.ts";
import type { RegisterObject, UseDetail } from "./queries.ts";
import { Cases, Findings, Reopens } from "./rail.tsx";
import { Seen } from "./seen.tsx";
import { Who } from "./who.tsx";

/** One object of the register: what it is, who may use it, what it was seen doing, what changed, what is open about it. */
export function ObjectPage() {
  const plural = useKind();
  const { name = "" } = useParams({ strict: false });
  const { asOf }: { readonly asOf?: string } = useSearch({ strict: false });
  const query = useQuery(registerObject(plural, name, asOf));
  if (query.data === undefined)
    return (
      <>
        <PageHead title={name} crumbs={<Crumbs plural={plural} name={name} />} />
        <Loaded query={query} what={name} rows={10}>
          {() => null}
        </Loaded>
      </>
    );
  return <Shown key={`${plural} ${name}`} plural={plural} object={query.data} {...(asOf === undefined ? {} : { asOf })} />;
}

function Crumbs({ plural, name }: { plural: InventoryKind; name: string }) {
  return (
    <nav className="crumbs" aria-label={words.crumbs}>
      {plural === "mcp-servers" && (
        <>
          <Link to={"/tools" as "/models"} search={{}}>
            {words.title["tools"]}
          </Link>{" "}
          /{" "}
        </>
      )}
      <Link to={`/${plural}` as "/models"} search={{}}>
        {words.title[plural]}
      </Link>{" "}
      / <code>{name}</code>
    </nav>
  );
}

function Shown({ plural, object, asOf }: { plural: InventoryKind; object: RegisterObject; asOf?: string }) {
  const kind = objectKinds[plural];
  const asked = useQuery(useOne(plural, kind.reference, object.name));
  const use = asked.data;
  const { Parts, Actions } = kind;
  return (
    <>
      <PageHead title={object.title ?? object.name} crumbs={<Crumbs plural={plural} name={object.name} />}>
        {asOf === undefined && (
          <>
            {Actions !== undefined && <Actions object={object} use={use} />}
            <Edit kind={kind} object={object} />
          </>
        )}
      </PageHead>
      <p className="lead">{use === undefined ? words.lead[plural] : words.answer(use.users.length, use.calls24h)}</p>
      {asOf !== undefined && (
        <div className="notice" role="status">
          <p>
            {words.asOf(exact(asOf))}{" "}
            <Link to={`/${plural}/$name` as "/models/$name"} params={{ name: object.name }} search={{}}>
              {words.now}
            </Link>
          </p>
        </div>
      )}
      <div className="with-rail">
        <div className="stack">
          {Parts !== undefined && <Parts object={object} use={use} />}
          <Loaded query={asked} what={words.who} rows={4}>
            {(found) => (
              <>
                <Who kind={kind} name={object.name} use={found} />
                <Seen use={found} />
              </>
            )}
          </Loaded>
          <History plural={plural} name={object.name} />
        </div>
        <div className="stack">
          <Record plural={plural} object={object} use={use} />
          {use !== undefined && (
            <>
              <Cases use={use} />
              <Findings use={use} />
              <Reopens kind={kind} use={use} />
            </>
          )}
        </div>
      </div>
    </>
  );
}

function Record({ plural, object, use }: { plural: InventoryKind; object: RegisterObject; use: UseDetail | undefined }) {
  const kind = objectKinds[plural];
  const owner = member(object.spec, "owner");
  return (
    <Panel title={words.record} aside={<span className="muted">{words.versionOf(Number(object.version ?? 1))}</span>}>
      <Facts
        rows={[
          plural === "vendors" || plural === "destinations" ? undefined : [words.owner, owner === "" ? <Status key="none" mark="unknown">{words.noOwner}</Status> : <Owner key={owner} email={owner} />],
          ...kind.facts(object.spec).map((row) => row && ([row[0], <Fragment key={row[0]}>{row[1]}</Fragment>] as const)),
          use === undefined || use.namedBy.length === 0 ? undefined : [words.namedBy, <Refs key="named" of={use.namedBy} />],
          [words.since, <Time key="since" at={object.updatedAt} />],
        ]}
      />
      <div className="panel-body section">
        <Command>{`npx mandate get ${kind.reference}/${object.name} -o yaml`}</Command>
        <details className="fold small">
          <summary>{words.whole}</summary>
          <pre className="wrap" tabIndex={0} aria-label={words.whole}>{JSON.stringify(object.spec, null, 2)}</pre>
        </details>
        {object.labels !== undefined && Object.keys(object.labels).length > 0 && <p className="small muted">{Object.entries(object.labels).map(([label, value]) => `${label}: ${value}`).join(", ") || t.none}</p>}
      </div>
    </Panel>
  );
}
