import { Link } from "@tanstack/react-router";
import { reach as words } from "../../text/reach.ts";

/** What is granted by itself can be cut by itself; it opens a prepared change and what would stop with it. */
const cuttable: ReadonlySet<string> = new Set(["model", "tool", "dataset", "prompt", "destination"]);
export function CutLink({ system, thing }: { system: string; thing: string }) {
  if (!cuttable.has(thing.slice(0, thing.indexOf(":")))) return null;
  return (
    <Link to="/systems/$name" params={{ name: system }} search={{ cut: thing }} aria-label={words.cutOf(thing.slice(thing.indexOf(":") + 1), system)}>
      {words.cutIt}
    </Link>
  );
}
