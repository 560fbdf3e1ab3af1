import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "./fastify-types.ts";
import { isProgramPath } from "./app.ts";

const dist = fileURLToPath(new URL("../../../console/dist", import.meta.url));

/**
 * The built console: files of `dist`, and `index.html` for every other path that a person may have typed or bookmarked.
 * @returns a handler for what no route takes; answers false for programs' paths
 */
export async function serveConsole(app: App): Promise<(request: FastifyRequest, reply: FastifyReply) => Promise<boolean>> {
  if (!existsSync(dist)) {
    return async (request, reply) => {
      if (request.method !== "GET" || isProgramPath(request.url)) return false;
      await reply.code(503).type("text/plain; charset=utf-8").send("The console isn't built yet. Run: npm run setup\n");
      return true;
    };
  }
  await app.register(fastifyStatic, { root: dist, serve: false, cacheControl: false, etag: true });
  return async (request, reply) => {
    if ((request.method !== "GET" && request.method !== "HEAD") || isProgramPath(request.url)) return false;
    const path = decodePath(request.url);
    const file = path !== undefined && /^\/[\w.-]+(?:\/[\w.-]+)*$/.test(path) && !path.includes("..") && /\.[a-z0-9]+$/i.test(path) && existsSync(`${dist}${path}`) ? path.slice(1) : "index.html";
    // A file of an earlier build: the page in its place would be taken for a broken script.
    if (file === "index.html" && path?.startsWith("/assets/") === true) return false;
    void reply.header("cache-control", file.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    await reply.sendFile(file);
    return true;
  };
}

function decodePath(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split("?", 1)[0]!);
  } catch {
    return undefined;
  }
}
