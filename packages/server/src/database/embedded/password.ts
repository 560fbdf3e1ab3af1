import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { AppError } from "@mandate/model";
import { canReach } from "./account.ts";
import { databaseName, superuser } from "./address.ts";
import type { ServerPlace } from "./server.ts";
import { livePostmaster, removeStaleLocks } from "./lock-files.ts";
import { signal } from "./server.ts";
import { setTimeout as delay } from "node:timers/promises";

/**
 * `database-url` is lost but the cluster is ours: sets a new password in single-user mode, which needs the directory and
 * not the old password. Whoever can do this can read the files anyway.
 */
export async function resetPassword(place: ServerPlace, password: string): Promise<void> {
  const living = livePostmaster(place.clusterDir);
  if (living !== undefined) signal(living, "SIGINT");
  for (let waited = 0; waited < 100 && livePostmaster(place.clusterDir) !== undefined; waited += 1) await delay(100);
  removeStaleLocks(place.clusterDir, place.socket.directory);
  const byDescriptor =
    place.account !== null && process.platform === "linux" && !canReach(place.account, place.clusterDir);
  const descriptor = openSync(place.clusterDir, "r");
  const child = spawn(
    place.engine.postgres,
    ["--single", "-D", byDescriptor ? "/proc/self/fd/3" : place.clusterDir, "template1"],
    {
      stdio: ["pipe", "ignore", "ignore", descriptor],
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      ...place.account,
    },
  );
  closeSync(descriptor);
  child.stdin!.on("error", () => {});
  child.stdin!.end(`ALTER ROLE ${superuser} PASSWORD '${password}';\n`);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) {
    throw new AppError({
      code: "database.password_lost",
      status: 500,
      message: `\`database-url\` is missing and the password of database \`${databaseName}\` could not be set anew. Restore the file from a backup.`,
    });
  }
}
