import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testAuthority } from "../testing/certificates.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

// Receivers on real TLS listeners: an authority of their own, and one that lets nobody in without a certificate of ours.

const authority = testAuthority("SOC root");
const ours = testAuthority("Mandate clients");
const stranger = testAuthority("Somebody else");
const here = authority.issue("collector", [{ ip: "127.0.0.1" }]);
const elsewhere = authority.issue("collector", [{ dns: "logs.example" }]);
const client = ours.issue("mandate-control");

let running: TestServer;
const closing: (() => void)[] = [];

interface Receiver {
  readonly port: number;
  readonly taken: string[];
  /** Common names of those that came with a certificate. */
  readonly peers: string[];
}
const peerOf = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject?.CN ?? "");

function options(shown: typeof here, demandsOurs: boolean) {
  return { cert: shown.certificate, key: shown.privateKey, ...(demandsOurs ? { ca: ours.certificate, requestCert: true, rejectUnauthorized: true } : {}) };
}
async function http(shown: typeof here, demandsOurs = false): Promise<Receiver> {
  const [taken, peers]: [string[], string[]] = [[], []];
  const server = createHttps(options(shown, demandsOurs), (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      taken.push(...body.trim().split("\n"));
      if (demandsOurs) peers.push(peerOf(request.socket as TLSSocket));
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, taken, peers };
}
async function syslog(shown: typeof here, demandsOurs = false): Promise<Receiver> {
  const [taken, peers]: [string[], string[]] = [[], []];
  const server = createTls(options(shown, demandsOurs), (socket) => {
    let held = "";
    socket.setEncoding("utf8").on("data", (part: string) => (held += part));
    socket.on("error", () => undefined);
    socket.on("end", () => {
      taken.push(...[...held.matchAll(/\d+ <110>1 \S+ mandate mandate - ocsf - /g)].map((match) => match[0]));
      if (demandsOurs) peers.push(peerOf(socket));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, taken, peers };
}

const put = (name: string, to: unknown) => running.request("PUT", `/api/v1/event-streams/${name}`, { body: { to, from: "start", reason: "SOC" } });
const seal = async (name: string, value: string, host: string) => expect((await running.request("PUT", `/api/v1/secrets/${name}`, { body: { value, hosts: [host] } })).status).toBe(200);
const gone = async (name: string) => expect((await running.request("DELETE", `/api/v1/event-streams/${name}`, { body: { reason: "done" } })).status).toBe(200);
const settingsFor = (kind: string, port: number) => (kind === "https" ? { kind: "http", url: `https://127.0.0.1:${port}/events` } : { kind: "syslog", host: "127.0.0.1", port });

beforeAll(async () => {
  running = await startTestServer();
});
afterAll(async () => {
  await running.close();
  for (const close of closing) close();
});

describe.each([["https", http], ["syslog over TLS (RFC 5425)", syslog]] as const)("%s", (kind, receiver) => {
  test("an authority of the receiver's own is believed where it was named, and nowhere else", async () => {
    const { port, taken } = await receiver(here);
    const to = settingsFor(kind, port);
    const unnamed = await put("own", to);
    expect(unnamed.status, unnamed.text).toBe(200);
    expect(unnamed.body.failing).toMatch(/verify|signature|certificate/i);
    expect((await put("own", { ...to, ca: stranger.certificate })).body.failing).toMatch(/verify|signature|certificate/i);
    expect(taken).toEqual([]);
    const named = await put("own", { ...to, ca: `# SOC\n${stranger.certificate}${authority.certificate}` });
    expect(named.body, named.text).toMatchObject({ failing: null, waiting: expect.any(Number) });
    expect(taken.length).toBeGreaterThan(0);
    await gone("own");
  });

  test("a certificate of another name is refused, whoever signed it", async () => {
    const { port, taken } = await receiver(elsewhere);
    expect((await put("name", { ...settingsFor(kind, port), ca: authority.certificate })).body.failing).toMatch(/does not match|isn't|altnames/i);
    expect(taken).toEqual([]);
    await gone("name");
  });

  test("a receiver that asks for our certificate gets it, with a key that is sealed for its host and shown to nobody", async () => {
    const { port, taken, peers } = await receiver(here, true);
    const to = { ...settingsFor(kind, port), ca: authority.certificate };
    expect((await put("mutual", to)).body.failing, "without one").not.toBeNull();
    await seal("siem-key", client.keyLine, "elsewhere.example");
    expect((await put("mutual", { ...to, certificate: client.certificate, key: "siem-key" })).body.failing).toMatch(/isn't sealed for/);
    await seal("siem-key", stranger.keyLine, `127.0.0.1:${port}`);
    expect((await put("mutual", { ...to, certificate: client.certificate, key: "siem-key" })).body.failing, "another certificate's key").toMatch(/key/i);
    expect(taken).toEqual([]);
    await seal("siem-key", client.keyLine, `127.0.0.1:${port}`);
    const answer = await put("mutual", { ...to, certificate: client.certificate, key: "siem-key" });
    expect(answer.body, answer.text).toMatchObject({ failing: null });
    expect(taken.length).toBeGreaterThan(0);
    expect(new Set(peers)).toEqual(new Set(["mandate-control"]));
    for (const seen of [answer.text, (await running.request("GET", "/api/v1/event-streams")).text, running.logged(), taken.join("\n")]) expect(seen).not.toContain(client.keyLine.slice(20, 80));
    await gone("mutual");
  });
});

test("what can't protect anything is refused: no certificate, half of a pair, TLS' parts without TLS", async () => {
  for (const [more, path] of [
    [{ ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----" }, "ca"],
    [{ ca: client.privateKey }, "ca"],
    [{ certificate: client.certificate }, "key"],
    [{ key: "siem-key" }, "key"],
  ] as const) {
    const answer = await put("odd", { kind: "http", url: "https://siem.example/", ...more });
    expect(answer.status, JSON.stringify(more).slice(0, 60)).toBe(400);
    expect(answer.text).toContain(path);
  }
  expect((await put("odd", { kind: "http", url: "http://siem.example/", ca: authority.certificate })).status).toBe(400);
  expect((await put("odd", { kind: "syslog", host: "siem.example", port: 601, tls: false, ca: authority.certificate })).status).toBe(400);
});
