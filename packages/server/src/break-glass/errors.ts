import { AppError } from "@mandate/model";

export function unknownPlan(name: string): AppError {
  return new AppError({ code: "break_glass.unknown", status: 404, message: `There is no break-glass plan \`${name}\`.`, remedies: [{ text: "List them.", command: "npx mandate break-glass list" }] });
}

export function mayNot(code: string, message: string, remedy: string): AppError {
  return new AppError({ code: `break_glass.${code}`, status: 403, message, remedies: [{ text: remedy }] });
}

export function conflict(code: string, message: string, remedy: string): AppError {
  return new AppError({ code: `break_glass.${code}`, status: 409, message, remedies: [{ text: remedy }] });
}
