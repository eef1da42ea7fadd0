import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connect, failureOf } from './connect.ts';

afterEach(closeAll);

const query = { namespace: 'team', pod: 'p', container: 'main', tailLines: 2 };

/** A pod on a node, whose container is in this state. */
async function pod(state: object) {
  const ground = await connect();
  ground.sandbox.controllers.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'team' },
    spec: { nodeName: 'n', containers: [{ name: 'main' }] },
    status: { containerStatuses: [{ name: 'main', state }] },
  });
  return ground;
}

describe('a log', () => {
  test('is the last lines', async () => {
    const { cluster, sandbox } = await pod({ running: {} });
    sandbox.controllers.setLog({ ...query }, 'one\ntwo\nthree\n');
    await expect(cluster.logs(query)).resolves.toBe('two\nthree\n');
  });

  test('may be the one before', async () => {
    const { cluster, sandbox } = await pod({ running: {} });
    sandbox.controllers.setLog({ ...query, previous: true }, 'before\n');
    await expect(cluster.logs({ ...query, previous: true })).resolves.toBe('before\n');
  });

  test('may look like a page', async () => {
    const { cluster, sandbox } = await pod({ running: {} });
    sandbox.controllers.setLog({ ...query }, '<html>\n<body>\n');
    await expect(cluster.logs(query)).resolves.toBe('<html>\n<body>\n');
  });

  test.each([
    ['waits to start', { waiting: { reason: 'ContainerCreating' } }],
    ['cannot be pulled', { waiting: { reason: 'ImagePullBackOff' } }],
  ])('of a container that %s is empty', async (_, state) => {
    const { cluster } = await pod(state);
    await expect(cluster.logs(query)).resolves.toBe('');
    await expect(cluster.logs({ ...query, previous: true })).resolves.toBe('');
  });

  test('of a pod that is gone is empty', async () => {
    const { cluster } = await connect();
    await expect(cluster.logs(query)).resolves.toBe('');
  });

  test('of a node that hands none out is empty, and that is said', async () => {
    const { cluster, sandbox, clock, lines } = await pod({ running: {} });
    const message =
      'Get "https://10.1.2.3:10250/containerLogs/team/p/main": dial tcp 10.1.2.3:10250: connect: connection refused';
    const body = JSON.stringify({ kind: 'Status', reason: 'InternalError', message });
    sandbox.addFault({ on: { path: /\/log/ }, play: { status: 500, body } });
    await expect(cluster.logs(query)).resolves.toBe('');
    expect(lines.join('')).toContain('cannot read the log of main in pod team/p');
    expect(clock.now()).toBeLessThan(60_000);
  });

  test('of a container that the pod does not have is refused', async () => {
    const { cluster } = await pod({ running: {} });
    const error = await failureOf(cluster.logs({ ...query, container: 'other' }));
    expect(error.evidence[0]).toContain('container other is not valid for pod p');
  });
});
