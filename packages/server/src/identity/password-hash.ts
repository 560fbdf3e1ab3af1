import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { AppError } from "@mandate/model";

/** Long enough that the code beside it isn't all there is; no rule of composition, which only makes people predictable (NIST SP 800-63B-4 §3.1.1). */
export const minPasswordLength = 12;
export const maxPasswordLength = 256;

/** 32 MiB and three passes: the OWASP floor for scrypt at this memory. */
const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 } as const;

/** Each derivation holds 32 MiB, and anyone may ask for one: two run, a few wait, more are turned away. */
const atOnce = 2;
const maxWaiting = 16;
let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer): Promise<Buffer> {
  if (running >= atOnce) {
    if (waiting.length >= maxWaiting) {
      throw new AppError({ code: "request.rate", status: 429, message: "Too many people sign in with a password right now.", remedies: [{ text: "Wait a few seconds, or sign in with a passkey." }], details: { retryAfterSeconds: 5 } });
    }
    await new Promise<void>((go) => waiting.push(go));
  }
  running += 1;
  try {
    return await new Promise((done, failed) => {
      // One text, one form (RFC 8265 §4.2): an accent typed on another keyboard is the same password.
      scrypt(password.normalize("NFC"), salt, 32, cost, (error, key) => (error === null ? done(key) : failed(error)));
    });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** @returns `scrypt$N$r$p$salt$hash`, salt and hash base64url */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt);
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

const nobodysSalt = Buffer.alloc(16);

/** Takes as long for someone unknown (`stored` undefined) as for a wrong password, so time tells nobody who exists. */
export async function passwordFits(password: string, stored: string | undefined): Promise<boolean> {
  const [name, n, r, p, salt, hash] = (stored ?? "").split("$");
  const known = name === "scrypt" && Number(n) === cost.N && Number(r) === cost.r && Number(p) === cost.p && salt !== undefined && hash !== undefined;
  const derived = await derive(password, known ? Buffer.from(salt, "base64url") : nobodysSalt);
  return known && timingSafeEqual(derived, Buffer.from(hash, "base64url"));
}
