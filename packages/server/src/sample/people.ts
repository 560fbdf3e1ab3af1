import type { Role } from "@mandate/model";

export interface SamplePerson {
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

const person = (email: string, name: string, ...roles: readonly Role[]): SamplePerson => ({
  email: `${email}@halden.example`,
  name,
  roles,
});

/** The people of Halden Retail. Nobody here is real, and `.example` can receive no mail. */
export const people: readonly SamplePerson[] = [
  person("marta.lindqvist", "Marta Lindqvist", "business-owner"),
  person("tomasz.wrona", "Tomasz Wrona", "technical-owner", "developer"),
  person("jonas.brandt", "Jonas Brandt", "governance-lead"),
  person("aylin.kaya", "Aylin Kaya", "business-owner"),
  person("dana.okafor", "Dana Okafor", "developer"),
  person("noor.janssen", "Noor Janssen", "business-owner"),
  person("bastian.keller", "Bastian Keller", "technical-owner", "developer"),
  person("sofia.almeida", "Sofia Almeida", "business-owner"),
  person("emil.novak", "Emil Novak", "technical-owner", "developer"),
  person("lucia.ferrari", "Lucia Ferrari", "business-owner"),
  person("ingrid.solheim", "Ingrid Solheim", "business-owner"),
  person("pavel.hruska", "Pavel Hruška", "developer"),
  person("ravi.menon", "Ravi Menon", "business-owner"),
  person("ines.carvalho", "Inês Carvalho", "security-reviewer"),
  person("pieter.vos", "Pieter Vos", "legal-reviewer"),
  person("helena.sorokina", "Helena Sorokina", "authorizing-official"),
  person("mei.tanaka", "Mei Tanaka", "auditor"),
];

/**
 * Added last: once somebody administers, a token that another person made approves nothing, and the sample's history of
 * approvals is made with such tokens.
 */
export const administrator = person("oskar.nyman", "Oskar Nyman", "administrator");

/** Whom the printed sign-in link signs in: sees everything, and as a care lead decides the held refund. */
export const reader = "jonas.brandt@halden.example";
