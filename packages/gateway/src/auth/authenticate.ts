import { hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { CredentialFacts, SystemFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import { type Refusal, refuse } from "../http/refusal.ts";

export type Caller =
  | { readonly known: false; readonly refusal: Refusal }
  /** `refusal` set: the caller is known, so the refusal is recorded. */
  | {
      readonly known: true;
      readonly credential: CredentialFacts;
      readonly system: SystemFacts | null;
      readonly refusal: Refusal | null;
    };

const maxKeyLength = 512;

/**
 * Who calls. A system's state is answered before its credential's, so that a suspended system's owner learns of the
 * suspension whatever became of the key with it.
 */
export function authenticate(compiled: Compiled, headers: IncomingHttpHeaders, nowSeconds: number): Caller {
  const key = presentedKey(headers);
  if (key === undefined) {
    return {
      known: false,
      refusal: refuse(
        "credential_unknown",
        "The call carries no key.",
        "Send the system's gateway key as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.",
      ),
    };
  }
  const credential = compiled.credentials.get(hash("sha256", key, "hex"));
  if (credential === undefined) {
    return {
      known: false,
      refusal: refuse("credential_unknown", "The key is not one of this installation's.", {
        text: "Create one for a registered system.",
        command: "mandate credential create --system NAME",
      }),
    };
  }
  const system = credential.system === null ? null : (compiled.systems.get(credential.system) ?? null);
  return { known: true, credential, system, refusal: stateRefusal(credential, system, nowSeconds) };
}

function stateRefusal(credential: CredentialFacts, system: SystemFacts | null, nowSeconds: number): Refusal | null {
  const name = system?.name ?? "NAME";
  if (system?.statusCode === "system_retired")
    return refuse(
      "system_retired",
      `${system.title} is retired: its calls are refused for good.`,
      "Register a new system, or ask its owners which one replaced it.",
      name,
    );
  if (system?.statusCode === "system_suspended")
    return refuse(
      "system_suspended",
      `${system.title} is suspended: its calls are refused.`,
      { text: "One of its owners can resume it.", command: `mandate system resume ${name}` },
      name,
    );
  if (credential.notAfter <= nowSeconds)
    return refuse(
      "credential_expired",
      "The key has passed its end.",
      { text: "Rotate it.", command: `mandate credential rotate ${credential.id}` },
      credential.id,
    );
  if (credential.state === "revoked")
    return refuse(
      "credential_revoked",
      "The key was revoked.",
      { text: "Create another.", command: `mandate credential create --system ${name}` },
      credential.id,
    );
  if (credential.state === "suspended")
    return refuse(
      "credential_suspended",
      "The key is suspended.",
      { text: "Resume it once the reason is gone.", command: `mandate credential resume ${credential.id}` },
      credential.id,
    );
  if (system === null)
    return refuse("not_registered", "The key belongs to no registered system, so nothing says what it may do.", {
      text: "Register the system and give it this credential.",
      command: "mandate apply -f system.yaml",
    });
  if (
    system.lifecycle === "production" &&
    !system.parameters.gatewayKeysInProduction &&
    credential.kind === "gateway-key"
  ) {
    return refuse(
      "not_authorized",
      `${system.title} is ${system.tier} in production, where a plain key is not accepted.`,
      "Use a workload identity or a signed client assertion.",
      "credential.kind",
    );
  }
  return null;
}

function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const authorization = headers.authorization;
  let key: string | string[] | undefined;
  if (authorization !== undefined && /^bearer /i.test(authorization)) key = authorization.slice(7).trim();
  else key = headers["x-api-key"] ?? headers["x-goog-api-key"];
  if (typeof key !== "string" || key === "" || key.length > maxKeyLength) return undefined;
  return key;
}
