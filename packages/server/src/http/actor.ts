import type { FastifyRequest } from "fastify";
import type { Actor } from "../command.ts";
import { signInRequired } from "./access.ts";

/** Who calls. @throws AppError `identity.required` (401): only on a route whose access is `public` */
export function actorOf(request: FastifyRequest): Actor {
  const actor = request.authentication?.actor;
  if (actor === undefined) throw signInRequired();
  return actor;
}
