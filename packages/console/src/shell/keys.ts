import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { singleKeys } from "./preferences.ts";

const places: Record<string, "/" | "/systems" | "/approvals" | "/findings" | "/evidence" | "/credentials"> = {
  o: "/",
  s: "/systems",
  a: "/approvals",
  f: "/findings",
  e: "/evidence",
  c: "/credentials",
};

function inField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function moveRow(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-row] .row-link")].filter(
    (link) => link.offsetParent !== null,
  );
  const at = links.findIndex((link) => link === document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

/** `Ctrl K` always; single keys only while they are on (WCAG 2.1.4) and nobody types. */
export function useKeys(open: { find: () => void; help: () => void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    let gone = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open.find();
        return;
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        inField(event.target) ||
        !singleKeys.get() ||
        document.querySelector("[role=dialog]") !== null
      )
        return;
      const after = Date.now() - gone < 1200;
      const place = places[event.key];
      gone = 0;
      if (after && place !== undefined) void navigate({ to: place });
      else if (event.key === "g") gone = Date.now();
      else if (event.key === "j") moveRow(1);
      else if (event.key === "k") moveRow(-1);
      else if (event.key === "?") open.help();
      else if (event.key === "e") {
        const system = /^\/systems\/([^/]+)$/.exec(location.pathname)?.[1];
        void navigate({ to: "/evidence", search: system === undefined ? {} : { system: decodeURIComponent(system) } });
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [navigate, open]);
}
