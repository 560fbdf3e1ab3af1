export type TokenErrorCode = "invalid_request" | "invalid_client" | "invalid_grant" | "unauthorized_client" | "unsupported_grant_type" | "invalid_scope" | "invalid_target" | "invalid_dpop_proof";

/** RFC 6749 §5.2 as a value to throw inside the token endpoint; `description` says nothing of keys held or not held. */
export class TokenRefused extends Error {
  readonly code: TokenErrorCode;
  readonly status: 400 | 401;
  constructor(code: TokenErrorCode, description: string) {
    super(description);
    this.name = "TokenRefused";
    this.code = code;
    this.status = code === "invalid_client" ? 401 : 400;
  }
}
