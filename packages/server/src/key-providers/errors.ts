import { AppError } from "@mandate/model";

/** The provider answered, and the answer was no. `internal` holds its words, which can name accounts. */
export const keyRefused = (provider: string, internal: string): AppError =>
  new AppError({
    code: "keys.refused",
    status: 500,
    message: `${provider} refused to open the master key. Nothing sealed can be read without it.`,
    internal,
    remedies: [{ text: "Check that this key exists there and that these credentials may encrypt and decrypt with it." }],
  });

export const keyUnreachable = (provider: string, cause: unknown): AppError =>
  new AppError({
    code: "keys.unreachable",
    status: 503,
    message: `${provider} can't be reached, so the master key stays closed.`,
    cause,
    remedies: [{ text: "Check the address and the network, then start again." }],
  });
