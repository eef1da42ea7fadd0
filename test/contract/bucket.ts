import { afterAll, beforeAll, describe } from 'vitest';
import { copiesContract } from './bucket/copies.ts';
import { type BucketUnderTest, type Ground, prepare } from './bucket/ground.ts';
import { listingsContract } from './bucket/listings.ts';
import { objectsContract } from './bucket/objects.ts';
import { rangesContract } from './bucket/ranges.ts';
import { refusalsContract } from './bucket/refusals.ts';
import { uploadsContract } from './bucket/uploads.ts';
import { verificationContract } from './bucket/verification.ts';

export type { BucketAbility, BucketUnderTest } from './bucket/ground.ts';

/** What the steps rely on, asked of an S3 server through the adapter. */
export function bucketContract(name: string, connect: () => Promise<BucketUnderTest>): void {
  describe(`the contract of a bucket: ${name}`, () => {
    let ground: Ground | undefined;
    beforeAll(async () => {
      ground = prepare(await connect());
    });
    afterAll(async () => await ground?.close(), 120_000);

    const on = (): Ground => {
      if (ground === undefined) throw new Error('there is no bucket');
      return ground;
    };

    objectsContract(on);
    rangesContract(on);
    listingsContract(on);
    uploadsContract(on);
    copiesContract(on);
    verificationContract(on);
    refusalsContract(on);
  });
}
