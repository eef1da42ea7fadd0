import { expect, test } from 'vitest';
import { abortUploads } from '../../../../steps/stage-model/bucket/abort-uploads.ts';
import { refusal } from '../memory-bucket.ts';

const { signal } = new AbortController();

/** A server that names at most two uploads, as versitygw does of one key in pages of two. */
function createServer(pending: string[]) {
  return {
    pending,
    listUploads: async () => pending.slice(0, 2).map((uploadId) => ({ key: 'a', uploadId })),
    abortUpload: async (_key: string, uploadId: string) => void pending.splice(pending.indexOf(uploadId), 1),
  };
}

test('asks again until none is named that may go', async () => {
  const server = createServer(['1', '2', '3', '4', '5']);
  const mayGo = () => true;
  await abortUploads({ prefix: 'a', mayGo }, server, signal);
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
  const server = {
    listUploads: () => Promise.reject(refusal('NotImplemented', 501, 'a')),
    abortUpload: () => Promise.reject(new Error('asked')),
  };
  await expect(abortUploads({ prefix: 'a', mayGo: () => true }, server, signal)).resolves.toBeUndefined();
});
