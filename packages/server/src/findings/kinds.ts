import type { Remedy } from "@mandate/model";

export const severities = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof severities)[number];

export interface FindingKind {
  /** The cause, in plain words: what findings are grouped under. */
  readonly title: string;
  readonly severity: Severity;
  /** What mends it. `{system}` and `{id}` stand for the finding's. */
  readonly fix: Remedy;
}

/** Every kind of finding, what it is called and what mends it. A kind that isn't here is shown as what it is. */
const kinds: Readonly<Record<string, FindingKind>> = {
  access_recovered: { title: "Access was recovered on the machine", severity: "high", fix: { text: "Make sure that somebody announced it; end the sessions if nobody did.", command: 'npx mandate person end-sessions EMAIL --reason "…"' } },
  "approvers.changed": { title: "Groups of approvers have new members", severity: "high", fix: { text: "Undo the edit if nobody who approves knows of it; else let the day pass.", command: "npx mandate get groups" } },
  "attestation.sampled": { title: "Self-attested systems drawn for review", severity: "low", fix: { text: "Look at what its owner said, and close this with what you found.", url: "/systems/{system}" } },
  bootstrap_token: { title: "The bootstrap token is still set", severity: "high", fix: { text: "Remove MANDATE_BOOTSTRAP_TOKEN from the environment and start again." } },
  break_glass: { title: "Break-glass waits for its review", severity: "high", fix: { text: "Somebody who had no part in it reviews it.", url: "/exceptions" } },
  "evidence.altered": { title: "The evidence store was altered", severity: "critical", fix: { text: "Keep the database as it is, find out who could write to it, and restore a backup that verifies.", command: "npx mandate evidence verify" } },
  "evidence.epoch": { title: "The logs were closed and begun anew", severity: "high", fix: { text: "Compare what was lost with what the two people say; give witnesses the new key.", command: "npx mandate evidence witness policy" } },
  "evidence.log_rotated": { title: "A log's signing key was replaced", severity: "medium", fix: { text: "Make sure that whoever did it had the reason that stands here; then close this with what you found." } },
  "evidence.mirror_failing": { title: "Write-once copies of the logs aren't made", severity: "high", fix: { text: "See what the store answers, and mend its address, key or lock.", command: "npx mandate evidence mirror status" } },
  "evidence.unaccounted": { title: "Keys of sealed content are gone without an erasure", severity: "critical", fix: { text: "Keep the database as it is, compare its erasures with their entries, and bring the keys back from a backup of the last 35 days.", command: "npx mandate evidence erase --list" } },
  "evidence.witness_refuses": { title: "A witness refuses to sign the log", severity: "critical", fix: { text: "Keep the database as it is. Compare what the witness signed with what you kept.", command: "npx mandate evidence witness list" } },
  "evidence.witness_removed": { title: "An outside witness is no longer asked", severity: "high", fix: { text: "Name another one, or say why none is needed.", command: "npx mandate evidence witness list" } },
  "control.failed": { title: "Controls fail", severity: "high", fix: { text: "Open the control: its exceptions say what isn't as it should be.", url: "/frameworks" } },
  "credential.external_old": { title: "Keys elsewhere are too old", severity: "medium", fix: { text: "Replace the key where it lives, then import the list again.", command: "npx mandate credential import FILE.csv" } },
  "credential.external_unowned": { title: "Keys elsewhere without an owner", severity: "medium", fix: { text: "Name an owner who is here, then import the list again.", command: "npx mandate credential import FILE.csv" } },
  "credential.over_privileged": { title: "Credentials may do more than they do", severity: "low", fix: { text: "Register one with the scope that is used, change over, revoke this one.", url: "/credentials" } },
  "credential.unused": { title: "Credentials that nobody uses", severity: "medium", fix: { text: "Ask whoever answers for it, then revoke it.", url: "/credentials" } },
  "document.ended": { title: "Documents have ended", severity: "medium", fix: { text: "Renew the document and write its new end.", url: "/documents" } },
  "evaluation.below": { title: "Evaluations are below their threshold", severity: "high", fix: { text: "Mend what was measured, then score it again.", command: "npx mandate evaluation score NAME SCORE" } },
  "evaluation.missing": { title: "Evaluations have no current score", severity: "medium", fix: { text: "Measure it and add the score.", command: "npx mandate evaluation score NAME SCORE" } },
  implied_effect: { title: "Effects left to a provider's default", severity: "medium", fix: { text: "Have the program send the field named here as false." } },
  "events.undelivered": { title: "Events don't reach the SIEM", severity: "high", fix: { text: "See what its receiver answers, and mend its address, secret or certificate.", command: "npx mandate export stream list" } },
  "incident.clock_open": { title: "A legal clock waits for somebody to confirm it", severity: "high", fix: { text: "Say whether the duty applies, with the reason.", url: "/incidents" } },
  "incident.deadline_missed": { title: "A legal deadline of an incident has passed", severity: "critical", fix: { text: "Notify now, and record the proof of submission.", url: "/incidents", command: "npx mandate incident submit ID --clock CLOCK --reference REFERENCE" } },
  "intake.similar": { title: "Systems that do what another does", severity: "low", fix: { text: "Join the other system, or say under spec.distinctFrom why this is another.", url: "/systems/{system}" } },
  "issuer_keys.unreachable": { title: "Keys of an issuer can't be read", severity: "high", fix: { text: "Make the issuer reachable from here, and its address allowed.", url: "/settings" } },
  "notifications.undelivered": { title: "Notices don't arrive", severity: "medium", fix: { text: "Test the channel, correct it, replay what failed.", command: "npx mandate channel list" } },
  "owner.vacant": { title: "Systems without an owner", severity: "high", fix: { text: "Name a successor under spec.owners and apply; the successor confirms it.", command: "npx mandate get system/{system} -o yaml" } },
  passkey_copied: { title: "A passkey may have been copied", severity: "critical", fix: { text: "Speak with the person, look at what it signed, and have the passkeys reset.", command: 'npx mandate person reset-passkeys EMAIL --reason "…"' } },
  "policy.watch_ended": { title: "Watched policies whose time is over", severity: "low", fix: { text: "See what would have come out otherwise; apply the version, or let it go.", url: "/policies" } },
  policy_alert: { title: "Rules that can't be evaluated", severity: "high", fix: { text: "Mend the rule named here; calls it concerns are refused until then.", url: "/policies" } },
  policy_mismatch: { title: "Compiled rules differ from the reference engine", severity: "critical", fix: { text: "Change the rule that differs, and report the difference to Mandate's maintainers.", url: "/policies" } },
  prompt_outside_template: { title: "System prompts that no approved template holds", severity: "high", fix: { text: "Have the difference assessed, or send the approved template.", url: "/reassessments" } },
  "provisioning.paused": { title: "Provisioning waits for somebody", severity: "high", fix: { text: "See whom the directory would remove, then resume or ask its administrator.", url: "/settings" } },
  refused_attempt: { title: "Systems try what their boundary forbids", severity: "medium", fix: { text: "If the system has changed, correct its record; else mend what sends it.", url: "/reassessments" } },
  replay_mismatch: { title: "Decisions don't come out as they were recorded", severity: "critical", fix: { text: "Keep the database, verify it, and look at the gateway that wrote the entry: its rules or its record were changed.", command: "npx mandate decisions replay ID" } },
  tool_definition: { title: "Tools are not what was reviewed", severity: "high", fix: { text: "Read old against new on the page of its server, then pin the new one or refuse it and have the server mended.", url: "/mcp-servers", command: "npx mandate mcp diff SERVER" } },
  "review.below": { title: "Outcomes are worse than tolerated", severity: "high", fix: { text: "Find what went wrong, mend it, and review outcomes again.", url: "/reviews" } },
  "review.due": { title: "Outcome reviews are due", severity: "medium", fix: { text: "Review a sample of outcomes and write the result down.", url: "/reviews" } },
  "risk.not_accepted": { title: "Risks that nobody has accepted", severity: "high", fix: { text: "Have somebody with the role live with what is left, until a day.", command: 'npx mandate risk accept NAME --ends DAY --reason "…"' } },
  "risk.review_due": { title: "Risks are due for review", severity: "medium", fix: { text: "Look at the risk again and write the next day down.", url: "/risks" } },
  "telemetry.not_granted": { title: "Systems say they use what they were not granted", severity: "high", fix: { text: "Have it authorized, or have the program stop; what reports wrongly is mended where it runs.", url: "/systems/{system}" } },
  "telemetry.past_gateway": { title: "Systems say they call models past the gateway", severity: "high", fix: { text: "Route the call through the gateway, then take the provider's key from the program.", url: "/systems/{system}" } },
  "tier.contradiction": { title: "The gateway sees other than was declared", severity: "high", fix: { text: "Correct the record, or stop what was seen.", url: "/systems/{system}" } },
  "training.ended": { title: "Training has ended", severity: "low", fix: { text: "Have the person trained again and record it.", url: "/documents" } },
  unlisted_field: { title: "Fields that no field table lists", severity: "low", fix: { text: "Leave the field out, or have it added to the field table." } },
  unlisted_served_model: { title: "Models that weren't approved answer", severity: "high", fix: { text: "Have the difference assessed, then list it under the model's served.", url: "/reassessments" } },
  "visibility.gap": { title: "Vendors show less than the tier needs", severity: "high", fix: { text: "Write the gap down as a risk with the control LOG-05 and have it accepted, or use a model that shows more.", command: 'npx mandate risk accept NAME --ends DAY --reason "…"' } },
};

export function kindOf(kind: string): FindingKind {
  return kinds[kind] ?? { title: kind.replaceAll(/[._]/g, " "), severity: "medium", fix: { text: "Read what was found and settle its cause; then close it with how." } };
}

/** The fix with the finding's own names in it. */
export function fixOf(kind: string, system: string | null): Remedy {
  const { fix } = kindOf(kind);
  const fill = (text: string): string => text.replaceAll("{system}", () => system ?? "NAME");
  return { text: fix.text, ...(fix.command === undefined ? {} : { command: fill(fix.command) }), ...(fix.url === undefined ? {} : { url: fill(fix.url) }) };
}
