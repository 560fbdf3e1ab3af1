import { expect } from "vitest";
import { BrowserSession } from "./browser-session.ts";
import type { Reply, TestServer } from "./running-server.ts";
import { SoftPasskey } from "./soft-passkey.ts";
import type { SoftAnswer } from "./soft-passkey.ts";

/** A person with a browser and a passkey of their own, who signs questions as the page does. */
export class Somebody {
  readonly email: string;
  readonly passkey = new SoftPasskey();
  readonly session: BrowserSession;

  constructor(mandate: TestServer, email: string) {
    this.email = email;
    this.session = new BrowserSession(mandate);
  }

  /** Takes the invitation and adds a first passkey, which signs at once. */
  async arrive(): Promise<this> {
    expect((await this.session.arrive(this.email)).status).toBe(200);
    const added = await this.session.addPasskey(this.passkey);
    expect(added.status, added.text).toBe(201);
    return this;
  }

  async sign(id: string, choice: "approve" | "refuse", body: Record<string, unknown> = {}, lies: SoftAnswer & { challenge?: string; passkey?: SoftPasskey } = {}): Promise<Reply> {
    const shown = (await this.session.request("GET", `/approvals/${id}`)).body;
    const digest = lies.challenge ?? (choice === "approve" ? shown.digest : shown.refuseDigest);
    const { id: credentialId, response } = (lies.passkey ?? this.passkey).assert(Buffer.from(digest, "hex"), lies);
    const { authenticatorData, clientDataJSON, signature } = response;
    return this.session.request("POST", `/approvals/${id}/${choice}`, { reason: "looked at it", webauthn: { credentialId, authenticatorData, clientDataJSON, signature }, ...body });
  }

  answer(id: string, choice: "approve" | "refuse", body: Record<string, unknown> = {}): Promise<Reply> {
    return this.session.request("POST", `/approvals/${id}/${choice}`, { reason: "looked at it", ...body });
  }
}
