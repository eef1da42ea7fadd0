import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createBucket, type S3Secret } from '../../steps/lib/bucket.ts';
import { createLog } from '../../steps/lib/log.ts';
import { bucketContract } from '../contract/bucket.ts';
import { clusterContract } from '../contract/cluster.ts';
import { stagingContract } from '../contract/staging.ts';
import { joinRing, type Ring } from './ring.ts';

clusterContract("the ring's API server", async () => {
  const ring = await joinRing();
  return { kubeconfig: ring.address.kubeconfig, close: async () => ring.leave() };
});

bucketContract("the ring's versitygw", connect);

stagingContract("the ring's versitygw", 'crc32', connect);

async function connect() {
  const ring = await joinRing();
  const { s3 } = ring.address;
  const secret = {
    AWS_ACCESS_KEY_ID: s3.accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_S3_ENDPOINT: await ring.forward('10.244.0.1', 7070),
    AWS_S3_BUCKET: `contract-${randomUUID()}`,
    AWS_DEFAULT_REGION: s3.region,
  };
  const client = openSdk(secret.AWS_S3_ENDPOINT, ring);
  await client.send(new CreateBucketCommand({ Bucket: secret.AWS_S3_BUCKET }));
  const network = {
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true }),
  };
  const log = createLog({ write: () => {}, env: {}, step: 'contract' });
  return {
    secret,
    open: (own: S3Secret, copyLimits?: Parameters<typeof createBucket>[0]['copyLimits']) =>
      createBucket({ secret: own, network, log, ...(copyLimits && { copyLimits }) }),
    prefix: 'contract/',
    close: async () => {
      await client.send(new DeleteBucketCommand({ Bucket: secret.AWS_S3_BUCKET }));
      client.destroy();
      network.httpAgent.destroy();
      network.httpsAgent.destroy();
      ring.leave();
    },
  };
}

function openSdk(endpoint: string, { address: { s3 } }: Ring): S3Client {
  return new S3Client({
    endpoint,
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
}
