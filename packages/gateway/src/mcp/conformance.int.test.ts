import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testKey } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { connect, mcpSnapshot, methodTools, pinnedTools, programOf, startEverything, testServer } from "../testing/mcp.ts";
import { startConformanceServer } from "../testing/mcp-conformance-server.ts";

/** The suite has no way to send a key: this adds it, and passes the rest as it is. */
async function withKey(gateway: string): Promise<{ server: Server; url: string }> {
  const server = createServer((req, res) => {
    const out = httpRequest(`${gateway}${req.url}`, { method: req.method, headers: { ...req.headers, authorization: `Bearer ${testKey}` } }, (answer) => {
      res.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(res);
    });
    out.on("error", () => res.destroy());
    res.on("close", () => out.destroy());
    req.pipe(out);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const traced = new Set(["outgoing-request", "incoming-response", "incoming-sse-event", "stream-closed"]);

/** `SCENARIO/CHECK` to its status, by the published suite. */
async function suite(url: string): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), "mandate-conformance-"));
  try {
    const child = spawn(process.execPath, [programOf("@modelcontextprotocol/conformance"), "server", "--url", url, "--suite", "all", "-o", directory], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.resume();
    child.stderr.resume();
    await new Promise((done) => child.once("exit", done));
    const statuses: Record<string, string> = {};
    for (const entry of await readdir(directory)) {
      const scenario = entry.replace(/^server-/, "").replace(/-\d{4}-\d{2}-\d{2}T.*$/, "");
      const checks = JSON.parse(await readFile(join(directory, entry, "checks.json"), "utf8")) as { id: string; status: string }[];
      // Lines of a trace are no checks; which of several good answers was seen (a list as JSON or as a stream) is no result.
      for (const { id, status } of checks) if (!traced.has(id)) statuses[`${scenario}/${id}`] = status === "INFO" ? "SUCCESS" : status;
    }
    return statuses;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const passed = (statuses: Record<string, string>): number => Object.values(statuses).filter((status) => status === "SUCCESS").length;

const failed = (statuses: Record<string, string>): string[] => Object.keys(statuses).filter((check) => statuses[check] === "FAILURE").toSorted();

let closers: (() => Promise<unknown> | void)[] = [];
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});
beforeAll(() => {
  closers = [];
});

async function compare(name: string, upstream: string): Promise<{ direct: Record<string, string>; through: Record<string, string> }> {
  const client = await connect(upstream, {});
  const tools = [...pinnedTools(name, (await client.listTools()).tools), ...methodTools(name)];
  await client.close();
  const gateway: TestGateway = await startTestGateway(mcpSnapshot([testServer(name, { url: upstream })], tools));
  closers.push(() => gateway.close());
  const proxy = await withKey(gateway.url);
  closers.push(() => {
    proxy.server.closeAllConnections();
    proxy.server.close();
  });
  const [direct, through] = [await suite(upstream), await suite(`${proxy.url}/mcp/${name}`)];
  console.info(`conformance of ${name}: ${passed(direct)} of ${Object.keys(direct).length} checks directly, ${passed(through)} of ${Object.keys(through).length} through the gateway`);
  return { direct, through };
}

/** A browser's page is refused here, whatever the server behind does about it. */
const ours = "dns-rebinding-protection/";

test("the published conformance suite says of the everything server the same through the gateway as directly", async () => {
  const everything = await startEverything();
  closers.push(everything.close);
  const { direct, through } = await compare("everything", everything.url);
  expect(failed(through)).toEqual(failed(direct).filter((check) => !check.startsWith(ours)));
}, 120_000);

test("a server that passes every scenario of it passes every one through the gateway", async () => {
  const server = await startConformanceServer();
  closers.push(server.close);
  const { direct, through } = await compare("conformance", server.url);
  expect([failed(direct), failed(through)]).toEqual([[], []]);
  expect(Object.keys(through).toSorted()).toEqual(Object.keys(direct).toSorted());
  expect(passed(through)).toBeGreaterThanOrEqual(passed(direct));
}, 120_000);
