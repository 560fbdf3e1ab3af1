import type { ClientBase } from "pg";

const fillBytes = 1 << 20;
const maxFillBytes = 2 * 1024 ** 3;
const name = /^[a-z][a-z0-9_]*$/;

/**
 * A deleted row's bytes stay in its page and in the write-ahead log until something else is written there. So: rewrite
 * the table, let a checkpoint release the old log, and fill the segments that the server keeps for reuse.
 * @returns false where the login may rewrite its tables and not the log: that then ends with the server's own recycling
 */
export async function shredTables(client: Pick<ClientBase, "query">, tables: readonly string[]): Promise<boolean> {
  for (const table of tables) {
    if (!name.test(table)) throw new TypeError(`\`${table}\` is no table of ours`);
    await client.query(`VACUUM (FULL) ${table}`);
  }
  try {
    // Twice: the segment that the first checkpoint still needs is released by the second and filled after it.
    for (let round = 0; round < 2; round += 1) {
      await client.query("SELECT pg_switch_wal()");
      await client.query("CHECKPOINT");
      const { rows } = await client.query<{ bytes: string }>("SELECT coalesce(sum(size), 0) AS bytes FROM pg_ls_waldir()");
      const fill = Math.min(maxFillBytes, Number(rows[0]!.bytes)) + 16 * fillBytes;
      for (let done = 0; done < fill; done += fillBytes) {
        await client.query("SELECT pg_logical_emit_message(false, 'mandate.shred', repeat('0', $1))", [fillBytes]);
      }
    }
    await client.query("CHECKPOINT");
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "42501") return false;
    throw error;
  }
}
