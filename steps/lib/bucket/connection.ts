import { StepError } from '../errors.ts';

/** The keys of an OpenShift AI data connection. */
export interface S3Secret {
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
  readonly AWS_S3_ENDPOINT: string;
  readonly AWS_S3_BUCKET: string;
  readonly AWS_DEFAULT_REGION?: string | undefined;
}

export interface DataConnection {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
}

/** Reads the data connection; a wrong one is `usage`, before anything is asked of S3. */
export function readDataConnection(secret: S3Secret): DataConnection {
  return {
    accessKeyId: secret.AWS_ACCESS_KEY_ID.trim(),
    secretAccessKey: secret.AWS_SECRET_ACCESS_KEY.trim(),
    endpoint: readEndpoint(secret.AWS_S3_ENDPOINT.trim()),
    bucket: readBucketName(secret.AWS_S3_BUCKET.trim()),
    region: readRegion(secret.AWS_DEFAULT_REGION?.trim() ?? ''),
  };
}

function readRegion(name: string): string {
  // NooBaa and RGW take any region, but a signature needs one.
  if (name === '') return 'us-east-1';
  if (!/^[\x21-\x7e]+$/.test(name))
    throw new StepError('usage', 'AWS_DEFAULT_REGION of the data connection is not the name of a region', {
      evidence: [`${escapeStrange(name.slice(0, 80))} (AWS_DEFAULT_REGION)`],
      hint: "oc get secret <data connection> -o jsonpath='{.data.AWS_DEFAULT_REGION}' | base64 -d | od -c; a name in printable ASCII, such as us-east-1",
    });
  return name;
}

/** Shows what cannot be seen: `"eu\u200b"`. */
function escapeStrange(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function readEndpoint(text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.parse(withScheme);
  const plain = url && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.search === '';
  if (text === '' || !plain || url.hash !== '' || url.pathname !== '/')
    throw new StepError(
      'usage',
      'AWS_S3_ENDPOINT of the data connection is not the address of an S3 server',
      {
        // The value is not quoted: it may hold a password.
        evidence: [`expected https://host[:port], without path, query or password (AWS_S3_ENDPOINT)`],
        hint: "oc get secret <data connection> -o jsonpath='{.data.AWS_S3_ENDPOINT}' | base64 -d; inside the cluster ODF is https://s3.openshift-storage.svc",
      },
    );
  return url;
}

function readBucketName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(name))
    throw new StepError('usage', 'AWS_S3_BUCKET of the data connection is not the name of a bucket', {
      evidence: [`${escapeStrange(name.slice(0, 80))} (AWS_S3_BUCKET)`],
      hint: "oc get secret <data connection> -o jsonpath='{.data.AWS_S3_BUCKET}' | base64 -d; it is the name alone, without s3:// or a path",
    });
  return name;
}
