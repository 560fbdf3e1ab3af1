/** Somewhere outside this machine that holds a key and never gives it away: it only wraps and unwraps. */
export interface KeyProvider {
  /** Which key wraps now, as an operator names it. */
  readonly keyName: string;
  /** @returns what opens again only with this provider, this key and the same context */
  wrap(key: Uint8Array, context: string): Promise<string>;
  /** @throws AppError `keys.refused` (500) or `keys.unreachable` (503) */
  unwrap(wrapped: string, context: string): Promise<Uint8Array>;
}

/** What a deployment chose, as read from the environment. */
export type KeyConfiguration =
  | { readonly kind: "file"; readonly path: string | null }
  | { readonly kind: "environment"; readonly text: string }
  | { readonly kind: "aws-kms"; readonly keyId: string; readonly region: string; readonly endpoint: string; readonly credentials: AwsCredentials }
  | { readonly kind: "vault-transit"; readonly address: string; readonly mount: string; readonly key: string; readonly token: string; readonly namespace: string | null };

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export type Fetch = (request: Request) => Promise<Response>;
