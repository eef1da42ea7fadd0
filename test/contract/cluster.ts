import { afterAll, beforeAll, describe } from 'vitest';
import { accessContract } from './cluster/access.ts';
import { applyContract } from './cluster/apply.ts';
import { type ClusterUnderTest, type Ground, prepare } from './cluster/ground.ts';
import { kserveContract } from './cluster/kserve.ts';
import { objectsContract } from './cluster/objects.ts';
import { readsContract } from './cluster/reads.ts';
import { tokensContract } from './cluster/tokens.ts';
import { writesContract } from './cluster/writes.ts';

export type { ClusterUnderTest } from './cluster/ground.ts';

/** What the steps rely on, asked of an API server through the adapter, and the server's own words where we read them. */
export function clusterContract(name: string, connect: () => Promise<ClusterUnderTest>): void {
  describe(`the contract of a cluster: ${name}`, () => {
    let ground: Ground | undefined;
    beforeAll(async () => {
      ground = await prepare(await connect());
    });
    afterAll(async () => await ground?.close());

    const on = (): Ground => {
      if (ground === undefined) throw new Error('there is no cluster');
      return ground;
    };

    objectsContract(on);
    writesContract(on);
    readsContract(on);
    applyContract(on);
    accessContract(on);
    tokensContract(on);
    kserveContract(on);
  });
}
