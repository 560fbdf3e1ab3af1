import { newId } from "@mandate/model";

/** From the moment a decision gets its id to the moment its entry is written: a hold of the caller's own stream at most. */
const maxWritingMs = 3_600_000;

/** The lowest id of a moment: ids are in the order of time, so a window of time is a window of the primary key and of the months' tables. */
export const lowestId = (ms: number): string => newId("decision", Math.max(0, ms), (bytes) => bytes.fill(0));

/** The lowest id of a decision that was written at this moment or later: beside `at >= …` it keeps a query from reading every month. */
export const earliestId = (since: Date | string): string => lowestId(new Date(since).getTime() - maxWritingMs);
