import { AppError } from "@mandate/model";

/**
 * What a gateway and its control plane say to each other has a format. Each side speaks its own and the one before, so
 * that either may be upgraded first and the other follow; two apart is refused, in words, rather than half understood.
 *
 * 1: whole snapshots alone. 2: signed changes on a chain, acknowledged by it.
 */
export const wireFormat = 2;
export const oldestWireFormat = wireFormat - 1;

/** Formats of a log's entries (`v` of their headers) that are read here. */
export const entryFormats: readonly number[] = [1];

/** The newest format that both speak. @throws AppError `gateways.format` (409) when there is none */
export function commonFormat(theirs: number, who: string): number {
  // One newer than us speaks ours as its older one.
  if (theirs >= oldestWireFormat && theirs <= wireFormat + 1) return Math.min(theirs, wireFormat);
  throw formatRefused(theirs, who);
}

/** @throws AppError `gateways.format` for a message that this release can't read */
export function assertFormat(format: number, who: string): void {
  if (!Number.isInteger(format) || format < oldestWireFormat || format > wireFormat) throw formatRefused(format, who);
}

function formatRefused(format: number, who: string): AppError {
  return new AppError({
    code: "gateways.format",
    status: 409,
    message: `${who} speaks format ${format}; this release speaks ${oldestWireFormat} and ${wireFormat}. They are more than one release apart.`,
    remedies: [{ text: "Upgrade the older of the two, one release at a time: first the control plane, then each gateway." }],
  });
}
