import { useSyncExternalStore } from "react";

/** Where the rail stands below the page instead of beside it (styles/shell.css). */
export const railBelow = "(max-width: 1180px)";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    () => matchMedia(query).matches,
  );
}
