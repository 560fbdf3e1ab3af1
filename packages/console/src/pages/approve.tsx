import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { approval, isSignedOut, session } from "../api.ts";
import type { ApprovalView } from "../api-types.ts";
import { Loaded } from "../components/states.tsx";
import { Status } from "../components/status.tsx";
import { Facts, useNow } from "../components/ui.tsx";
import { shortHash } from "../format.ts";
import { t } from "../text.ts";
import { signIn as signInWords } from "../text/sign-in.ts";
import * as words from "../text/approvals.ts";
import { Answer } from "./approve-answer.tsx";

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** One question, no navigation. Opening the link decides nothing: only the two buttons do. */
export function ApprovePage() {
  const { id } = useParams({ from: "/approve/$id" });
  const who = useQuery(session);
  const query = useQuery({ ...approval(id), placeholderData: undefined, refetchInterval: 5000 });
  const signedOut = isSignedOut(who.error) || isSignedOut(query.error);
  useEffect(() => {
    document.title = `${words.approve.waiting}, ${t.product}`;
  }, []);
  return (
    <div className="approve">
      <header className="approve-head">
        <Link to="/" className="brand">
          {t.product}
        </Link>
        <span className="muted">{who.data?.person.name}</span>
      </header>
      {signedOut ? (
        <main className="approve-body">
          <h1>{signInWords.title}</h1>
          <p>{t.states.signInFirst}</p>
          <Link className="button button-accent" to="/sign-in">
            {signInWords.title}
          </Link>
        </main>
      ) : (
        <Loaded query={query} what={words.approvals.title} rows={8}>
          {(item) => <Question item={item} />}
        </Loaded>
      )}
    </div>
  );
}

const callActions: ReadonlySet<string> = new Set(["tool.call", "model.call", "data.export", "deploy"]);

function Question({ item }: { item: ApprovalView }) {
  const now = useNow();
  const resource = record(item.statement["resource"]);
  const call = textOf(resource["id"]) || textOf(item.statement["resource"]) || textOf(item.statement["action"]);
  const system = item.system ?? textOf(item.statement["system"]);
  const isCall = callActions.has(item.action ?? "tool.call");
  const lapsed = item.state === "lapsed" || (item.state === "pending" && Date.parse(item.expiresAt) <= now);
  const pending = item.state === "pending" && !lapsed;
  const open = (item.approvers ?? [])
    .filter((set) => set.open)
    .map((set) => (set.count > 1 ? `${set.count} × ${set.group}` : set.group));
  return (
    <>
      <main className="approve-body">
        <p aria-live="polite">
          {pending ? (
            <Status mark="hold" chip>
              {words.approve.waiting}
            </Status>
          ) : item.state === "approved" ? (
            <Status mark="person" chip>
              {words.approve.approved}
            </Status>
          ) : (
            <Status mark="deny" chip>
              {lapsed ? words.approve.lapsed : words.approve.refused}
            </Status>
          )}
        </p>
        <h1>{item.question ?? words.approve.generic(system, call)}</h1>
        {(item.effect ?? item.reason) && <p className="lead">{item.effect ?? item.reason}</p>}
        <Facts
          className="facts-ruled"
          rows={[
            ...(item.facts ?? []).map((fact) => [fact.label, fact.value] as const),
            item.claim
              ? [
                  <>
                    {words.approve.claim}
                    <span className="small block">{words.approve.claimNote}</span>
                  </>,
                  `“${item.claim}”`,
                ]
              : undefined,
            system === "" ? undefined : [words.approve.system, system],
            [
              isCall ? words.approve.call : words.approve.about,
              <code key="call" className="break">
                {call}
              </code>,
            ],
            item.rule ? [words.approve.rule, <code key="rule">{item.rule}</code>] : undefined,
            item.askedBy ? [words.approve.paid, item.askedBy] : undefined,
            pending && open.length > 0 ? [words.approve.needs, open.join(", ")] : undefined,
            ...(item.signatures ?? []).map(
              (one) =>
                [
                  one.choice === "approve" ? words.approve.approvedBy : words.approve.refusedBy,
                  <Signed key={one.person} one={one} />,
                ] as const,
            ),
            [words.approve.binding, <code key="digest">{shortHash(item.digest)}</code>],
          ]}
        />
        {(item.checks ?? []).length > 0 && (
          <ul className="checks big">
            {(item.checks ?? []).map((check) => (
              <li key={check.text}>
                <Status mark={check.outcome}>{check.text}</Status>
              </li>
            ))}
          </ul>
        )}
        {item.decisionId && (
          <p>
            <Link to="/evidence/$id" params={{ id: item.decisionId }}>
              {words.approve.seeEntry}
            </Link>
          </p>
        )}
        {!pending && <p className="muted">{lapsed ? words.approve.lapsedText : words.approve.told}</p>}
        {!pending && (
          <p>
            <Link to="/approvals">{words.approve.another}</Link>
          </p>
        )}
      </main>
      {pending && (
        <footer className="approve-foot">
          {item.mayDecide === false ? (
            <p>
              <b>{words.approvals.own}.</b> {item.cannotBecause}
            </p>
          ) : (
            <Answer item={item} />
          )}
        </footer>
      )}
    </>
  );
}

/** Who decided, in which role, how surely. */
function Signed({ one }: { one: NonNullable<ApprovalView["signatures"]>[number] }) {
  return (
    <>
      {one.person} {one.onBehalfOf === undefined ? "" : words.approve.forPerson(one.onBehalfOf)}
      <span className="small block muted">
        {words.approve.asRole(one.role, one.kind !== "webauthn")}: “{one.reason}”
      </span>
    </>
  );
}
