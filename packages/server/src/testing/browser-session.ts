import { SoftPasskey } from "./soft-passkey.ts";
import type { Reply, TestServer } from "./running-server.ts";

/** A person's browser without the browser: keeps the cookie and sends the session's proof, as the console does. */
export class BrowserSession {
  readonly #mandate: TestServer;
  cookie: string | null = null;
  csrf = "";

  constructor(mandate: TestServer) {
    this.#mandate = mandate;
  }

  async request(method: string, path: string, body?: unknown): Promise<Reply> {
    const answer = await this.#mandate.request(method, `/api/v1${path}`, {
      token: null,
      ...(body === undefined ? {} : { body }),
      headers: { ...(this.cookie === null ? {} : { cookie: this.cookie }), ...(this.csrf === "" ? {} : { "x-mandate-csrf": this.csrf }), "user-agent": "Test Browser/1.0" },
    });
    const set = answer.headers.get("set-cookie");
    if (set !== null && answer.status < 300) {
      this.cookie = set.split(";", 1)[0]!;
      this.csrf = (await this.request("GET", "/session")).body?.csrf ?? "";
    }
    return answer;
  }

  /** Opens a sign-in link that `by` (a token; absent: the bootstrap account) makes. */
  async arrive(email: string, by?: string): Promise<Reply> {
    const made = await this.#mandate.request("POST", `/api/v1/people/${encodeURIComponent(email)}/sign-in-links`, { body: {}, ...(by === undefined ? {} : { token: by }) });
    if (made.status !== 201) return made;
    return this.request("POST", "/session/sign-in", { link: String(made.body.url) });
  }

  async addPasskey(passkey = new SoftPasskey(), confirmedBy?: SoftPasskey): Promise<Reply> {
    const options = await this.request("POST", "/account/passkeys/options", {});
    if (options.status !== 200) return options;
    const { creation, confirmation } = options.body;
    return this.request("POST", "/account/passkeys", {
      name: "Laptop",
      registration: passkey.create(creation),
      confirmation: confirmation === null || confirmedBy === undefined ? null : confirmedBy.assert(confirmation.challenge),
    });
  }

  async signInWith(passkey: SoftPasskey): Promise<Reply> {
    const options = await this.request("POST", "/session/passkey/options", {});
    return this.request("POST", "/session/passkey", { assertion: passkey.assert(options.body.challenge) });
  }
}
