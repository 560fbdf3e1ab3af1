import { AppError } from "@mandate/model";

export function providerUnknown(): AppError {
  return new AppError({ code: "federation.provider_unknown", status: 404, message: "There is no identity provider with this name.", remedies: [{ text: "Look at the ways to sign in that the sign-in page shows.", url: "/sign-in" }] });
}

/** One text for every reason that isn't the person's business: what the provider said stands in the log. */
export function signInFailed(internal: string): AppError {
  return new AppError({ code: "federation.failed", status: 403, message: "The identity provider did not confirm who you are.", internal, remedies: [{ text: "Try again from the sign-in page.", url: "/sign-in" }, { text: "If it stays so, ask an administrator: the server's log says why." }] });
}

export function notLinked(): AppError {
  return new AppError({
    code: "federation.not_linked",
    status: 403,
    message: "This identity isn't linked to anyone here.",
    remedies: [{ text: "Sign in as you did before, then link it on your account page.", url: "/sign-in" }, { text: "If you are new, ask an administrator for an invitation to the address your provider knows." }],
  });
}

export function linkedElsewhere(): AppError {
  return new AppError({ code: "federation.linked_elsewhere", status: 409, message: "This identity belongs to another person here.", remedies: [{ text: "Ask an administrator who it is linked to." }] });
}

export function attemptEnded(): AppError {
  return new AppError({ code: "federation.attempt_ended", status: 403, message: "This sign-in was begun in another browser, or too long ago.", remedies: [{ text: "Begin again.", url: "/sign-in" }] });
}
