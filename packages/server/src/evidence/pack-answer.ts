/** What a pack is about: every provider of answers gets it, so that all of them count the same population. */
export interface PackScope {
  /** Empty means every system. */
  readonly systems: readonly string[];
  /** RFC 3339, inclusive and exclusive; null means open. */
  readonly since: string | null;
  readonly until: string | null;
}

export interface AnswerParts {
  /** Table or log that was read. */
  readonly source: string;
  /** The question in words, exact enough to be asked again. */
  readonly query: string;
  readonly gaps?: readonly string[];
  readonly rows: readonly unknown[];
}

/** Rows printed for one item; the population beside them is always the whole. */
export const maxShownRows = 2_000;

export interface PackAnswer extends AnswerParts {
  readonly gaps: readonly string[];
  readonly population: number;
  readonly shown: number;
}

/** Gaps first and population before sample: an auditor must not need the end of a long file to learn what it lacks. */
export function packAnswer({ source, query, gaps = [], rows }: AnswerParts): PackAnswer {
  const shown = rows.slice(0, maxShownRows);
  const cut = rows.length > shown.length ? [`Only the first ${shown.length} of ${rows.length} rows are printed.`] : [];
  return { gaps: [...gaps, ...cut], source, query, population: rows.length, shown: shown.length, rows: shown };
}

/** Words for the scope, for query texts. */
export function scopeWords({ systems, since, until }: PackScope): string {
  return `from ${since ?? "the beginning"} to ${until ?? "the moment of creation"}, ${systems.length === 0 ? "all systems" : `systems ${systems.join(", ")}`}`;
}
