import { AppError } from "@mandate/model";

export function incidentUnknown(): AppError {
  return new AppError({ code: "incidents.not_found", status: 404, message: "There is no incident with this id.", remedies: [{ text: "List them.", command: "npx mandate incident list" }] });
}

export function clockUnknown(): AppError {
  return new AppError({ code: "incidents.clock_unknown", status: 404, message: "No such clock runs on this incident.", remedies: [{ text: "Its page lists the clocks that may run.", command: "npx mandate incident show ID" }] });
}

export function badIncident(code: string, message: string, remedy: string, status = 400): AppError {
  return new AppError({ code: `incidents.${code}`, status, message, remedies: [{ text: remedy }] });
}

export function badStop(code: string, status: number, message: string, remedy: string): AppError {
  return new AppError({ code: `kill.${code}`, status, message, remedies: [{ text: remedy }] });
}
