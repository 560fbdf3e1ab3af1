import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { answer } from "./mock.ts";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};
/** What the control server sends too (API.md). */
export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Serves a built console with the sample answers, under the policy it meets in production. */
export async function serveBuilt(dist: string): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      if (await answer(request, response)) return;
      const path = normalize(new URL(request.url ?? "/", "http://console").pathname);
      const send = async (file: string): Promise<void> => {
        const body = await readFile(join(dist, file));
        response.writeHead(200, {
          "content-type": types[extname(file)] ?? "application/octet-stream",
          "content-security-policy": policy,
          "x-content-type-options": "nosniff",
        });
        response.end(body);
      };
      // As the server: a name may hold a dot, so only a file that is there is one.
      await send(existsSync(join(dist, path)) && extname(path) !== "" ? path : "index.html").catch(() => response.writeHead(404).end());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
