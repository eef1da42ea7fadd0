import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../steps/lib/cluster.ts';
import { readRecord, updateRecord } from '../../../../steps/lib/serving/record.ts';
import { promote, withCandidate, withFailure } from '../../../../steps/lib/serving/rollouts.ts';
import { memoryCluster } from './memory-cluster.ts';
import { namespace, rolloutNamed, service } from './rollout.ts';

const place = { namespace, service };
const [a, b] = [rolloutNamed('a'), rolloutNamed('b')];

describe('the record in its ConfigMap', () => {
  it('is undefined before the first roll-out', async () => {
    await expect(readRecord(memoryCluster(), place)).resolves.toBeUndefined();
  });

  it('reads back what was written', async () => {
    const cluster = memoryCluster();
    await updateRecord(cluster, place, (record) => promote(record, a));
    const written = await updateRecord(cluster, place, (record) => withFailure(record, b, 'smoke failed'));
    await expect(readRecord(cluster, place)).resolves.toEqual(written);
    expect(written).toMatchObject({ promoted: a, failed: [{ revision: 'b', reason: 'smoke failed' }] });
  });

  it('is one key for each state, so that a person can read it', async () => {
    const cluster = memoryCluster();
    await updateRecord(cluster, place, (record) => withCandidate(record, a));
    const map = cluster.peek('ConfigMap', 'gpt-rollout') as (KubeObject & { data: object }) | undefined;
    expect(Object.keys(map?.data ?? {})).toEqual(['failed', 'candidate']);
  });

  it('is not written when nothing changes', async () => {
    const cluster = memoryCluster();
    await updateRecord(cluster, place, (record) => promote(record, a));
    const before = cluster.writes().length;
    await updateRecord(cluster, place, (record) => promote(record, a));
    expect(cluster.writes()).toHaveLength(before);
  });

  it('takes in what another wrote in between', async () => {
    const cluster = memoryCluster();
    await updateRecord(cluster, place, (record) => promote(record, a));
    let once = true;
    cluster.before = ({ verb }) => {
      if (verb !== 'replace' || !once) return;
      once = false;
      const map = cluster.peek('ConfigMap', 'gpt-rollout');
      if (map) cluster.put({ ...map, data: { promoted: JSON.stringify(b), failed: '[]' } });
    };
    const after = await updateRecord(cluster, place, (record) => withFailure(record, a, 'bad'));
    expect(after.promoted).toEqual(b);
    expect(after.failed).toHaveLength(1);
  });

  it('gives up, saying so, when others write all the time', async () => {
    const cluster = memoryCluster();
    await updateRecord(cluster, place, (record) => promote(record, a));
    cluster.before = ({ verb }) => {
      const map = cluster.peek('ConfigMap', 'gpt-rollout');
      if (verb === 'replace' && map) cluster.put(map);
    };
    await expect(updateRecord(cluster, place, (record) => promote(record, b))).rejects.toMatchObject({
      failure: 'unavailable',
      message: 'the record of gpt is being written by others all the time',
    });
  });

  it.each([
    ['is no JSON', 'promoted', '{'],
    ['is no object', 'candidate', '"x"'],
    ['is no list', 'failed', '{}'],
  ])('names the key that was changed by hand: it %s', async (_title, key, text) => {
    const cluster = memoryCluster();
    cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'gpt-rollout', namespace },
      data: { [key]: text },
    });
    await expect(readRecord(cluster, place)).rejects.toMatchObject({
      failure: 'check',
      message: `the record gpt-rollout cannot be read: its key ${key} was changed by hand`,
      evidence: [`${key}: ${text} (ConfigMap gpt-rollout, namespace gpt-oss)`],
      hint: `oc edit configmap gpt-rollout -n gpt-oss   (mend or remove the key ${key})`,
    });
  });

  it('keeps labels and keys that others put there', async () => {
    const cluster = memoryCluster();
    cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'gpt-rollout', namespace, labels: { team: 'ml' } },
    });
    await updateRecord(cluster, place, (record) => promote(record, a));
    expect(cluster.peek('ConfigMap', 'gpt-rollout')?.metadata.labels).toMatchObject({ team: 'ml' });
  });
});
