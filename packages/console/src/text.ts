import * as shellText from "./text/shell.ts";
import * as wordsText from "./text/words.ts";

// What the shell and the shared components say. A page's own words stand in `text/` too, but the page imports them
// itself: they come with its chunk and not with the first load.
// Layouts hold 40 % longer text. Plain words, sentence case, no blame.

export const t = { ...shellText, ...wordsText } as const;
