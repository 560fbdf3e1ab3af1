import { AppError } from "@mandate/model";

export function exceptionUnknown(): AppError {
  return new AppError({ code: "exception.not_found", status: 404, message: "There is no exception with this id.", remedies: [{ text: "List them.", command: "npx mandate exception list" }] });
}

export function refusedException(code: string, status: number, message: string, remedy: string): AppError {
  return new AppError({ code: `exception.${code}`, status, message, remedies: [{ text: remedy }] });
}
