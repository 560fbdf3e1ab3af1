import type { ErrorComponentProps } from "@tanstack/react-router";
import { Failed } from "../components/states.tsx";
import { PageHead } from "../components/ui.tsx";
import { t } from "../text.ts";

/** A page that can't be drawn says so, and leaves the way to the other pages. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  return (
    <>
      <PageHead title={t.states.crashed} />
      <Failed error={error} what={t.states.crashedPage} retry={reset} />
    </>
  );
}
