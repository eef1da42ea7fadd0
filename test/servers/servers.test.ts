import http from 'node:http';
import https from 'node:https';
import { afterAll } from 'vitest';
import { createBucket, type S3Secret } from '../../steps/lib/bucket.ts';
import { createLog } from '../../steps/lib/log.ts';
import { bucketContract, type BucketAbility } from '../contract/bucket.ts';
import { stagingContract } from '../contract/staging.ts';
import { type ServerKind, seaweedfs, versitygw } from './server.ts';

/** What each was seen not to do. */
const kinds: readonly {
  readonly kind: ServerKind;
  readonly lacks: readonly BucketAbility[];
  readonly proof: 'crc32' | 'md5';
}[] = [
  { kind: versitygw, lacks: [], proof: 'crc32' },
  { kind: seaweedfs, lacks: ['payload verification', 'listed checksums'], proof: 'md5' },
];

const network = {
  httpAgent: new http.Agent({ keepAlive: true }),
  httpsAgent: new https.Agent({ keepAlive: true }),
};
const log = createLog({ write: () => {}, env: {}, step: 'servers' });
const open = (secret: S3Secret, copyLimits?: Parameters<typeof createBucket>[0]['copyLimits']) =>
  createBucket({ secret, network, log, ...(copyLimits && { copyLimits }) });

for (const { kind, lacks, proof } of kinds) {
  const { program } = kind;
  if (program === undefined) {
    console.log(`${kind.name} is not on this machine: ${kind.get}`);
    continue;
  }
  const connect = async () => ({ ...(await kind.start(program)), open, prefix: 'contract/' });
  bucketContract(kind.name, async () => ({ ...(await connect()), lacks: new Set(lacks) }));
  stagingContract(kind.name, proof, connect);
}

afterAll(() => {
  network.httpAgent.destroy();
  network.httpsAgent.destroy();
});
