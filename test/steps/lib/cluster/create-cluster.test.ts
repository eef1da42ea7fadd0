import { afterEach, describe, expect, test } from 'vitest';
import { createCluster } from '../../../../steps/lib/cluster.ts';
import { closeAll, connect, failureOf, map, objects, ref } from './connect.ts';

afterEach(closeAll);

describe('writes in trouble', () => {
  test('a create whose answer was lost finds its own object there', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ on: { method: 'POST' }, times: 1, play: { cut: 'after' } });
    await expect(cluster.create(map('lost'))).resolves.toBeUndefined();
    await expect(cluster.get(ref('lost'))).resolves.toBeDefined();
  });

  test('a create that was cut before is done once', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ on: { method: 'POST' }, times: 1, play: { cut: 'before' } });
    await expect(cluster.create(map('cut'))).resolves.toMatchObject({ metadata: { name: 'cut' } });
  });

  test('a delete whose answer was lost was ours', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.create(map('doomed'));
    sandbox.addFault({ on: { method: 'DELETE' }, times: 1, play: { cut: 'after' } });
    await expect(cluster.delete(ref('doomed'))).resolves.toBe(true);
  });

  test('a delete of what was never there was not', async () => {
    const { cluster } = await connect();
    await expect(cluster.delete(ref('never'))).resolves.toBe(false);
  });

  test('a replace whose answer was lost is a lost race', async () => {
    const { cluster, sandbox } = await connect();
    const made = await cluster.create(map('replaced'));
    sandbox.addFault({ on: { method: 'PUT' }, times: 1, play: { cut: 'after' } });
    await expect(
      cluster.replace({ ...(made ?? map('replaced')), data: { a: '1' } }),
    ).resolves.toBeUndefined();
    await expect(cluster.get(ref('replaced'))).resolves.toMatchObject({ data: { a: '1' } });
  });

  test('an apply that races inside the server is sent again', async () => {
    const { cluster, sandbox } = await connect();
    const message =
      'Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply …';
    const body = JSON.stringify({ kind: 'Status', message, reason: 'Conflict', code: 409 });
    sandbox.addFault({ on: { method: 'PATCH' }, times: 2, play: { status: 409, body } });
    await expect(cluster.apply(map('x'), { fieldManager: 'us' })).resolves.toBeDefined();
  });

  test('a webhook that is away is waited for, then named', async () => {
    const { cluster, sandbox } = await connect();
    let up = false;
    const name = 'inferenceservice.kserve-webhook-server.defaulter';
    sandbox.controllers.addWebhook({ name, kinds: ['ConfigMap'], reachable: () => up });
    const error = await failureOf(cluster.create(map('guarded')));
    expect(error.failure).toBe('unavailable');
    expect(error.message).toBe(`the webhook ${name} does not answer the API server`);
    up = true;
    await expect(cluster.create(map('guarded'))).resolves.toBeDefined();
  });

  test('what a webhook refuses is refused at once, with its reason', async () => {
    const { cluster, sandbox, clock } = await connect();
    sandbox.controllers.addWebhook({
      name: 'judge.example.com',
      kinds: ['ConfigMap'],
      validate: (object) => (object?.metadata.name === 'bad' ? 'the name is bad' : undefined),
    });
    const error = await failureOf(cluster.apply(map('bad'), { fieldManager: 'us' }));
    expect(error.message).toBe('judge.example.com refuses ConfigMap team/bad: the name is bad');
    expect(clock.waited).toEqual([]);
    await expect(cluster.apply(map('good'), { fieldManager: 'us' })).resolves.toBeDefined();
  });
});

describe('a cluster', () => {
  test('knows its server, its namespace and its token', async () => {
    const { cluster, sandbox } = await connect();
    expect(cluster).toMatchObject({ server: sandbox.url, namespace: 'default' });
    await expect(cluster.bearer()).resolves.toBe(sandbox.adminToken);
  });

  test('is asked for the namespace of the run, where there is one', async () => {
    const { sandbox, log } = await connect();
    const env = { KUBECONFIG: await sandbox.kubeconfig() };
    const own = await createCluster({ env, log, namespace: 'team' });
    expect(own.namespace).toBe('team');
    await own.create(map('here'));
    const { apiVersion, kind, name } = ref('here');
    await expect(own.get({ apiVersion, kind, name })).resolves.toBeDefined();
    expect(await createCluster({ env, log, namespace: undefined })).toMatchObject({ namespace: 'default' });
  });

  test('writes under its own name', async () => {
    const { cluster } = await connect();
    const made = await cluster.create(map('named', { data: { a: '1' } }));
    expect(made?.metadata.managedFields).toMatchObject([{ manager: 'llm-rollout', operation: 'Update' }]);
  });

  test('gives and takes what it does not know untouched', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get(ref('warm-up'));
    const strange = { ...map('future'), spec: { newField: [{ deep: null }], when: '2031-01-01T00:00:00Z' } };
    const play = { status: 200, body: JSON.stringify(strange) };
    sandbox.addFault({ on: { method: 'GET', path: objects }, times: 1, play });
    await expect(cluster.get(ref('future'))).resolves.toEqual(strange);
  });
});
