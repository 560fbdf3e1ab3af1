/** WebAuthn in the shape that travels as JSON: every binary member is base64url. */
export interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout?: number;
  readonly userVerification?: "required";
  readonly allowCredentials?: readonly Descriptor[];
}
export interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: readonly { readonly type: "public-key"; readonly alg: number }[];
  readonly timeout: number;
  readonly attestation: "none";
  readonly authenticatorSelection: AuthenticatorSelectionCriteria;
  readonly excludeCredentials: readonly Descriptor[];
}
interface Descriptor {
  readonly id: string;
  readonly type: "public-key";
  readonly transports?: readonly string[] | undefined;
}

/** The person closed the browser's question, or has no passkey that fits. Nothing happened. */
export class PasskeyDismissed extends Error {}

export const browserHasPasskeys = (): boolean => typeof PublicKeyCredential === "function" && isSecureContext;

/**
 * Asks the person for a passkey's signature over `challenge`.
 * @returns the body that the API takes as `assertion`
 * @throws PasskeyDismissed
 */
export async function signWithPasskey(options: RequestOptions): Promise<Record<string, unknown>> {
  const credential = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(options.challenge),
        rpId: options.rpId,
        timeout: options.timeout ?? 120_000,
        userVerification: "required",
        allowCredentials: (options.allowCredentials ?? []).map(descriptor),
      },
    }),
  );
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    ...identified(credential),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle === null ? null : text(response.userHandle),
    },
  };
}

/** Makes a passkey. @returns the body that the API takes as `registration` @throws PasskeyDismissed */
export async function makePasskey(options: CreationOptions): Promise<Record<string, unknown>> {
  const credential = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        pubKeyCredParams: [...options.pubKeyCredParams],
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: options.excludeCredentials.map(descriptor),
      },
    }),
  );
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    ...identified(credential),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

async function ask(run: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await run();
  } catch (cause) {
    if (
      cause instanceof DOMException &&
      (cause.name === "NotAllowedError" || cause.name === "AbortError" || cause.name === "InvalidStateError")
    )
      throw new PasskeyDismissed(cause.message, { cause });
    throw cause;
  }
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyDismissed("no passkey was given");
  return credential;
}

const identified = (credential: PublicKeyCredential) => ({
  id: credential.id,
  rawId: credential.id,
  type: "public-key",
});

const descriptor = (one: Descriptor): PublicKeyCredentialDescriptor => ({
  id: bytes(one.id),
  type: "public-key",
  ...(one.transports === undefined ? {} : { transports: one.transports as AuthenticatorTransport[] }),
});

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  let binary = "";
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
