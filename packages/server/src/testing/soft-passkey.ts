import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { PasskeyAssertion, PasskeyRegistration } from "../passkeys/index.ts";

export type SoftKeyKind = "ES256" | "EdDSA" | "RS256";

export interface SoftAnswer {
  readonly rpId?: string;
  readonly origin?: string;
  readonly userVerified?: boolean;
  readonly crossOrigin?: boolean;
  /** Sets the counter instead of raising it by one: what a copy of the key would send. */
  readonly counter?: number;
}

/**
 * An authenticator in memory, for tests without a browser: real keys and real WebAuthn bytes, and every lie that an
 * attacker's own authenticator could tell.
 */
export class SoftPasskey {
  readonly id = randomBytes(32).toString("base64url");
  readonly kind: SoftKeyKind;
  readonly rpId: string;
  readonly origin: string;
  readonly #privateKey: KeyObject;
  readonly #cose: Buffer;
  #userHandle: string | null = null;
  #counter = 0;

  constructor(options: { readonly origin?: string; readonly rpId?: string; readonly kind?: SoftKeyKind } = {}) {
    this.kind = options.kind ?? "ES256";
    this.origin = options.origin ?? "http://localhost:4600";
    this.rpId = options.rpId ?? new URL(this.origin).hostname;
    const { privateKey, cose } = newKey(this.kind);
    this.#privateKey = privateKey;
    this.#cose = cose;
  }

  /** @param options challenge (base64url) and user of the server's creation options */
  create(options: { readonly challenge: string; readonly user: { readonly id: string } }, answer: SoftAnswer = {}): PasskeyRegistration {
    this.#userHandle = options.user.id;
    const id = Buffer.from(this.id, "base64url");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const authData = Buffer.concat([this.#authenticatorData(answer, 0x40), Buffer.alloc(16), length, id, this.#cose]);
    const attestationObject = Buffer.concat([Buffer.from([0xa3]), cborText("fmt"), cborText("none"), cborText("attStmt"), Buffer.from([0xa0]), cborText("authData"), cborBytes(authData)]);
    return {
      id: this.id,
      rawId: this.id,
      type: "public-key",
      response: { clientDataJSON: this.#clientData("webauthn.create", options.challenge, answer), attestationObject: attestationObject.toString("base64url"), transports: ["internal"] },
    };
  }

  /** @param challenge base64url, or the bytes themselves */
  assert(challenge: string | Uint8Array, answer: SoftAnswer = {}): PasskeyAssertion {
    this.#counter = answer.counter ?? this.#counter + 1;
    const authenticatorData = this.#authenticatorData(answer, 0);
    const clientDataJSON = this.#clientData("webauthn.get", typeof challenge === "string" ? challenge : Buffer.from(challenge).toString("base64url"), answer);
    const signed = Buffer.concat([authenticatorData, createHash("sha256").update(Buffer.from(clientDataJSON, "base64url")).digest()]);
    const signature = sign(this.kind === "EdDSA" ? null : "sha256", signed, this.#privateKey);
    return {
      id: this.id,
      rawId: this.id,
      type: "public-key",
      response: { clientDataJSON, authenticatorData: authenticatorData.toString("base64url"), signature: signature.toString("base64url"), userHandle: this.#userHandle },
    };
  }

  #authenticatorData(answer: SoftAnswer, flags: number): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.#counter);
    const userFlags = 0x01 | (answer.userVerified === false ? 0 : 0x04);
    return Buffer.concat([createHash("sha256").update(answer.rpId ?? this.rpId).digest(), Buffer.from([flags | userFlags]), counter]);
  }

  #clientData(type: string, challenge: string, answer: SoftAnswer): string {
    return Buffer.from(JSON.stringify({ type, challenge, origin: answer.origin ?? this.origin, crossOrigin: answer.crossOrigin ?? false })).toString("base64url");
  }
}

function newKey(kind: SoftKeyKind): { privateKey: KeyObject; cose: Buffer } {
  if (kind === "EdDSA") {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return { privateKey, cose: Buffer.concat([Buffer.from([0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21]), member(publicKey, "x")]) };
  }
  if (kind === "RS256") {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return { privateKey, cose: Buffer.concat([Buffer.from([0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20]), member(publicKey, "n"), Buffer.from([0x21]), member(publicKey, "e")]) };
  }
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, cose: Buffer.concat([Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]), member(publicKey, "x"), Buffer.from([0x22]), member(publicKey, "y")]) };
}

function member(key: KeyObject, name: "x" | "y" | "n" | "e"): Buffer {
  return cborBytes(Buffer.from(String(key.export({ format: "jwk" })[name]), "base64url"));
}

function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 | text.length]), Buffer.from(text)]);
}

/** RFC 8949 §3: a byte string of up to 65,535 bytes. */
function cborBytes(bytes: Buffer): Buffer {
  const head = bytes.length < 24 ? [0x40 | bytes.length] : bytes.length < 256 ? [0x58, bytes.length] : [0x59, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from(head), bytes]);
}
