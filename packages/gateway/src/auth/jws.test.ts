import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ProofBook, verifyProof } from "./dpop.ts";
import { readJws, signedByOneOf, thumbprint, verificationKey } from "./jws.ts";

/** RFC 9449 §4.1, figure 1, and §7.1, figure 12: the standard's own proofs. */
const tokenRequestProof =
  "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
const resourceProof =
  "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const accessToken =
  "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

describe("JWS, against the standards' own examples", () => {
  test("RFC 7638 §3.1: the thumbprint of an RSA key", () => {
    const n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    expect(thumbprint({ kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29" })).toBe(
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    );
  });

  test("RFC 7515 A.3: an ES256 signature holds, and with one byte changed it does not", () => {
    const text =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const key = verificationKey({
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })!;
    expect(signedByOneOf(readJws(text, 8192)!, [key])).toBe(true);
    expect(signedByOneOf(readJws(text.replace("DtEh", "DtEi"), 8192)!, [key])).toBe(false);
  });

  test("HMAC, none, extensions and duplicate members are not read", () => {
    const part = (text: string) => Buffer.from(text).toString("base64url");
    for (const head of [
      '{"alg":"HS256"}',
      '{"alg":"none"}',
      '{"alg":"ES256","crit":["b64"],"b64":false}',
      '{"alg":"none","alg":"ES256"}',
      '{"alg":["ES256"]}',
      '{"alg":"__proto__"}',
    ])
      expect(readJws(`${part(head)}.${part("{}")}.AAAA`, 8192), head).toBeUndefined();
    expect(readJws(`${part('{"alg":"ES256"}')}.${part('{"sub":"a","sub":"b"}')}.AAAA`, 8192)).toBeUndefined();
  });
});

describe("DPoP, against RFC 9449's own examples", () => {
  const at = (nowSeconds: number) => ({
    method: "POST",
    urls: ["https://server.example.com/token"],
    nowSeconds,
    accessToken: null,
  });

  test("the token request's proof holds once, at its time, for its address, and names its key", () => {
    const book = new ProofBook();
    expect(verifyProof(tokenRequestProof, at(1562262616), book)).toEqual({ jkt });
    expect(verifyProof(tokenRequestProof, at(1562262617), book)).toHaveProperty("why");
    expect(verifyProof(tokenRequestProof, at(1562262616 + 91), new ProofBook())).toHaveProperty("why");
    const elsewhere = { ...at(1562262616), urls: ["https://server.example.com/token2"] };
    expect(verifyProof(tokenRequestProof, elsewhere, new ProofBook())).toHaveProperty("why");
    expect(verifyProof(`${tokenRequestProof}, ${tokenRequestProof}`, at(1562262616), new ProofBook())).toHaveProperty("why");
  });

  test("the resource request's proof is for its access token alone", () => {
    const expected = {
      method: "GET",
      urls: ["https://resource.example.org/protectedresource"],
      nowSeconds: 1562262618,
      accessToken,
    };
    expect(hash("sha256", accessToken, "base64url")).toBe("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    expect(verifyProof(resourceProof, expected, new ProofBook())).toEqual({ jkt });
    expect(verifyProof(resourceProof, { ...expected, accessToken: "another" }, new ProofBook())).toHaveProperty("why");
  });

  test("a full book refuses rather than forgets, and has room again when proofs have ended", () => {
    const book = new ProofBook(2);
    expect([book.spend("k", "1", 100), book.spend("k", "2", 100), book.spend("k", "3", 100)]).toEqual(["fresh", "fresh", "full"]);
    expect(book.spend("k", "1", 110)).toBe("seen");
    expect(book.spend("k", "3", 1_000)).toBe("fresh");
  });
});
