import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../api.ts";
import type { ApprovalView } from "../api-types.ts";
import { TextInput } from "../components/dialog.tsx";
import { Failed } from "../components/states.tsx";
import { Button, useNow } from "../components/ui.tsx";
import { timeLeft } from "../format.ts";
import { PasskeyDismissed, signWithPasskey } from "../passkeys.ts";
import * as words from "../text/approvals.ts";
import { Conditions } from "./approve-conditions.tsx";
import type { Condition } from "./approve-conditions.tsx";

type Choice = "approve" | "refuse";

/** Hex digest as the base64url that a passkey's challenge is written in. */
function challengeOf(digest: string): string {
  const bytes = digest.match(/../g)!.map((pair) => Number.parseInt(pair, 16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** A yes under conditions is signed with them in it: the statement as the server writes it, hashed as it does. */
async function digestUnder(item: ApprovalView, conditions: readonly Condition[]): Promise<string> {
  const ledger = await import("@mandate/ledger");
  const before = item.statement["conditions"];
  const all = [...(Array.isArray(before) ? (before as unknown[]) : []), ...conditions];
  const bytes = new TextEncoder().encode(ledger.canonicalJson({ ...item.statement, conditions: all }));
  return ledger.toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** The passkey signs the digest of exactly what this page shows; undefined where the reader has none here. */
async function sign(
  item: ApprovalView,
  choice: Choice,
  conditions: readonly Condition[],
): Promise<{ webauthn: Parameters<typeof client.approvals.approve>[1]["webauthn"] } | undefined> {
  if (item.passkey == null) return undefined;
  const yes = conditions.length === 0 ? item.digest : await digestUnder(item, conditions);
  const digest = choice === "approve" ? yes : item.refuseDigest;
  if (digest === undefined) return undefined;
  const { rpId, credentialIds } = item.passkey;
  const made = await signWithPasskey({
    challenge: challengeOf(digest),
    rpId,
    allowCredentials: credentialIds.map((id) => ({ id, type: "public-key" })),
  });
  const { authenticatorData, clientDataJSON, signature } = made.response as Record<
    "authenticatorData" | "clientDataJSON" | "signature",
    string
  >;
  return { webauthn: { credentialId: String(made.id), authenticatorData, clientDataJSON, signature } };
}

/** Reason and the two buttons. Nothing is decided by opening the page; each button is confirmed by passkey. */
export function Answer({ item }: { item: ApprovalView }) {
  const now = useNow();
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState("");
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [dismissed, setDismissed] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const cannotSign = item.passkeyRequired === true && item.passkey == null;
  const decide = async (choice: Choice): Promise<void> => {
    if (reason.trim() === "") {
      setMissing(true);
      document.getElementById("reason")?.focus();
      return;
    }
    setBusy(true);
    setError(null);
    setDismissed(false);
    try {
      const signed = await sign(item, choice, conditions);
      await client.approvals[choice](item.id, {
        reason: reason.trim(),
        ...signed,
        ...(choice === "refuse" || conditions.length === 0 ? {} : { conditions }),
        ...(minutes.trim() === "" ? {} : { minutes: minutes.trim() }),
      });
      await queries.invalidateQueries({ queryKey: ["approvals"] });
    } catch (cause) {
      if (cause instanceof PasskeyDismissed) setDismissed(true);
      else setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error !== null && <Failed error={error} what={words.approve.failed} />}
      {dismissed && (
        <p className="problem small" role="alert">
          {words.approve.dismissed}
        </p>
      )}
      {item.onBehalfOf !== undefined && <p className="small">{words.approve.onBehalfOf(item.onBehalfOf)}</p>}
      {cannotSign && (
        <p className="small">
          {words.approve.noPasskey} <Link to="/account">{words.approve.addPasskey}</Link>
        </p>
      )}
      {item.votesInCommittee === true && (
        <TextInput
          label={words.approve.minutes}
          help={words.approve.minutesHelp}
          value={minutes}
          onChange={setMinutes}
          area
        />
      )}
      {(item.action === "pilot" || item.action === "production") && (
        <Conditions value={conditions} onChange={setConditions} />
      )}
      <label htmlFor="reason">{words.approve.reason}</label>
      <input
        id="reason"
        value={reason}
        maxLength={1000}
        autoComplete="off"
        aria-invalid={missing && reason.trim() === ""}
        aria-describedby="reason-note"
        onChange={(event) => setReason(event.target.value)}
      />
      {missing && reason.trim() === "" && (
        <p className="problem small" role="alert">
          {words.approve.needReason}
        </p>
      )}
      <div className="approve-buttons">
        <Button isDisabled={busy} onPress={() => void decide("refuse")}>
          {words.approve.refuse}
        </Button>
        <Button look="accent" isDisabled={busy || cannotSign} onPress={() => void decide("approve")}>
          {words.approve.approve}
        </Button>
      </div>
      <p id="reason-note" className="muted small">
        {words.approve.covers(timeLeft(item.expiresAt, now))}{" "}
        {item.passkey == null ? words.approve.bySession : words.approve.byPasskey}
      </p>
    </>
  );
}
