import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../../api.ts";
import { ReasonDialog } from "../../components/dialog.tsx";
import { ProofTree } from "../../components/proof-tree.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { OutcomeStatus, Status } from "../../components/status.tsx";
import { Command, Button, Facts, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { count, exact } from "../../format.ts";
import { t } from "../../text.ts";
import { audits as words } from "../../text/audits.ts";
import { entry as entryWords } from "../../text/evidence.ts";
import { Questions } from "./questions.tsx";
import { auditTrace } from "./room-data.ts";
import type { Room, Trace } from "./room-data.ts";

/** One page a member of the sample: what happened, by which rule, on whose word, and the proof. */
export function MemberPage({ room, draw, position }: { room: Room; draw: number; position: number }) {
  const total = room.samples.find((one) => one.draw === draw)?.members.length ?? 0;
  const query = useQuery(auditTrace(room.id, draw, position));
  const to = (member: number) => ({ draw: String(draw), member: String(member) });
  return (
    <>
      <PageHead
        title={words.memberOf(position, total)}
        crumbs={
          <Link to="/audits/$id" params={{ id: room.id }} search={{}} className="crumb">
            {room.title}
          </Link>
        }
      >
        {position > 1 && (
          <Link className="button" to="/audits/$id" params={{ id: room.id }} search={to(position - 1)}>
            {words.previous}
          </Link>
        )}
        {position < total && (
          <Link className="button" to="/audits/$id" params={{ id: room.id }} search={to(position + 1)}>
            {words.next}
          </Link>
        )}
      </PageHead>
      <Loaded query={query} what={words.member(position)} rows={8}>
        {(trace) => (
          <div className="with-rail">
            <div className="stack">
              <Happened trace={trace} />
              <Why trace={trace} />
              <Approvals trace={trace} />
              <Questions room={room} isOpen={room.state === "open"} about={{ draw, position }} />
            </div>
            <div className="stack">
              <Panel title={words.proof}>
                <div className="panel-body sunken stack">
                  <ProofTree entry={trace.entry} />
                </div>
              </Panel>
              {room.auditor && <Content key={`${draw} ${position}`} room={room} draw={draw} position={position} />}
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}

function Happened({ trace }: { trace: Trace }) {
  const { decision, member, outcome } = trace;
  return (
    <Panel title={words.what} aside={<code>{count(member.index)}</code>}>
      <div className="panel-body">
        {decision === null ? (
          <Status mark="unknown">{t.cantTell}</Status>
        ) : (
          <>
            <OutcomeStatus decision={decision} />
            <h3 className="entry-lead">{decision.reason}</h3>
            <Facts
              rows={[
                [entryWords.at, exact(decision.at)],
                [entryWords.call, <code key="c" className="wrap">{`${decision.action} ${decision.resource.id}`}</code>],
                [entryWords.askedBy, decision.system === null ? t.cantTell : <SystemLink key="s" name={decision.system} />],
                [words.place, <code key="p" className="wrap">{`${member.log}#${member.index}`}</code>],
                [words.outcome, outcome === null ? words.outcomeSame : <code key="o" className="wrap">{`${String(outcome.header["shard"])}#${outcome.proof.index}, ${String(outcome.header["terminal"])}`}</code>],
              ]}
            />
          </>
        )}
      </div>
    </Panel>
  );
}

function Why({ trace: { policy } }: { trace: Trace }) {
  return (
    <Panel title={words.why}>
      <div className="panel-body stack">
        <Facts
          rows={[
            [words.rule, policy.rule === null ? t.none : <code key="r">{policy.rule}</code>],
            [words.policyVersion, <code key="v" className="wrap">{policy.version}</code>],
            [words.registerVersion, <code key="g">{count(policy.register)}</code>],
          ]}
        />
        {policy.text === null ? (
          policy.rule !== null && <p className="muted small">{words.guardrail}</p>
        ) : (
          <>
            <p className="small muted">{words.policyText(policy.text.policy, policy.text.version)}</p>
            <pre className="wrap">{policy.text.text}</pre>
          </>
        )}
      </div>
    </Panel>
  );
}

function Approvals({ trace: { approvals } }: { trace: Trace }) {
  return (
    <Panel title={words.approvals}>
      {approvals.length === 0 ? (
        <Empty title={words.noApprovals} />
      ) : (
        <ul className="needs">
          {approvals.map((one) => (
            <li key={one.id}>
              <div className="grow">
                <span>
                  <code>{one.id}</code> <span className="muted">{one.action}</span>
                </span>
                {one.signatures.map((signed) => (
                  <span key={`${signed.person} ${signed.at}`} className="read">
                    <b>{signed.person}</b> {words.signed(signed.choice, signed.role)}: “{signed.reason}”{" "}
                    <span className="muted small">
                      <Time at={signed.at} />, {signed.kind === "webauthn" ? words.passkey : words.weaker}
                    </span>
                  </span>
                ))}
                <span className="muted small">
                  <code className="wrap">{one.digest}</code>
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface Opened {
  readonly payload: unknown;
  readonly messages: readonly (string | null)[];
}

function Content({ room, draw, position }: { room: Room; draw: number; position: number }) {
  const [asking, setAsking] = useState(false);
  const [opened, setOpened] = useState<Opened | null>(null);
  return (
    <Panel title={words.content}>
      <div className="panel-body stack">
        {opened === null ? (
          <>
            <p>{words.contentText}</p>
            <p>
              <Button onPress={() => setAsking(true)}>{words.openContent}</Button>
            </p>
          </>
        ) : (
          <>
            {opened.messages.map((message, at) => (
              <pre key={`${at}`} className="wrap">
                {message ?? words.contentGone}
              </pre>
            ))}
            {opened.payload === null ? <p className="muted">{words.contentGone}</p> : <pre className="wrap">{JSON.stringify(opened.payload, null, 2)}</pre>}
          </>
        )}
        <Command>{`npx mandate audit show ${room.id} --draw ${draw} --member ${position} -o json`}</Command>
      </div>
      {asking && (
        <ReasonDialog
          open
          onClose={() => setAsking(false)}
          title={words.openContent}
          effect={words.openEffect}
          verb={words.openContent}
          act={async (reason) => setOpened(await client.request<Opened>("POST", `/api/v1/audits/${encodeURIComponent(room.id)}/samples/${draw}/${position}/open`, { reason }))}
        />
      )}
    </Panel>
  );
}
