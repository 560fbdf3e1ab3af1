import { request as requestHttp } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";
import type { OutboundRule } from "@mandate/gateway";

export interface OutboundRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly outbound: OutboundRule;
  /** Of https alone, in PEM: authorities in place of the system's, and what we show. The other side's name is checked always. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly signal: AbortSignal;
  readonly maxAnswerBytes: number;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * One request of the control plane to somebody else's address. Redirects aren't followed (a secret must not travel to
 * where it wasn't meant for), the address that was checked is the one connected to, and the answer is bounded.
 * @throws OutboundRefused, or whatever the socket says
 */
export function outboundRequest(target: URL, options: OutboundRequest): Promise<OutboundAnswer> {
  const { method, headers = {}, body, outbound, tls = {}, signal, maxAnswerBytes } = options;
  const secure = target.protocol === "https:";
  if (!secure && target.protocol !== "http:") return Promise.reject(new Error("only http and https are called"));
  const port = target.port === "" ? (secure ? 443 : 80) : Number(target.port);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(
      target,
      { method, signal, agent: false, ...(secure ? tls : {}), lookup: outbound.lookup(port), headers: { ...headers, ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }) } },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on("data", (part: Buffer) => {
          size += part.length;
          if (size > maxAnswerBytes) request.destroy(new Error("answer too large"));
          else parts.push(part);
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString("utf8") }));
        response.on("error", reject);
      },
    );
    // An address written as such is never looked up, so it is checked here.
    request.once("socket", () => {
      try {
        if (/^[0-9.]+$/.test(host) || host.includes(":")) outbound.check(host, host, port);
      } catch (error) {
        request.destroy(error as Error);
      }
    });
    request.once("error", reject);
    request.end(body);
  });
}
