import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type ClusterOptions, startCluster } from '../../../sandbox/cluster.ts';
import { kubeconfigOf } from '../../../sandbox/cluster/kubeconfig.ts';
import { type Cluster, ClusterError, createCluster, type KubeObject } from '../../../steps/lib/cluster.ts';
import type { ClusterTimings } from '../../../steps/lib/cluster/timings.ts';
import { createLog } from '../../../steps/lib/log.ts';
import type { Clock } from '../../../steps/lib/retry.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Time that passes only by waiting. */
function jumpingClock(): Clock & { readonly waited: number[] } {
  const waited: number[] = [];
  let now = 0;
  return {
    waited,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waited.push(ms);
      // A wait of nothing must not become a loop without an end.
      now += Math.max(ms, 1);
    },
  };
}

async function connect(options: ClusterOptions & { timings?: Partial<ClusterTimings> } = {}) {
  const sandbox = await startCluster({ namespaces: ['team'], ...options });
  closing.push(() => sandbox.close());
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'try' });
  const clock = jumpingClock();
  const env = { KUBECONFIG: await sandbox.kubeconfig() };
  const cluster = await createCluster({
    env,
    log,
    clock,
    ...(options.timings && { timings: options.timings }),
  });
  return { sandbox, cluster, log, lines, clock };
}

const map = (name: string, fields: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'team' },
  ...fields,
});
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name });
const objects = /configmaps/;

async function failureOf(work: Promise<unknown>): Promise<ClusterError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ClusterError) return error;
  throw new Error(`expected a ClusterError and got ${String(error)}`);
}

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
    const { cluster, sandbox } = await connect({ timings: { readMs: 100 } });
    sandbox.addFault({ on: { path: objects }, times: 1, play: { hang: true } });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
  });

  test('throttling waits as long as it is told, and is no outage', async () => {
    const { cluster, sandbox, clock, lines } = await connect();
    sandbox.addFault({
      on: { path: objects },
      times: 2,
      play: { status: 429, headers: { 'retry-after': '7' } },
    });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
    expect(clock.waited).toEqual([7000, 7000]);
    expect(lines.join('\n')).not.toContain('does not serve us');
  });

  test('throttling for minutes is said', async () => {
    const { cluster, sandbox, lines } = await connect();
    sandbox.addFault({
      on: { path: objects },
      times: 4,
      play: { status: 429, headers: { 'retry-after': '50' } },
    });
    await cluster.get(ref('absent'));
    expect(lines.filter((line) => line.includes('throttles us (priority and fairness)'))).toHaveLength(1);
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
    const folder = await mkdtemp(join(tmpdir(), 'cluster-'));
    closing.push(async () => await rm(folder, { recursive: true }));
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
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

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

  test('a delete of what was never there', async () => {
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
    expect(error).toMatchObject({
      failure: 'unavailable',
      message: `the webhook ${name} does not answer the API server`,
    });
    expect(error.evidence[0]).toContain('connect: connection refused (Kubernetes API, 500 to POST');
    expect(error.hint).toContain('kserve-controller-manager');
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

describe('credentials', () => {
  test('renewed ones are read after a 401, once', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ on: { path: objects }, times: 1, play: { status: 401 } });
    await expect(cluster.get(ref('absent'))).resolves.toBeUndefined();
    sandbox.addFault({ on: { path: objects }, play: { status: 401 } });
    const error = await failureOf(cluster.get(ref('absent')));
    expect(error).toMatchObject({ failure: 'refused', status: 401 });
    expect(error.message).toBe('the API server does not accept our credentials');
  });

  test('the bearer is the token of the account', async () => {
    const { cluster, sandbox } = await connect();
    await expect(cluster.bearer()).resolves.toBe(sandbox.adminToken);
  });

  test('a new token is masked in every later line', async () => {
    const { cluster, log, lines } = await connect();
    const secret = await cluster.create({ ...map('anchor'), kind: 'Secret' });
    const boundObject = { apiVersion: 'v1', kind: 'Secret', name: 'anchor', uid: secret?.metadata.uid ?? '' };
    const query = { namespace: 'team', serviceAccount: 'default', expirationSeconds: 600, boundObject };
    const { token } = await cluster.createToken(query);
    log.info('look', { token });
    expect(lines.join('')).not.toContain(token.slice(-20));
  });

  test('a server that shortens a token says so, and the time is the real one', async () => {
    const { cluster, lines } = await connect({ maxTokenSeconds: 3600 });
    const secret = await cluster.create({ ...map('anchor'), kind: 'Secret' });
    const boundObject = { apiVersion: 'v1', kind: 'Secret', name: 'anchor', uid: secret?.metadata.uid ?? '' };
    const query = { namespace: 'team', serviceAccount: 'default', expirationSeconds: 86_400, boundObject };
    const { expires } = await cluster.createToken(query);
    expect(expires.getTime() - Date.now()).toBeLessThan(3_700_000);
    expect(lines.join('')).toContain('requested expiration of 86400 seconds shortened to 3600 seconds');
  });
});

describe('what is not the API server', () => {
  test('a page with 200 is a proxy in the way', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ play: { html: true } });
    const error = await failureOf(cluster.get(ref('x')));
    expect(error).toMatchObject({
      failure: 'refused',
      message: `what answers at ${cluster.server} is not the Kubernetes API`,
    });
    expect(error.evidence[0]).toContain('Sign in to the company proxy');
  });

  test('JSON that is no object of Kubernetes is not taken for one', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get(ref('warm-up'));
    sandbox.addFault({ on: { path: objects }, play: { status: 200, body: '"ok"' } });
    expect((await failureOf(cluster.get(ref('x')))).failure).toBe('refused');
  });

  test('another authority is not trusted, and not tried twice', async () => {
    const [one, two] = [await connect(), await connect()];
    const path = await one.sandbox.kubeconfig();
    const own = await readFile(path, 'utf8');
    await writeFile(path, own.replace(one.sandbox.url, two.sandbox.url));
    const clock = jumpingClock();
    const cluster = await createCluster({ env: { KUBECONFIG: path }, log: one.log, clock });
    const error = await failureOf(cluster.get(ref('x')));
    expect(error.failure).toBe('refused');
    expect(error.message).toMatch(
      /^the Kubernetes API cannot be reached: .* certificate of an authority that nobody here trusts/,
    );
    expect(error.evidence[1]).toBe(`server ${two.sandbox.url} (KUBECONFIG ${path})`);
    expect(clock.waited).toEqual([]);
  });
});

describe('requests', () => {
  test('share one connection', async () => {
    const { cluster, sandbox } = await connect();
    for (let i = 0; i < 10; i += 1) await cluster.get(ref('x'));
    expect(sandbox.connections()).toBe(1);
  });

  test('an abort ends them with its own reason', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ on: { path: objects }, play: { hang: true } });
    const stop = new AbortController();
    const waiting = cluster.get(ref('x'), stop.signal);
    const reason = new Error('stopped');
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('kinds are discovered once for each group version', async () => {
    const { cluster, sandbox } = await connect();
    for (const name of ['a', 'b', 'c']) await cluster.get(ref(name));
    expect(sandbox.served.filter(({ resource }) => resource === '/api/v1')).toHaveLength(1);
  });

  test('names keep their capitals', async () => {
    const { cluster } = await connect();
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' };
    await cluster.create({ ...rbac, metadata: { name: 'System:Odd', namespace: 'team' }, rules: [] });
    const found = await cluster.get({ ...rbac, namespace: 'team', name: 'System:Odd' });
    expect(found?.metadata.name).toBe('System:Odd');
  });

  test('what we do not know goes in and out untouched', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get(ref('warm-up'));
    const strange = { ...map('future'), spec: { newField: [{ deep: null }], when: '2031-01-01T00:00:00Z' } };
    sandbox.addFault({
      on: { method: 'GET' },
      times: 1,
      play: { status: 200, body: JSON.stringify(strange) },
    });
    await expect(cluster.get(ref('future'))).resolves.toEqual(strange);
  });

  test('a list whose place is forgotten starts again', async () => {
    const { cluster, sandbox } = await connect();
    for (let i = 0; i < 251; i += 1) sandbox.controllers.put(map(`m-${i}`));
    const gone = JSON.stringify({ kind: 'Status', reason: 'Expired', message: 'too old', code: 410 });
    sandbox.addFault({ on: { path: /continue=/ }, times: 1, play: { status: 410, body: gone } });
    const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team' };
    await expect(cluster.list(query)).resolves.toHaveLength(251);
  });

  test('warnings of the server reach the log', async () => {
    const { cluster, sandbox, lines } = await connect();
    const headers = {
      warning: '299 - "policy/v1beta1 is deprecated, \\"really\\""',
      'content-type': 'application/json',
    };
    const body = JSON.stringify(map('warned'));
    await cluster.get(ref('warm-up'));
    sandbox.addFault({ on: { path: objects }, times: 1, play: { status: 200, headers, body } });
    await cluster.get(ref('warned'));
    expect(lines.join('')).toContain('policy/v1beta1 is deprecated');
  });
});

describe('logs', () => {
  const query = { namespace: 'team', pod: 'p', container: 'main', tailLines: 2 };
  const running = (cluster: Awaited<ReturnType<typeof connect>>, state: object): Cluster => {
    cluster.sandbox.controllers.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'team' },
      spec: { nodeName: 'n', containers: [{ name: 'main' }] },
      status: { containerStatuses: [{ name: 'main', state }] },
    });
    return cluster.cluster;
  };

  test('are the last lines', async () => {
    const ground = await connect();
    const cluster = running(ground, { running: {} });
    ground.sandbox.controllers.setLog({ ...query }, 'one\ntwo\nthree\n');
    await expect(cluster.logs(query)).resolves.toBe('two\nthree\n');
    ground.sandbox.controllers.setLog({ ...query, previous: true }, 'before\n');
    await expect(cluster.logs({ ...query, previous: true })).resolves.toBe('before\n');
  });

  test('that look like a page are still logs', async () => {
    const ground = await connect();
    const cluster = running(ground, { running: {} });
    ground.sandbox.controllers.setLog({ ...query }, '<html>\n<body>\n');
    await expect(cluster.logs(query)).resolves.toBe('<html>\n<body>\n');
  });

  test.each([
    ['waits to start', { waiting: { reason: 'ContainerCreating' } }],
    ['cannot be pulled', { waiting: { reason: 'ImagePullBackOff' } }],
  ])('of a container that %s are empty', async (_, state) => {
    const cluster = running(await connect(), state);
    await expect(cluster.logs(query)).resolves.toBe('');
    await expect(cluster.logs({ ...query, previous: true })).resolves.toBe('');
  });

  test('of a node that hands none out are empty, and that is said', async () => {
    const ground = await connect();
    const cluster = running(ground, { running: {} });
    const message =
      'Get "https://10.1.2.3:10250/containerLogs/team/p/main": dial tcp 10.1.2.3:10250: connect: connection refused';
    const body = JSON.stringify({ kind: 'Status', reason: 'InternalError', message });
    ground.sandbox.addFault({ on: { path: /\/log/ }, play: { status: 500, body } });
    await expect(cluster.logs(query)).resolves.toBe('');
    expect(ground.lines.join('')).toContain('cannot read the log of main in pod team/p');
  });
});
