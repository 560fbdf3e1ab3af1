import { fromUtf8 } from "../encoding.ts";

/** Length of the archive comment `sha256:` and 64 hex digits. */
export const checksumBytes = 71;

/**
 * True when the archive ends with the comment of ours, matching or not: `sha256:` and the digest of all bytes before it, its
 * own length field included. The manifest covers each file's content, not the archive around it (times, attributes, how a
 * file was deflated), so without this a flipped bit there would pass. It proves nothing against somebody who writes an
 * archive anew: the manifest's signature does.
 */
export function endsWithChecksum(archive: Uint8Array): boolean {
  if (archive.length < checksumBytes) return false;
  const end = archive.subarray(archive.length - checksumBytes);
  return end.every((byte) => byte < 0x80) && /^sha256:[0-9a-f]{64}$/.test(fromUtf8(end));
}
