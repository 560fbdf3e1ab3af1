import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Claims by subject: what the provider says of who signs in. */
  readonly people: Map<string, Record<string, unknown>>;
  close(): void;
}

/** `oidc-provider`, a certified OpenID Provider that others wrote, on loopback with its own development pages. */
export async function startTestProvider(redirectUri: string): Promise<TestProvider> {
  const http = createServer();
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const people = new Map<string, Record<string, unknown>>();
  const [clientId, clientSecret] = ["mandate", "client-secret-of-the-test-0123456789"];
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri], grant_types: ["authorization_code"], response_types: ["code"] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["a key for the test's cookies"] },
    pkce: { required: () => true },
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
  });
  const answer = provider.callback();
  http.on("request", (request, response) => void answer(request, response));
  return { issuer, clientId, clientSecret, people, close: () => void http.close() };
}

/** A browser's part: follows redirects with a cookie jar per host, fills in the provider's pages. */
export class TestBrowser {
  readonly #jars = new Map<string, Map<string, string>>();

  async request(url: string, init: { method?: string; body?: string } = {}): Promise<{ status: number; location: string | null; text: string; setCookie: readonly string[] }> {
    const jar = this.#jarOf(url);
    const response = await fetch(url, {
      method: init.method ?? "GET",
      redirect: "manual",
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(init.body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    const setCookie = response.headers.getSetCookie();
    for (const line of setCookie) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return { status: response.status, location: response.headers.get("location"), text: await response.text(), setCookie };
  }

  cookie(url: string, name: string): string | undefined {
    return this.#jarOf(url).get(name);
  }

  setCookie(url: string, name: string, value: string): void {
    this.#jarOf(url).set(name, value);
  }

  /** From the start address to the address that the provider sends the browser back to. */
  async passProvider(authorizationUrl: string, subject: string): Promise<string> {
    let url = authorizationUrl;
    for (let step = 0; step < 12; step++) {
      const page = await this.request(url);
      if (page.location !== null) {
        url = new URL(page.location, url).href;
        if (new URL(url).pathname.endsWith("/callback")) return url;
        continue;
      }
      const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1] ?? "login";
      const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? url;
      const sent = await this.request(new URL(action, url).href, { method: "POST", body: new URLSearchParams({ prompt, login: subject, password: "any" }).toString() });
      if (sent.location === null) throw new Error(`the provider's page went nowhere: ${sent.status} ${sent.text.slice(0, 300)}`);
      url = new URL(sent.location, url).href;
    }
    throw new Error("the provider never sent the browser back");
  }

  #jarOf(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }
}
