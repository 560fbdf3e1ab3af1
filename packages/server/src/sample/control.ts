import { AppError } from "@mandate/model";

/** What the sample needs of a running server. It has no other way in than any customer has: the public control API. */
export interface SampleServer {
  /** Origin of the control listener, as printed to people: `http://localhost:4600`. */
  readonly controlUrl: string;
  /** Origin of the gateway listener: `http://localhost:4601`. */
  readonly gatewayUrl: string;
  /** Token of an administrator service account. */
  readonly token: string;
  readonly log: (line: string) => void;
}

export type Json = Readonly<Record<string, unknown>>;

/** A caller of the control API as one token: the service account's, or a sample person's. */
export interface Control {
  get(path: string): Promise<Json>;
  /** Undefined for 404: an expected outcome. */
  find(path: string): Promise<Json | undefined>;
  send(method: "POST" | "PUT" | "DELETE", path: string, body?: Json | string): Promise<Json>;
  /** @returns undefined when it is gone; the problem document of a 409, an expected outcome, when something holds it */
  remove(path: string): Promise<Json | undefined>;
  as(token: string): Control;
}

export function control(server: SampleServer, token = server.token): Control {
  const call = async (method: string, path: string, body?: Json | string): Promise<{ status: number; body: Json }> => {
    const response = await fetch(`${server.controlUrl}/api/v1${path}`, {
      method,
      redirect: "error",
      signal: AbortSignal.timeout(60_000),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { "content-type": typeof body === "string" ? "application/yaml" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Json) };
  };
  const must = (method: string, path: string, { status, body }: { status: number; body: Json }): Json => {
    if (status < 300) return body;
    throw new AppError({
      code: "sample.refused",
      status,
      message: `The sample was not changed as asked: ${method} ${path} answered ${status}. ${String(body.detail ?? body.title ?? "")}`,
      internal: JSON.stringify(body).slice(0, 2000),
    });
  };
  return {
    get: async (path) => must("GET", path, await call("GET", path)),
    find: async (path) => {
      const answer = await call("GET", path);
      return answer.status === 404 ? undefined : must("GET", path, answer);
    },
    send: async (method, path, body) => must(method, path, await call(method, path, body)),
    remove: async (path) => {
      const answer = await call("DELETE", path);
      if (answer.status === 409) return answer.body;
      if (answer.status !== 404) must("DELETE", path, answer);
      return undefined;
    },
    as: (other) => control(server, other),
  };
}

/** Every item of a list, page after page. */
export async function* items(api: Control, path: string): AsyncGenerator<Json, void, undefined> {
  const joint = path.includes("?") ? "&" : "?";
  let cursor: unknown = null;
  do {
    const page: Json = await api.get(
      cursor === null ? path : `${path}${joint}cursor=${encodeURIComponent(String(cursor))}`,
    );
    if (Array.isArray(page.items)) for (const item of page.items as Json[]) yield item;
    cursor = page.nextCursor ?? null;
  } while (typeof cursor === "string");
}
