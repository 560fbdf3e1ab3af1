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

type Choice = "approve" | "refuse";

/** Hex digest as the base64url that a passkey's challenge is written in. */
function challengeOf(digest: string): string {
  const bytes = digest.match(/../g)!.map((pair) => Number.parseInt(pair, 16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** The passkey signs the digest of exactly what this page shows; undefined where the reader has none here. */
async function sign(
  item: ApprovalView,
  choice: Choice,
): Promise<{ webauthn: Parameters<typeof client.approvals.approve>[1]["webauthn"] } | undefined> {
  const digest = choice === "approve" ? item.digest : item.refuseDigest;
  if (item.passkey == null || digest === undefined) return undefined;
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
      const signed = await sign(item, choice);
      await client.approvals[choice](item.id, {
        reason: reason.trim(),
        ...signed,
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
