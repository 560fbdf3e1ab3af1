import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemActor } from "../context/index.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { notify } from "./index.ts";
import type { Notice } from "./index.ts";

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Speaks just enough of a receiver's wire format to see what is sent to it. */
interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: (one: Received) => { status: number; body?: unknown; headers?: Record<string, string> };
  close(): void;
}

const closers: (() => void)[] = [];
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
}, 60_000);
afterAll(async () => {
  for (const close of closers) close();
  await server.close();
});

async function receiver(): Promise<Receiver> {
  const received: Received[] = [];
  const one: Receiver = { url: "", received, answer: () => ({ status: 200, body: {} }), close: () => undefined };
  const http: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => void (body += part.toString("utf8")));
    request.on("end", () => {
      const seen = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body };
      received.push(seen);
      const { status, body: answer = {}, headers = {} } = one.answer(seen);
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  closers.push(() => void http.close());
  return Object.assign(one, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
}

let threads = 0;
async function tell(notice: Partial<Notice> = {}): Promise<string> {
  const thread = notice.thread ?? `thread-${++threads}`;
  const ctx = server.server.contexts.quiet(systemActor("test"));
  await ctx.transact(async (tx, record) => {
    await notify(tx, ctx, { kind: "approval.asked", thread, system: "helper", to: ["ada@example.com"], subject: "Refund of €80 waits for you", lines: ["Asked by Support Concierge."], path: "/approve/apr_1", ...notice });
    record({ type: "notification", payload: { event: "asked" } });
  });
  return thread;
}

async function only(name: string, body: unknown): Promise<{ secret?: string }> {
  const { body: list } = await server.request("GET", "/api/v1/notification-channels");
  for (const one of list.items) await server.request("DELETE", `/api/v1/notification-channels/${one.name}`);
  const made = await server.request("PUT", `/api/v1/notification-channels/${name}`, { body });
  expect(made.text).toContain(`"name":"${name}"`);
  expect(made.status).toBe(201);
  return made.body;
}

const deliveries = async (name: string): Promise<{ id: string; state: string; attempts: number; outcome: string }[]> => (await server.request("GET", `/api/v1/notification-channels/${name}/deliveries`)).body.items;

/** As the Standard Webhooks text says, written apart from what signs. */
function verifies(secret: string, one: Received): boolean {
  const signed = `${String(one.headers["webhook-id"])}.${String(one.headers["webhook-timestamp"])}.${one.body}`;
  const expected = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64")).update(signed).digest();
  return String(one.headers["webhook-signature"])
    .split(" ")
    .some((part) => {
      const given = Buffer.from(part.replace("v1,", ""), "base64");
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
}

test("a webhook is signed, carries a link and no content, and a rotated secret leaves the old one a day", async () => {
  const hook = await receiver();
  const { secret } = await only("siem", { kind: "webhook", url: `${hook.url}/in` });
  await tell();
  await server.server.jobs.runAll();
  expect(hook.received).toHaveLength(1);
  expect(verifies(secret!, hook.received[0]!)).toBe(true);
  expect(verifies("whsec_AAAA", hook.received[0]!)).toBe(false);
  expect(JSON.parse(hook.received[0]!.body)).toMatchObject({ type: "approval.asked", data: { system: "helper", url: expect.stringMatching(/^http:\/\/localhost:\d+\/approve\/apr_1$/) } });
  const { body } = await server.request("POST", "/api/v1/notification-channels/siem/rotate", { body: {} });
  await tell();
  await server.server.jobs.runAll();
  expect([secret!, body.secret].map((one) => verifies(one, hook.received[1]!))).toEqual([true, true]);
  server.advance(25 * 3_600_000);
  await tell();
  await server.server.jobs.runAll();
  expect([secret!, body.secret].map((one) => verifies(one, hook.received[2]!))).toEqual([false, true]);
  const shown = await server.request("GET", "/api/v1/notification-channels/siem");
  expect(shown.text).not.toContain("whsec_");
});

/** A turn that is under way is joined, and may have looked before what it is waited for: more turns than are needed. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await server.server.jobs.runAll();
}

test("a receiver that fails is tried again later, in order, and a replay sends once more under the same id", async () => {
  const hook = await receiver();
  await only("flaky", { kind: "webhook", url: hook.url });
  hook.answer = () => ({ status: 500 });
  const thread = await tell();
  await tell({ thread, kind: "approval.decided", subject: "Approved" });
  await turns();
  expect(hook.received).toHaveLength(1);
  hook.answer = () => ({ status: 204 });
  server.advance(6_000);
  await turns();
  expect(hook.received.map((one) => JSON.parse(one.body).data.subject)).toEqual(["Refund of €80 waits for you", "Refund of €80 waits for you", "Approved"]);
  const [newest] = await deliveries("flaky");
  expect(newest).toMatchObject({ state: "delivered", attempts: 1 });
  expect((await server.request("POST", `/api/v1/notification-deliveries/${newest!.id}/replay`, { body: {} })).status).toBe(200);
  await turns();
  expect(hook.received[3]!.headers["webhook-id"]).toBe(hook.received[2]!.headers["webhook-id"]);
});

test("after the last attempt the delivery has failed and a finding says so; 410 suspends the channel at once", async () => {
  const hook = await receiver();
  await only("dead", { kind: "webhook", url: hook.url });
  hook.answer = () => ({ status: 503 });
  await tell();
  for (let attempt = 0; attempt < 12; attempt++) {
    await server.server.jobs.runAll();
    server.advance(86_400_000 + 1000);
  }
  expect(await deliveries("dead")).toMatchObject([{ state: "failed", attempts: 11 }]);
  const findings = await server.request("GET", "/api/v1/findings");
  expect(findings.text).toContain("Notices don't reach the channel dead");
  await only("gone", { kind: "webhook", url: hook.url });
  hook.answer = () => ({ status: 410 });
  await tell();
  await server.server.jobs.runAll();
  expect((await server.request("GET", "/api/v1/notification-channels/gone")).body).toMatchObject({ state: "suspended" });
});

test("redirects aren't followed and private addresses need an administrator's allow list", async () => {
  const [hook, other] = [await receiver(), await receiver()];
  await only("bouncer", { kind: "webhook", url: hook.url });
  hook.answer = () => ({ status: 302, headers: { location: other.url } });
  await tell();
  await server.server.jobs.runAll();
  expect(other.received).toHaveLength(0);
  await only("inner", { kind: "webhook", url: "https://10.9.8.7/in" });
  expect((await server.request("POST", "/api/v1/notification-channels/inner/test", { body: {} })).body).toMatchObject({ delivered: false, detail: expect.stringContaining("private or loopback") });
  const metadata = await server.request("PUT", "/api/v1/notification-channels/inner", { body: { kind: "webhook", url: "http://169.254.169.254/latest" } });
  expect(metadata.body).toMatchObject({ code: "notifications.clear_text" });
});

test("Slack: the outcome changes the message that asked, names can't make links, and the token goes to one host", async () => {
  // Answers in the shape of Slack's Web API.
  const slack = await receiver();
  slack.answer = () => ({ status: 200, body: { ok: true, channel: "C1", ts: "17.42" } });
  await only("chat", { kind: "slack", channel: "#ai", apiUrl: `${slack.url}/api`, secret: "xoxb-planted-secret" });
  const thread = await tell({ lines: ["By <!channel> & <https://evil.example|you>"] });
  await tell({ thread, kind: "approval.decided", subject: "Approved by Ada" });
  await server.server.jobs.runAll();
  await server.server.jobs.runAll();
  const bodies = slack.received.map((one) => [one.path, JSON.parse(one.body)] as const);
  expect(bodies.map(([path]) => path)).toEqual(["/api/chat.postMessage", "/api/chat.update"]);
  expect(bodies[1]![1]).toMatchObject({ channel: "C1", ts: "17.42" });
  expect(JSON.stringify(bodies[0]![1])).toContain("&lt;!channel&gt; &amp; &lt;https://evil.example");
  expect(slack.received[0]!.headers.authorization).toBe("Bearer xoxb-planted-secret");
  const moved = await server.request("PUT", "/api/v1/notification-channels/chat", { body: { kind: "slack", channel: "#ai", apiUrl: "https://elsewhere.example/api" } });
  expect(moved.body).toMatchObject({ code: "notifications.secret_missing" });
  const listed = await server.request("GET", "/api/v1/notification-channels");
  expect(listed.text + server.logged()).not.toContain("xoxb-planted-secret");
});

test("Teams: a card with a link, replaced by its outcome through the Bot Connector", async () => {
  // Answers in the shapes of the token endpoint and of the Bot Connector.
  const teams = await receiver();
  teams.answer = (one) => (one.path === "/token" ? { status: 200, body: { access_token: "tok", token_type: "Bearer" } } : { status: 201, body: { id: "act/1" } });
  await only("teams", { kind: "teams", serviceUrl: teams.url, tokenUrl: `${teams.url}/token`, conversation: "19:abc@thread.tacv2", appId: "app", secret: "pass" });
  const thread = await tell();
  await tell({ thread, subject: "Refused by Ada" });
  await server.server.jobs.runAll();
  await server.server.jobs.runAll();
  const activities = teams.received.filter((one) => one.path !== "/token");
  expect(activities.map((one) => [one.method, one.path])).toEqual([
    ["POST", "/v3/conversations/19%3Aabc%40thread.tacv2/activities"],
    ["PUT", "/v3/conversations/19%3Aabc%40thread.tacv2/activities/act%2F1"],
  ]);
  expect(JSON.parse(activities[1]!.body).attachments[0].content.actions).toEqual([{ type: "Action.OpenUrl", title: "Open in Mandate", url: expect.stringContaining("/approve/apr_1") }]);
});

test("mail reaches each person through a real SMTP server, question and outcome in one thread", async () => {
  const mails: { to: string[]; text: string }[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      let text = "";
      stream.on("data", (part: Buffer) => void (text += part.toString("utf8")));
      stream.on("end", () => {
        mails.push({ to: session.envelope.rcptTo.map((one) => one.address), text });
        done();
      });
    },
  });
  await new Promise<void>((done) => smtp.listen(0, "127.0.0.1", done));
  closers.push(() => smtp.close());
  const port = (smtp.server.address() as AddressInfo).port;
  await only("mail", { kind: "email", host: "127.0.0.1", port, tls: "none", from: "Mandate <mandate@example.com>" });
  const thread = await tell({ to: ["Ada@example.com", "ben@example.com", "ada@example.com"], subject: "Waits\r\nBcc: eve@example.com" });
  await tell({ thread, to: ["ada@example.com"], subject: "Decided" });
  await server.server.jobs.runAll();
  await server.server.jobs.runAll();
  expect(mails.map((one) => one.to).toSorted()).toEqual([["ada@example.com"], ["ada@example.com"], ["ben@example.com"]]);
  expect(mails.every((one) => !/^Bcc:/im.test(one.text))).toBe(true);
  const references = mails.map((one) => /^References: (.*)$/im.exec(one.text)?.[1]);
  expect(new Set(references).size).toBe(1);
  expect(mails[0]!.text).toContain("/approve/apr_1");
});

test("STARTTLS is required by default: a relay that doesn't offer it gets nothing", async () => {
  const smtp = new SMTPServer({ authOptional: true, disabledCommands: ["STARTTLS"] });
  await new Promise<void>((done) => smtp.listen(0, "127.0.0.1", done));
  closers.push(() => smtp.close());
  await only("mail", { kind: "email", host: "127.0.0.1", port: (smtp.server.address() as AddressInfo).port, from: "mandate@example.com" });
  expect((await server.request("POST", "/api/v1/notification-channels/mail/test", { body: {} })).body).toMatchObject({ delivered: false, detail: expect.stringContaining("SMTP") });
});

test("a channel takes the kinds it names, and only administrators see channels", async () => {
  const hook = await receiver();
  await only("some", { kind: "webhook", url: hook.url, kinds: ["incident.opened"] });
  await tell();
  await tell({ kind: "incident.opened" });
  await server.server.jobs.runAll();
  expect(hook.received.map((one) => JSON.parse(one.body).type)).toEqual(["incident.opened"]);
  await server.request("POST", "/api/v1/people", { body: { email: "ada@example.com", name: "Ada", roles: ["developer"] } });
  const { body } = await server.request("POST", "/api/v1/people/ada@example.com/tokens", { body: { notAfter: new Date(server.now() + 3_600_000).toISOString() } });
  expect((await server.request("GET", "/api/v1/notification-channels", { token: body.token })).status).toBe(403);
  const own = await server.request("GET", "/api/v1/notifications", { token: body.token });
  expect(own.body.items.length).toBeGreaterThan(3);
  expect(own.body.items.slice(0, 2)).toMatchObject([{ kind: "person.invited", path: "/sign-in" }, { kind: "incident.opened", path: "/approve/apr_1" }]);
});
