import { AppError } from "@mandate/model";

export function systemUnknown(): AppError {
  return new AppError({ code: "registry.not_found", status: 404, message: "No system of this name is registered.", remedies: [{ text: "List the systems.", command: "npx mandate get systems" }] });
}

export function authorizationUnknown(): AppError {
  return new AppError({ code: "authorization.not_found", status: 404, message: "There is no authorization with this id.", remedies: [{ text: "List them with GET /api/v1/authorizations." }] });
}

export function wrongState(message: string, remedy: string): AppError {
  return new AppError({ code: "authorization.state", status: 409, message, remedies: [{ text: remedy }] });
}

export function mayNot(code: string, message: string, remedy: string): AppError {
  return new AppError({ code: `authorization.${code}`, status: 403, message, remedies: [{ text: remedy }] });
}
