import { Link } from "@tanstack/react-router";
import { Command, PageHead, Panel } from "../components/ui.tsx";
import { t } from "../text.ts";

type PlaceKey = Exclude<keyof typeof t.place, "today" | "will" | "notYet">;

/** An address of the interface whose page comes later: says what it will show and how the same is done today. */
export function Place({ which }: { which: PlaceKey }) {
  const { title, text, commands } = t.place[which];
  return (
    <>
      <PageHead title={title} />
      <p className="lead">{t.place.notYet}</p>
      <Panel title={t.place.will}>
        <div className="panel-body stack">
          <p className="read">{text}</p>
          {commands.length > 0 && <p>{t.place.today}</p>}
          {commands.map((command) => (
            <Command key={command}>{command}</Command>
          ))}
          <p>
            <Link to="/">{t.nav.overview}</Link>
          </p>
        </div>
      </Panel>
    </>
  );
}

export function NotFound() {
  return (
    <main className="alone">
      <PageHead title={t.states.notThere} />
      <p>{t.states.notThereMore}</p>
      <p>
        <Link to="/">{t.nav.overview}</Link>
      </p>
    </main>
  );
}
