import { plural } from "./plural.ts";

export const leaked = {
  title: "A key somebody found",
  hit: (name: string) => `Key ${name}`,
  unknown: "No key of this installation",
  unknownNote: "Only its hash was compared; the text never left this page.",
  note: "Hashed in this browser; the text was not sent",
  owner: "Answers for it",
  lastUsed: "Last used",
  uses: "Last decisions of its system",
  reach: "What it reaches",
  reachText: (allowed: number, system: string) => `${plural(allowed, "thing", "things")} that ${system} may use`,
  revoke: "Revoke now",
  revokeTitle: (name: string) => `Revoke ${name}?`,
  revokeEffect: (calls: number) => `${plural(calls, "call an hour", "calls an hour")} will be refused, and running streams are cut. It can't be undone. An incident with its timeline opens with it.`,
  revoked: "Revoked",
  confirmations: "Gateways",
  gateway: (name: string, confirmed: boolean) => `${name}: ${confirmed ? "confirmed" : "waiting to confirm"}`,
  replacement: "Make a replacement",
  incident: "Open the incident's timeline",
  incidentTitle: (name: string) => `Key ${name} leaked`,
} as const;
