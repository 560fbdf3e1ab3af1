import type { Role } from "@mandate/model";

/** Who closes a gap in controls of a family, until somebody is named: the role that can change what the control looks at. */
const byFamily: Readonly<Record<string, Role>> = {
  OWN: "business-owner",
  INV: "technical-owner",
  TIER: "governance-lead",
  GATE: "business-owner",
  RT: "security-reviewer",
  DATA: "legal-reviewer",
  NHI: "technical-owner",
  LOG: "security-reviewer",
  OVS: "business-owner",
  VEN: "business-owner",
  INC: "governance-lead",
};

export function gapRole(family: string): Role {
  return byFamily[family] ?? "governance-lead";
}
