import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { OutboundRule, UpstreamSecret } from "@mandate/gateway";
import { tlsParts } from "./secrets.ts";
import type { StreamSettings } from "./settings.ts";

const timeoutMs = 30_000;
/** Facility 13 (log audit), severity 6 (informational): RFC 5424 §6.2.1. */
const priority = 13 * 8 + 6;

/** One message of RFC 5424 behind its length (RFC 6587 §3.4.1, RFC 5425 §4.3). @param at RFC 3339 */
export function syslogFrame(at: string, host: string, json: string): Buffer {
  const message = Buffer.from(`<${priority}>1 ${at} ${host} mandate - ocsf - ${json}`);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/**
 * One batch over one connection, closed by us and then by the receiver. Syslog has no acknowledgement: that the receiver
 * closes after our end is the nearest there is, because it comes behind every byte we sent. Over TLS the receiver has to show a
 * certificate of a known authority for its name (RFC 5425 §4.2, §5.2); ours is shown where one is set.
 * @throws Error when that doesn't happen; the batch is then sent again
 */
export function sendSyslog(settings: Extract<StreamSettings, { kind: "syslog" }>, frames: readonly Buffer[], outbound: OutboundRule, secrets: readonly UpstreamSecret[]): Promise<void> {
  const { host, port, tls } = settings;
  return new Promise((resolve, reject) => {
    // An address written as such is never looked up, so it is checked here.
    if (/^[0-9.]+$/.test(host) || host.includes(":")) outbound.check(host, host, port);
    const lookup = outbound.lookup(port);
    const socket: Socket = tls ? connectTls({ host, port, lookup, servername: /^[0-9.:]+$/.test(host) ? "" : host, ...tlsParts(settings, { host: `${host}:${port}`, hostname: host }, secrets) }) : connect({ host, port, lookup });
    let isEnded = false;
    let isHeard = false;
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("the receiver takes too long")));
    socket.once(tls ? "secureConnect" : "connect", () => socket.end(Buffer.concat(frames), () => (isEnded = true)));
    // What a receiver says is not asked for; it is read so that its end is seen.
    socket.resume();
    socket.once("end", () => (isHeard = true));
    socket.once("error", reject);
    socket.once("close", () => (isEnded && isHeard ? resolve() : reject(new Error("the connection ended before everything was taken"))));
  });
}
