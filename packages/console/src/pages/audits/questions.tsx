import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Empty, Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { audits as words } from "../../text/audits.ts";
import { act } from "./room-data.ts";
import type { Question, Room } from "./room-data.ts";

interface Saying {
  readonly path: string;
  readonly title: string;
  readonly label: string;
  readonly more: Readonly<Record<string, unknown>>;
}

/** @param about only what was asked about this member; absent: everything */
export function Questions({ room, isOpen, about }: { room: Room; isOpen: boolean; about?: { readonly draw: number; readonly position: number } }) {
  const [saying, setSaying] = useState<Saying | null>(null);
  const shown = about === undefined ? room.questions : room.questions.filter((one) => one.about?.draw === about.draw && one.about.position === about.position);
  return (
    <Panel
      title={words.questions}
      aside={
        room.auditor && isOpen ? (
          <Button onPress={() => setSaying({ path: "questions", title: words.ask, label: words.askLabel, more: about === undefined ? {} : { about } })}>{words.ask}</Button>
        ) : undefined
      }
    >
      {shown.length === 0 ? (
        <Empty title={words.noQuestions} />
      ) : (
        <ul className="needs">
          {shown.map((one) => (
            <Asked key={one.n} room={room} one={one} isOpen={isOpen} answer={() => setSaying({ path: `questions/${one.n}/answers`, title: words.answer, label: words.answerLabel, more: {} })} />
          ))}
        </ul>
      )}
      {saying !== null && <Say room={room} saying={saying} onClose={() => setSaying(null)} />}
    </Panel>
  );
}

function Asked({ room, one, isOpen, answer }: { room: Room; one: Question; isOpen: boolean; answer: () => void }) {
  return (
    <li>
      <div className="grow">
        <b>{one.text}</b>
        <span className="muted small">
          {one.by}, <Time at={one.at} />
          {one.about !== null && (
            <>
              {", "}
              <Link to="/audits/$id" params={{ id: room.id }} search={{ draw: String(one.about.draw), member: String(one.about.position) }}>
                {words.about(one.about.draw, one.about.position)}
              </Link>
            </>
          )}
        </span>
        {one.answers.map((reply) => (
          <span key={reply.n} className="read">
            {reply.text} <span className="muted small">({reply.by}, <Time at={reply.at} />)</span>
          </span>
        ))}
        {one.answers.length === 0 && <Status mark="unknown">{words.unanswered}</Status>}
        {!room.auditor && isOpen && (
          <span>
            <Button aria-label={`${words.answer}: ${one.text}`} onPress={answer}>
              {words.answer}
            </Button>
          </span>
        )}
      </div>
    </li>
  );
}

function Say({ room, saying, onClose }: { room: Room; saying: Saying; onClose: () => void }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await act(room.id, saying.path, { text: text.trim(), ...saying.more });
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Sheet open onClose={onClose} title={saying.title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") void run();
        }}
      >
        <TextInput label={saying.label} value={text} onChange={setText} area autoFocus />
        {error !== null && <Failed error={error} what={saying.title} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={busy || text.trim() === ""}>
            {saying.title}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
