import { AppError } from "@mandate/model";

export const held = (holds: readonly { readonly id: string; readonly basis: string }[]): AppError =>
  new AppError({
    code: "evidence.held",
    status: 409,
    message: `A legal hold keeps this content: ${holds.map((one) => `${one.id} (${one.basis})`).join(", ")}. Nothing was erased.`,
    remedies: [{ text: "Have the hold released first, with its reason.", command: `npx mandate evidence release ${holds[0]?.id ?? "ID"} --reason TEXT` }],
  });

export const nothingThere = (): AppError =>
  new AppError({
    code: "evidence.nothing_to_erase",
    status: 404,
    message: "There is no content left under this scope: nothing matches, or it was erased before.",
    remedies: [{ text: "Look at what was erased.", command: "npx mandate evidence erase --list" }],
  });

export const personNeeded = (what: string): AppError =>
  new AppError({
    code: "evidence.person_needed",
    status: 403,
    message: `${what} in their own name; a service account can't be asked why.`,
    remedies: [{ text: "Use a person's token or session." }],
  });

export const noHold = (id: string): AppError =>
  new AppError({ code: "evidence.no_hold", status: 404, message: `There is no legal hold \`${id}\` in force.`, remedies: [{ text: "List them.", command: "npx mandate evidence hold --list" }] });

export const subjectUnclear = (): AppError =>
  new AppError({
    code: "evidence.subject_unclear",
    status: 400,
    message: "More than one issuer vouches for people here, and a subject means nothing without its issuer.",
    remedies: [{ text: "Name it with --issuer, or write the subject as ISSUER#SUBJECT." }],
  });
