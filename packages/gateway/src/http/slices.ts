import type { ServerResponse } from "node:http";

const sliceBytes = 64 * 1024;

/**
 * The rest of a reply, no faster than its caller reads: one that takes nothing shows by the absence of `drain`, where a
 * single large write would look the same until its last byte had left.
 */
export function endInSlices(res: ServerResponse, body: Buffer): void {
  const from = (start: number): void => {
    for (let at = start; at < body.length; at += sliceBytes) {
      if (res.destroyed) return;
      const next = at + sliceBytes;
      if (!res.write(body.subarray(at, next)) && next < body.length) return void res.once("drain", () => from(next));
    }
    res.end();
  };
  from(0);
}
