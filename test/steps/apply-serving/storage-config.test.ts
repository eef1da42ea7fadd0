import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { clusterWithKserve } from '../lib/serving/mini-kserve.ts';
import { run, thrownBy, worldWithStorage } from './world.ts';

describe('the data connection', () => {
  it('is waited for until OpenShift AI has written it', async () => {
    const { cluster } = worldWithStorage();
    const secret = cluster.peek('Secret', 'storage-config') as KubeObject;
    cluster.put({ ...secret, data: {} });
    const { done, lines } = run(cluster, {}, () => cluster.put(secret));
    await expect(done).resolves.toMatchObject({ outcome: 'ok' });
    expect(lines).toContain(
      'waiting for the data connection in storage-config  key=aws-connection-model-storage because="is missing"',
    );
  });

  it('is asked for in words that a person can follow when it does not come', async () => {
    const { cluster } = clusterWithKserve();
    const error = await thrownBy(run(cluster).done);
    expect(error).toMatchObject({
      failure: 'refused',
      message: 'KServe does not know the data connection aws-connection-model-storage',
      hint: expect.stringContaining('oc create secret generic storage-config -n gpt-oss'),
    });
    expect(error.evidence[0]).toBe('there is no such Secret (Secret storage-config, namespace gpt-oss)');
    expect(cluster.writes()).toEqual([]);
  });

  it('is said to be broken when its entry cannot work', async () => {
    const { cluster } = worldWithStorage();
    const secret = cluster.peek('Secret', 'storage-config') as KubeObject;
    const data = { 'aws-connection-model-storage': Buffer.from('{"type":""}').toString('base64') };
    cluster.put({ ...secret, data });
    const error = await thrownBy(run(cluster).done);
    expect(error.evidence[0]).toContain('has not the type s3');
  });

  it('is not looked at when it is trusted', async () => {
    const { cluster } = clusterWithKserve();
    await expect(run(cluster, { 'storage-config': 'trust' }).done).resolves.toMatchObject({ outcome: 'ok' });
    expect(cluster.requests.some(({ kind }) => kind === 'Secret')).toBe(false);
  });
});
