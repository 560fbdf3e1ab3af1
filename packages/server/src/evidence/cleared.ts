import { sql } from "kysely";
import type { RawBuilder } from "kysely";

/**
 * True for the rows `p` of `evidence_payload` whose bytes are those that their name commits to, or are gone by an entry of the log
 * that names them (`erased`). Whoever empties one without such an entry, which is signed, has altered the store.
 */
export function isWholePayload(org: string): RawBuilder<boolean> {
  return sql`(pg_catalog.sha256(p.bytes) = p.ct OR (length(p.bytes) = 0 AND EXISTS (SELECT FROM evidence_cleared c JOIN evidence_entry e ON e.org = c.org AND e.origin = c.log AND e.index = c.index
    WHERE c.org = ${org} AND c.ct = p.ct AND position('"type":"evidence.erasure"'::bytea IN e.leaf) > 0
      -- An element of a list: a header's own commitments stand behind a colon.
      AND (position(convert_to('["' || encode(p.ct, 'hex') || '"', 'UTF8') IN e.leaf) > 0 OR position(convert_to(',"' || encode(p.ct, 'hex') || '"', 'UTF8') IN e.leaf) > 0))))`;
}
