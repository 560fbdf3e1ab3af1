import { parseStrictObject } from "../json/strict-json.ts";
import type { Members } from "../surfaces/fields.ts";
import { UpstreamFailure } from "../upstream/client.ts";
import { messageOf } from "./json-rpc.ts";
import type { McpLink } from "./link.ts";

export interface OwnAnswer {
  readonly result: Members;
  readonly sessionId: string | null;
}

const timeoutMs = 20_000;
let count = 0;

/**
 * A request of the gateway's own: what a server offers, or a session where the client opened none. It carries nothing of
 * a caller. @throws UpstreamFailure
 */
export function askServer(link: McpLink, method: string, params: Members, headers: Readonly<Record<string, string>>, maxDepth: number): Promise<OwnAnswer> {
  const id = `mandate-${++count}`;
  return new Promise((resolve, reject) => {
    let sessionId: string | null = null;
    let settled = false;
    const settle = (work: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      call?.abort();
      work();
    };
    const cut = (internal: string): void => settle(() => reject(new UpstreamFailure("cut", "The MCP server's answer broke off.", internal)));
    const timer = setTimeout(() => settle(() => reject(new UpstreamFailure("timeout", "The MCP server did not answer in time.", "own request"))), timeoutMs);
    let call: { abort(): void } | undefined;
    try {
      call = link.send(
        { verb: "POST", message: { jsonrpc: "2.0", id, method, params }, headers, longLived: false },
        {
          head: (status, session) => {
            sessionId = session;
            if (status >= 300) cut(`status ${status}`);
          },
          message: (text) => {
            if (text === "" || settled) return;
            try {
              const message = messageOf(parseStrictObject(Buffer.from(text, "utf8"), maxDepth).value);
              if (message.kind !== "response" || message.id !== id) return;
              if (message.result === null) return cut("an error");
              const { result } = message;
              settle(() => resolve({ result, sessionId }));
            } catch {
              cut("not a message");
            }
          },
          end: () => cut("no answer"),
          fail: (failure) => settle(() => reject(failure)),
        },
      );
      if (settled) call.abort();
    } catch (error) {
      settle(() => reject(error instanceof Error ? error : new Error(String(error))));
    }
  });
}

/** Sends a message that is not answered; what becomes of it is nobody's business here. */
export function tellServer(link: McpLink, message: Members | null, headers: Readonly<Record<string, string>>, verb: "POST" | "DELETE" = "POST"): Promise<number> {
  return new Promise((resolve) => {
    let status = 0;
    const done = (): void => {
      clearTimeout(timer);
      resolve(status);
    };
    const timer = setTimeout(() => {
      call?.abort();
      done();
    }, timeoutMs);
    let call: { abort(): void } | undefined;
    try {
      call = link.send({ verb, message, headers, longLived: false }, { head: (code) => (status = code), message: () => undefined, end: done, fail: done });
    } catch {
      done();
    }
  });
}
