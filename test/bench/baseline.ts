import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { downloadFile, listFiles, modelInfo } from '@huggingface/hub';

/**
 * What people write today with the two libraries: each file's stream into an Upload, four parts at once, one file after the other.
 * Arguments: Hub, S3 endpoint, bucket, access key, secret key, `hash` or `plain`.
 */
const [hubUrl = '', endpoint = '', bucket = '', accessKeyId = '', secretAccessKey = '', mode] =
  process.argv.slice(2);
const name = 'openai/gpt-oss-20b';
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
});
/** The sandbox's Hub compresses nothing, and fetch would ask for it. */
const identity: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('accept-encoding', 'identity');
  return fetch(input, { ...init, headers });
};
const { sha: revision } = await modelInfo({ name, hubUrl, fetch: identity, additionalFields: ['sha'] });

for await (const { type, path } of listFiles({
  repo: { type: 'model', name },
  revision,
  recursive: true,
  hubUrl,
  fetch: identity,
})) {
  if (type !== 'file' || /^(original|metal)\/|^\.gitattributes$/.test(path)) continue;
  const blob = await downloadFile({
    repo: { type: 'model', name },
    path,
    revision,
    hubUrl,
    fetch: identity,
    xet: false,
  });
  if (!blob) throw new Error(`no ${path}`);
  const body = Readable.fromWeb(blob.stream());
  if (mode === 'hash') {
    const hash = createHash('sha256');
    body.on('data', (chunk: Buffer) => hash.update(chunk));
  }
  const params = { Bucket: bucket, Key: `baseline/${path}`, Body: body };
  await new Upload({ client, params, queueSize: 4, partSize: 16 * 2 ** 20 }).done();
}
