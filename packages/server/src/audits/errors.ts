import { AppError } from "@mandate/model";

const made = (code: string, status: number, message: string, text: string, command?: string): AppError =>
  new AppError({ code: `audits.${code}`, status, message, remedies: [{ text, ...(command === undefined ? {} : { command }) }] });

export const auditNotFound = (): AppError => made("not_found", 404, "There is no audit with this id that you take part in.", "List yours.", "npx mandate audit list");
export const auditEnded = (ends: string): AppError => made("ended", 403, `This audit ended on ${ends}, and what it opened with it.`, "Ask the governance lead to open another.", "npx mandate audit open");
export const auditorUnknown = (email: string): AppError => made("auditor_unknown", 400, `${email} is nobody's e-mail here, or the person doesn't hold the role auditor.`, "Invite the person with the role auditor first.", `npx mandate person add ${email} --role auditor`);
export const notIndependent = (email: string): AppError => made("not_independent", 409, `${email} holds another role or owns a system here, and an auditor judges nobody's work but others'.`, "Name somebody who has no part in what is audited.");
export const auditorOnly = (): AppError => made("auditor_only", 403, "Only this audit's auditors do this: a sample drawn by those it is about would prove nothing.", "Ask an auditor named in the audit.");
export const operatorOnly = (): AppError => made("operator_only", 403, "An auditor asks; those who answer for the systems answer.", "Ask a question instead.");
export const populationFixed = (): AppError => made("population_fixed", 409, "The population was fixed already, and stays as it is.", "Open another audit for another population.");
export const populationOpen = (): AppError => made("population_open", 409, "Nothing can be drawn before the population is fixed.", "Fix it first.", "npx mandate audit population");
export const populationEmpty = (): AppError => made("population_empty", 409, "No decision lies in this scope and period, so there is nothing to draw from.", "Open an audit of another period or other systems.");
export const tooManyDraws = (most: number): AppError => made("draws", 409, `${most} samples were drawn already.`, "Read those, or open another audit.");
export const endsWrong = (days: number): AppError => made("ends", 400, `An audit ends within ${days} days, and not in the past.`, "Name an earlier end.");
export const systemUnknown = (name: string): AppError => made("system_unknown", 404, `No system named ${name} is or was registered.`, "List the systems.", "npx mandate get systems");
export const sampleMissing = (): AppError => made("sample_missing", 404, "The audit has no such sample or member.", "Read the audit for what was drawn.");
export const questionMissing = (): AppError => made("question_missing", 404, "The audit has no question of this number.", "Read the audit for its questions.");
export const valueWrong = (): AppError => made("value", 400, "Your value is one line of 1 to 200 characters.", "Roll dice, or take a headline: nobody here may have known it before.");
export const personNeeded = (): AppError => made("person_needed", 403, "A person does this, in their own name.", "Use a person's token or session.");
export const auditAltered = (message: string): AppError => new AppError({ code: "evidence.altered", status: 500, message: `The evidence store was altered: ${message}. Keep the database as it is, and run \`mandate evidence verify\`.` });
export const mintedToken = (): AppError => made("minted", 403, "Somebody else made this token, so the value might be theirs. A sample is drawn by the auditor alone.", "Sign in, or make a token of your own.", "npx mandate login");
