import 'reflect-metadata';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

export interface ServerCertificate {
  /** PEM, with the authority's certificate behind it, as a server sends it. */
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface Authority {
  /** What a client must trust. */
  readonly pem: string;
  /** A server certificate for these names and addresses; the first one is its common name. */
  issue(hosts: readonly string[], options?: IssueOptions): Promise<ServerCertificate>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;

/** A certificate authority of our own, for the fakes and the tests; it lives as long as the process. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    ...validity({}),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = certificate.toString('pem');
  return {
    pem,
    async issue(hosts, options = {}) {
      const own = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const issued = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: `CN=${hosts[0] ?? 'localhost'}`,
        issuer: certificate.subject,
        ...validity(options),
        signingAlgorithm: algorithm,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            hosts.map((value) => ({ type: isIP(value) > 0 ? 'ip' : 'dns', value })),
          ),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      const key = await crypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        cert: `${issued.toString('pem')}\n${pem}\n`,
        key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
      };
    },
  };
}

function validity({ notBefore, notAfter }: IssueOptions): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: notBefore ?? new Date(now - day), notAfter: notAfter ?? new Date(now + 30 * day) };
}

/** 15 random bytes: a serial number is positive and at most 20 octets (RFC 5280 §4.1.2.2). */
function serial(): string {
  return `7f${Buffer.from(crypto.getRandomValues(new Uint8Array(14))).toString('hex')}`;
}
