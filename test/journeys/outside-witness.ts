import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWitness } from "../../packages/witness/src/index.ts";

/** The real stand-alone witness beside a server, named as outside, so that its log isn't self-attested. */
export async function startOutsideWitness(api: (method: string, path: string, body?: unknown) => Promise<{ status: number; text: string; body: { policy: string } }>): Promise<{ close(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), "mandate-witness-"));
  const { policy } = (await api("GET", "/evidence/policy")).body;
  const witness = await startWitness({ name: "witness.example", dataDir, logs: policy, host: "127.0.0.1", port: 0, now: Date.now, log: () => undefined });
  const named = await api("PUT", "/evidence/witnesses/outside", { vkey: witness.vkey, url: witness.url, reason: "run by the works council" });
  if (named.status !== 200) throw new Error(named.text);
  return {
    async close() {
      await witness.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
