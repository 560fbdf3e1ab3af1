import { Link } from "@tanstack/react-router";
import { Command, PageHead, Panel } from "../components/ui.tsx";
import { t } from "../text.ts";
import { place as words } from "../text/place.ts";

export type PlaceKey = Exclude<keyof typeof words, "today" | "will" | "notYet">;

/** An address of the interface whose page comes later: says what it will show and how the same is done today. */
export function Place({ which }: { which: PlaceKey }) {
  const { title, text, commands } = words[which];
  return (
    <>
      <PageHead title={title} />
      <p className="lead">{words.notYet}</p>
      <Panel title={words.will}>
        <div className="panel-body stack">
          <p className="read">{text}</p>
          {commands.length > 0 && <p>{words.today}</p>}
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
