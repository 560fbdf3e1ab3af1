import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Page } from "@mandate/sdk";
import { decisions, queries } from "./api.ts";
import type { Filters } from "./api.ts";
import type { DecisionRow } from "./api-types.ts";

/**
 * The newest decisions, kept fresh, with older pages added on demand. Older pages go on from the first page's cursor as
 * it was when they were asked for: rows don't slip while new ones arrive.
 */
export function usePagedDecisions(filter: Filters) {
  const query = useQuery(decisions(filter));
  const [older, setOlder] = useState<{ key: string; pages: Page<DecisionRow>[] }>({ key: "", pages: [] });
  const [failed, setFailed] = useState<unknown>(null);
  const key = JSON.stringify(filter);
  const pages = older.key === key ? older.pages : [];
  const more = async (cursor: string): Promise<void> => {
    setFailed(null);
    try {
      const next = await queries.fetchQuery(decisions({ ...filter, cursor }));
      const first = query.data === undefined ? [] : [query.data];
      setOlder({ key, pages: [...(pages.length === 0 ? first : pages), next] });
    } catch (cause) {
      setFailed(cause);
    }
  };
  const joined = (newest: Page<DecisionRow>): Page<DecisionRow> => {
    const seen = new Set(newest.items.map((row) => row.id));
    // No row in common means that rows between were missed: then only what is known to be whole is shown.
    const kept = pages[0]?.items.some((row) => seen.has(row.id)) === true ? pages : [];
    return {
      items: [...newest.items, ...kept.flatMap((page) => page.items).filter((row) => !seen.has(row.id))],
      nextCursor: kept.length === 0 ? newest.nextCursor : (kept.at(-1)?.nextCursor ?? null),
    };
  };
  return { query, joined, more, failed };
}
