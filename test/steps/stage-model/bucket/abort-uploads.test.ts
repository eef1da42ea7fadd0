import { expect, test } from 'vitest';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import { abortUploads } from '../../../../steps/stage-model/bucket/abort-uploads.ts';

const { signal } = new AbortController();

/** A server that names at most two uploads, as versitygw does of one key in pages of two. */
function createServer(pending: string[]) {
  return {
    pending,
    listUploads: async () => pending.slice(0, 2).map((uploadId) => ({ key: 'a', uploadId })),
    abort: async ({ uploadId }: { readonly uploadId: string }) =>
      void pending.splice(pending.indexOf(uploadId), 1),
  };
}

test('asks again until none is named that may go', async () => {
  const server = createServer(['1', '2', '3', '4', '5']);
  const mayGo = () => true;
  await abortUploads({ prefix: 'a', mayGo }, server, signal, server.abort);
  expect(server.pending).toEqual([]);
});

test('leaves what may not go, and asks for each one once', async () => {
  const tried: string[] = [];
  const server = createServer(['1', '2']);
  await abortUploads(
    { prefix: 'a', mayGo: ({ uploadId }) => uploadId === '2' },
    server,
    signal,
    async (upload) => {
      tried.push(upload.uploadId);
    },
  );
  expect(tried).toEqual(['2']);
  expect(server.pending).toEqual(['1', '2']);
});

test('a server that lists no uploads has none', async () => {
  const listUploads = async () => {
    const about = { evidence: [], hint: '', code: 'NotImplemented', status: 501 };
    throw new BucketError('refused', 'no such thing', about);
  };
  const abort = () => Promise.reject(new Error('asked'));
  await expect(
    abortUploads({ prefix: 'a', mayGo: () => true }, { listUploads }, signal, abort),
  ).resolves.toBeUndefined();
});
