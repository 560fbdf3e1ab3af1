import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** An X.509 certificate made for one test, with its key: `openssl` isn't on every machine. */
export interface TestCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** As a secret holds it. */
  readonly keyLine: string;
}

export interface TestAuthority extends TestCertificate {
  /** For a server under these addresses, or for a client where there are none. */
  issue(commonName: string, names?: readonly ({ readonly ip: string } | { readonly dns: string })[]): TestCertificate;
}

const tlv = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? Buffer.from([body.length]) : body.length < 256 ? Buffer.from([0x81, body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, ...parts);
const integer = (bytes: Buffer): Buffer => tlv(0x02, bytes);
const octets = (part: Buffer): Buffer => tlv(0x04, part);
const bits = (part: Buffer): Buffer => tlv(0x03, Buffer.from([0]), part);
const oid = (...bytes: readonly number[]): Buffer => tlv(0x06, Buffer.from(bytes));
const text = (tag: number, value: string): Buffer => tlv(tag, Buffer.from(value));
const nameOf = (commonName: string): Buffer => sequence(tlv(0x31, sequence(oid(0x55, 0x04, 0x03), text(0x0c, commonName))));
/** ecdsa-with-SHA256 */
const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const isTrue = tlv(0x01, Buffer.from([0xff]));

/** RFC 5280, §4.1. Valid from 2020 to 2049, so that no test has an end. */
function certify(commonName: string, key: KeyObject, issuer: { readonly name: string; readonly key: KeyObject }, extensions: readonly Buffer[]): string {
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))), integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])), algorithm, nameOf(issuer.name),
    sequence(text(0x17, "200101000000Z"), text(0x17, "491231235959Z")), nameOf(commonName), key.export({ format: "der", type: "spki" }), tlv(0xa3, sequence(...extensions)),
  );
  const der = sequence(body, algorithm, bits(sign("sha256", body, issuer.key)));
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const withKey = (certificate: string, key: KeyObject): TestCertificate => ({ certificate, privateKey: String(key.export({ format: "pem", type: "pkcs8" })), keyLine: key.export({ format: "der", type: "pkcs8" }).toString("base64") });

export function testAuthority(name: string): TestAuthority {
  const own = pair();
  const issuer = { name, key: own.privateKey };
  const basicConstraints = sequence(oid(0x55, 0x1d, 0x13), isTrue, octets(sequence(isTrue)));
  return {
    ...withKey(certify(name, own.publicKey, issuer, [basicConstraints]), own.privateKey),
    issue(commonName, names = []) {
      const { publicKey, privateKey } = pair();
      const alternative = names.map((one) => ("ip" in one ? tlv(0x87, Buffer.from(one.ip.split(".").map(Number))) : text(0x82, one.dns)));
      const extensions = [sequence(oid(0x55, 0x1d, 0x13), octets(sequence())), ...(names.length === 0 ? [] : [sequence(oid(0x55, 0x1d, 0x11), octets(sequence(...alternative)))])];
      return withKey(certify(commonName, publicKey, issuer, extensions), privateKey);
    },
  };
}
