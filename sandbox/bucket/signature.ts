import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Dialect } from './dialects.ts';
import { Refusal } from './refusal.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Signed {
  readonly method: string;
  /** The request target as it came over the wire. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

interface Judgement {
  /** The only region that is taken; any when undefined. */
  readonly region: string | undefined;
  readonly now: number;
  readonly unknownAccessKey: Dialect['unknownAccessKey'];
}

const maxSkewMs = 15 * 60_000;

/**
 * Verifies Signature Version 4 in the Authorization header as AWS documents it. Throws the refusal S3 would give. The
 * payload hash is taken as declared; whoever reads the body checks it.
 */
export function verifySignature(
  request: Signed,
  credentials: Credentials,
  { region, now, unknownAccessKey }: Judgement,
): void {
  const authorization = parseAuthorization(request.headers.authorization);
  if (authorization.accessKeyId !== credentials.accessKeyId)
    throw new Refusal(
      unknownAccessKey.status,
      unknownAccessKey.code,
      'The AWS Access Key Id you provided does not exist in our records.',
    );
  const time = headerOf(request.headers, 'x-amz-date');
  if (!time.startsWith(authorization.date) || authorization.service !== 's3')
    throw malformed('its scope is wrong');
  if (region !== undefined && authorization.region !== region)
    throw malformed(`the region '${authorization.region}' is wrong; expecting '${region}'`, {
      Region: region,
    });
  const skew = Math.abs(parseTime(time) - now);
  if (!(skew <= maxSkewMs))
    throw new Refusal(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { RequestTime: time, ServerTime: new Date(now).toISOString(), MaxAllowedSkewMilliseconds: maxSkewMs },
    );
  refuseUnsigned(request.headers, authorization.signedHeaders);
  const expected = sign(request, authorization, time, credentials.secretAccessKey);
  if (!same(expected, authorization.signature))
    throw new Refusal(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
}

interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined) throw new Refusal(403, 'AccessDenied', 'Access Denied.');
  const match = authorizationForm.exec(header);
  if (!match) throw malformed('it is not of the form of Signature Version 4');
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = match;
  return { accessKeyId, date, region, service, signedHeaders: names.split(';'), signature };
}

function malformed(why: string, details = {}): Refusal {
  return new Refusal(
    400,
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; ${why}.`,
    details,
  );
}

/** S3 takes no x-amz-* header that is not signed, and always wants the host. */
function refuseUnsigned(headers: IncomingHttpHeaders, signed: readonly string[]): void {
  const must = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = must.filter((name) => !signed.includes(name));
  if (unsigned.length > 0)
    throw new Refusal(
      403,
      'AccessDenied',
      'There were headers present in the request which were not signed',
      {
        HeadersNotSigned: unsigned.join(', '),
      },
    );
}

function sign(request: Signed, authorization: Authorization, time: string, secret: string): string {
  const { date, region, service, signedHeaders } = authorization;
  const [path = '', search = ''] = request.target.split(/\?(.*)/s);
  const canonical = [
    request.method,
    path.split('/').map(normalize).join('/'),
    canonicalQuery(search),
    ...signedHeaders.map((name) => `${name}:${headerOf(request.headers, name).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    headerOf(request.headers, 'x-amz-content-sha256'),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  return createHmac('sha256', key).update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`).digest('hex');
}

function canonicalQuery(search: string): string {
  return search
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      return { name: normalize(name), value: normalize(value) };
    })
    .sort((a, b) => order(a.name, b.name) || order(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** RFC 3986: everything but unreserved characters is percent-encoded. */
function normalize(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw new Refusal(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
  return encodeURIComponent(plain).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (value === undefined)
    throw new Refusal(400, 'InvalidRequest', `Missing required header for this request: ${name}`);
  return Array.isArray(value) ? value.join(',') : value;
}

function parseTime(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
