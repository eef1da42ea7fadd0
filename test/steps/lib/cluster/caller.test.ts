import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { kubeconfigOf } from '../../../../sandbox/cluster/kubeconfig.ts';
import { createCluster } from '../../../../steps/lib/cluster.ts';
import { atTheEnd, closeAll, connect, failureOf, jumpingClock, map, objects, ref } from './connect.ts';

afterEach(closeAll);

const busy = JSON.stringify({
  kind: 'Status',
  message: 'etcdserver: leader changed',
  reason: 'InternalError',
});

describe('a server in trouble', () => {
  test.each([
    ['503', { status: 503 }],
    ['a load balancer’s page', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['etcd without a leader', { status: 500, body: busy }],
    ['a cut connection', { cut: 'before' }],
    ['a lost answer', { cut: 'after' }],
  ] as const)('%s: tries on until it is served', async (_, play) => {
    const { cluster, sandbox, lines } = await connect();
    sandbox.addFault({ on: { path: objects }, times: 3, play });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
    expect(lines.filter((line) => line.includes('does not serve us; trying on'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('serves us again'))).toHaveLength(1);
  });

  test('a hanging answer is given up and asked for again', async () => {
    const { cluster, sandbox } = await connect({ timings: { readMs: 300 } });
    sandbox.addFault({ on: { path: objects }, times: 1, play: { hang: true } });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
  });

  test('throttling waits as long as it is told, and is no outage', async () => {
    const { cluster, sandbox, clock, lines } = await connect();
    const play = { status: 429, headers: { 'retry-after': '7' } };
    sandbox.addFault({ on: { path: objects }, times: 2, play });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
    expect(clock.waited).toEqual([7000, 7000]);
    expect(lines.join('\n')).not.toContain('does not serve us');
  });

  test('one that stays away is named, with its last words', async () => {
    const { cluster, sandbox, clock } = await connect();
    sandbox.addFault({ on: { path: objects }, play: { status: 500, body: busy } });
    const error = await failureOf(cluster.get(ref('x')));
    expect(error).toMatchObject({ failure: 'unavailable', status: 500 });
    expect(error.message).toBe('the API server cannot serve ConfigMap team/x now');
    expect(error.evidence).toEqual([
      'etcdserver: leader changed (Kubernetes API, 500 to GET /api/v1/namespaces/team/configmaps/x)',
    ]);
    expect(clock.now()).toBeGreaterThanOrEqual(300_000);
  });

  test('one that was never heard is given up sooner, with where it was looked for', async () => {
    const { sandbox, log } = await connect();
    const url = `https://127.0.0.1:${await unusedPort()}`;
    const folder = await mkdtemp(join(tmpdir(), 'caller-'));
    atTheEnd(async () => await rm(folder, { recursive: true }));
    const path = join(folder, 'config');
    await writeFile(path, kubeconfigOf({ url, ca: sandbox.ca, token: 'none', namespace: 'team' }));
    const clock = jumpingClock();
    const cluster = await createCluster({ env: { KUBECONFIG: path }, log, clock });
    const error = await failureOf(cluster.get(ref('x')));
    expect(error).toMatchObject({ failure: 'unavailable', status: 0 });
    expect(error.message).toMatch(
      /^the Kubernetes API cannot be reached: 127\.0\.0\.1:\d+ refuses the connection$/,
    );
    expect(error.evidence[1]).toBe(`server ${url} (KUBECONFIG ${path})`);
    expect(clock.now()).toBeGreaterThanOrEqual(60_000);
    expect(clock.now()).toBeLessThan(300_000);
  });

  test('another authority is not trusted, and not tried twice', async () => {
    const [one, two] = [await connect(), await connect()];
    const path = await one.sandbox.kubeconfig();
    await writeFile(path, (await readFile(path, 'utf8')).replace(one.sandbox.url, two.sandbox.url));
    const clock = jumpingClock();
    const cluster = await createCluster({ env: { KUBECONFIG: path }, log: one.log, clock });
    const error = await failureOf(cluster.get(ref('x')));
    expect(error.failure).toBe('refused');
    expect(error.message).toMatch(/certificate of an authority that nobody here trusts$/);
    expect(clock.waited).toEqual([]);
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a call', () => {
  test('reads renewed credentials after a 401, once', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ on: { path: objects }, times: 1, play: { status: 401 } });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
    sandbox.addFault({ on: { path: objects }, play: { status: 401 } });
    const error = await failureOf(cluster.get(ref('absent')));
    expect(error).toMatchObject({ failure: 'refused', status: 401 });
    expect(error.message).toBe('the API server does not accept our credentials');
  });

  test('ends with the reason of an abort', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get(ref('warm-up'));
    sandbox.addFault({ on: { path: objects }, play: { hang: true } });
    const stop = new AbortController();
    const waiting = cluster.get(ref('x'), stop.signal);
    const reason = new Error('stopped');
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('hands the warnings of the server to the log', async () => {
    const { cluster, sandbox, lines } = await connect();
    const headers = {
      warning: '299 - "policy/v1beta1 is deprecated, \\"really\\""',
      'content-type': 'application/json',
    };
    sandbox.addFault({
      on: { path: objects },
      times: 1,
      play: { status: 200, headers, body: JSON.stringify(map('w')) },
    });
    await cluster.get(ref('w'));
    expect(lines.join('')).toContain('policy/v1beta1 is deprecated, \\"really\\"');
  });

  test('refuses a page that says 200', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ play: { html: true } });
    const error = await failureOf(cluster.get(ref('x')));
    expect(error).toMatchObject({ failure: 'refused' });
    expect(error.evidence[0]).toContain('Sign in to the company proxy');
  });
});
