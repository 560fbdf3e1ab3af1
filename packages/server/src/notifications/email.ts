import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { createTransport } from "nodemailer";
import type { OutboundRule } from "@mandate/gateway";
import type { EmailConfig, Message, Outcome } from "./channel.ts";

const timeoutMs = 20_000;

/** SMTP. Mails of one thread refer to one id, so that a mail program shows question and outcome together. */
export async function sendEmail(message: Message, config: EmailConfig, password: string | undefined, outbound: OutboundRule): Promise<Outcome> {
  const address = await checkedAddress(config.host, config.port, outbound);
  const transport = createTransport({
    // The checked address is the one connected to; certificates are checked against the name.
    host: address,
    port: config.port,
    secure: config.tls === "implicit",
    requireTLS: config.tls === "required",
    ignoreTLS: config.tls === "none",
    ...(isIP(config.host) === 0 ? { tls: { servername: config.host } } : {}),
    ...(config.user === undefined ? {} : { auth: { user: config.user, pass: password ?? "" } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // A notice holds text alone: nothing in it may make the program read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = config.from.replace(/^.*@/, "").replace(/[^A-Za-z0-9.-]/g, "");
  try {
    const sent = await transport.sendMail({
      from: config.from,
      to: message.recipient,
      subject: message.subject,
      text: [...message.lines, "", message.url, ""].join("\n"),
      messageId: `<${message.id}@${domain}>`,
      references: `<${message.thread.replace(/[^A-Za-z0-9._-]/g, ".")}@${domain}>`,
      headers: { "Auto-Submitted": "auto-generated" },
    });
    return { state: "delivered", detail: sent.response.slice(0, 200) };
  } catch (error) {
    return { state: "retry", detail: smtpReason(error) };
  } finally {
    transport.close();
  }
}

function checkedAddress(host: string, port: number, outbound: OutboundRule): Promise<string> {
  if (isIP(host) !== 0) {
    outbound.check(host, host, port);
    return Promise.resolve(host);
  }
  return new Promise((resolve, reject) =>
    outbound.lookup(port)(host, { all: false }, (error, address: string | LookupAddress[]) => (error === null ? resolve(String(address)) : reject(error))),
  );
}

/** The server's own words, without what we sent: an error may quote the password. */
function smtpReason(error: unknown): string {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return ["SMTP", code, responseCode].filter((part) => typeof part === "string" || typeof part === "number").join(" ").slice(0, 200);
}
