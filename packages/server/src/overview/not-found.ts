import { AppError } from "@mandate/model";

export function notFound(): AppError {
  return new AppError({ code: "registry.not_found", status: 404, message: "There is no system with this name.", remedies: [{ text: "List what there is.", command: "npx mandate get systems" }] });
}
