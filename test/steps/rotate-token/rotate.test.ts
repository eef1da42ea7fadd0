import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startModel } from '../../../sandbox/model.ts';
import { createEndpoint } from '../../../steps/lib/endpoint.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { account, place, type Scene, setAnOldScene, setTheScene } from './rotating.ts';

const day = 86_400_000;
const rolebinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  name: account.name,
  namespace: account.namespace,
};
const secretRef = { apiVersion: 'v1', kind: 'Secret', name: place.secret, namespace: place.namespace };

const renew = { flags: ['--renew-before=3000h'] };

describe('a client with the damaged token of a bad copy', () => {
  test('gets a good one, by name, and runs with it', async () => {
    const scene = await setTheScene();
    const { code, log, results } = await scene.run();
    expect(code).toBe(0);
    expect(log).toContain(
      'the token is replaced  because="it is damaged: byte 32 of 37 is 0xef, the begin of U+FFFD, which a bad copy leaves"',
    );
    const token = scene.stored().toString();
    expect(token).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
    expect(scene.inUse()).toEqual([token]);
    expect(await scene.accepts(token)).toBe(true);
    expect(scene.anchors()).toEqual(['librechat-gpt-oss-token-1']);
    expect(results).toEqual({
      expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      anchor: 'librechat-gpt-oss-token-1',
      outcome: 'ok',
    });
    expect(log).not.toContain(token.slice(0, 20));
    expect([...scene.cluster.refusals, ...scene.kserve.refusals, ...scene.model.refusals]).toEqual([]);
  });

  test('gets it with the rights that we ship, and no Secret but its own is read', async () => {
    const scene = await setTheScene();
    await scene.run();
    const ours = scene.cluster.served.filter(({ user }) => user.endsWith(':llm-rollout-rotate-token'));
    expect(ours.filter(({ status }) => status === 403)).toEqual([]);
    const secrets = ours.filter(({ resource }) => resource === 'secrets');
    expect([...new Set(secrets.map(({ verb, name }) => `${verb} ${name ?? ''}`.trim()))].sort()).toEqual([
      'create',
      'get librechat-credentials-env',
      'patch librechat-credentials-env',
    ]);
  });

  test('has it proved before and after it is put in place', async () => {
    const scene = await setTheScene();
    await scene.run();
    expect(scene.model.served.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/v1/models 200',
      '/v1/models 200',
    ]);
  });

  test('keeps every other key of its Secret', async () => {
    const scene = await setTheScene();
    scene.cluster.controllers.update(secretRef, (draft) => {
      draft['data'] = { ...(draft['data'] as object), OTHER: 'b3RoZXI=' };
    });
    await scene.run();
    expect(scene.cluster.controllers.get(secretRef)?.['data']).toMatchObject({ OTHER: 'b3RoZXI=' });
  });
});

describe('a good token', () => {
  test('is kept, and nothing is restarted', async () => {
    const scene = await setTheScene();
    await scene.run({ patient: true });
    const before = { token: scene.stored(), pods: podNames(scene) };
    const { code, results } = await scene.run();
    expect(code).toBe(0);
    expect(results['outcome']).toBe('unchanged');
    expect(results['anchor']).toBe('librechat-gpt-oss-token-1');
    expect({ token: scene.stored(), pods: podNames(scene) }).toEqual(before);
    expect(scene.anchors()).toHaveLength(1);
  });

  test('that ends before long is replaced, and works on through the overlap', async () => {
    const scene = await setAnOldScene();
    const { results } = await scene.run(renew);
    expect(results).toMatchObject({ anchor: 'librechat-gpt-oss-token-2', outcome: 'ok' });
    expect(scene.stored().toString()).not.toBe(scene.old);
    expect(scene.anchors()).toEqual(['librechat-gpt-oss-token-1', 'librechat-gpt-oss-token-2']);
    expect(await scene.accepts(scene.old)).toBe(true);
  });

  test('is revoked after its overlap, by the next run, and its successor is not', async () => {
    const scene = await setAnOldScene();
    await scene.run({ ...renew, patient: true });
    const { results, log } = await scene.run({ flags: ['--overlap=0s'] });
    expect(results['outcome']).toBe('unchanged');
    expect(log).toContain('revoked a token  anchor=librechat-gpt-oss-token-1');
    expect(scene.anchors()).toEqual(['librechat-gpt-oss-token-2']);
    expect(await scene.accepts(scene.old)).toBe(false);
    expect(await scene.accepts(scene.stored().toString())).toBe(true);
  });

  test('is not revoked while pods were seen to run with it that cannot be restarted', async () => {
    const scene = await setAnOldScene();
    setPaused(scene, true);
    await scene.run({ ...renew, patient: true });
    const flags = ['--overlap=0s'];
    const { code, log } = await scene.run({ flags, patient: true });
    expect(code).toBe(0);
    expect(log).toContain('warn no token is revoked: something may still run with an older one  workloads=1');
    expect(scene.inUse()).toEqual([scene.old]);
    expect(await scene.accepts(scene.old)).toBe(true);
    setPaused(scene, false);
    await scene.run({ flags, patient: true });
    expect(scene.inUse()).toEqual([scene.stored().toString()]);
    expect(await scene.accepts(scene.old)).toBe(false);
  });

  test('that is damaged later does not make us revoke the one that pods still use', async () => {
    const scene = await setTheScene();
    await scene.run();
    const [inUse = ''] = scene.inUse();
    scene.store(`${inUse.slice(0, 40)}\uFFFD${inUse.slice(41)}`);
    const { results } = await scene.run({ flags: ['--restart=false'] });
    expect(results['anchor']).toBe('librechat-gpt-oss-token-2');
    expect(scene.inUse()).toEqual([inUse]);
    expect(await scene.accepts(inUse)).toBe(true);
  });
});

describe('a token that looks good', () => {
  test('and whose anchor somebody has deleted is replaced', async () => {
    const scene = await setTheScene();
    await scene.run();
    scene.cluster.controllers.delete({
      apiVersion: 'v1',
      kind: 'Secret',
      name: 'librechat-gpt-oss-token-1',
      namespace: account.namespace,
    });
    const { code, log, results } = await scene.run();
    expect(code).toBe(0);
    expect(log).toContain('the model does not take it: LD181 AUTH_401');
    expect(results['outcome']).toBe('ok');
    expect(await scene.accepts(scene.stored().toString())).toBe(true);
  });

  test('and that nothing could revoke is replaced', async () => {
    const scene = await setTheScene();
    scene.store(scene.cluster.token({ namespace: account.namespace, serviceAccount: account.name }));
    const { log, results } = await scene.run();
    expect(log).toContain('it is bound to no anchor and cannot be revoked');
    expect(results['outcome']).toBe('ok');
  });
});

describe('what a person must change', () => {
  test.each<[string, (scene: Scene) => void, string, RegExp]>([
    [
      'an account that does not exist',
      ({ cluster }) =>
        void cluster.controllers.delete({ apiVersion: 'v1', kind: 'ServiceAccount', ...account }),
      'there is no ServiceAccount gpt-oss/librechat-gpt-oss',
      /^Try: oc create serviceaccount librechat-gpt-oss -n gpt-oss$/m,
    ],
    [
      'an account that may not use the model',
      ({ cluster }) => void cluster.controllers.delete(rolebinding),
      'LD182 AUTH_403: gpt-oss/librechat-gpt-oss may not use gpt-oss/gpt-oss-20b-rhaiis',
      /^Try: oc create role gpt-oss-20b-rhaiis-view-role -n gpt-oss --verb=get .* --serviceaccount=gpt-oss:librechat-gpt-oss$/m,
    ],
    [
      'a Secret that does not exist',
      ({ cluster }) => void cluster.controllers.delete(secretRef),
      'there is no Secret librechat/librechat-credentials-env',
      /^Try: oc create secret generic librechat-credentials-env -n librechat --from-literal=GPT_OSS_API_KEY=none/m,
    ],
    [
      'a Secret that cannot be changed',
      ({ cluster }) =>
        void cluster.controllers.update(secretRef, (draft) => void (draft['immutable'] = true)),
      'the Secret librechat/librechat-credentials-env is immutable',
      /^Try: make it again without immutable/m,
    ],
    [
      'a right that we lack in the namespace of the client',
      ({ cluster }) =>
        void cluster.controllers.delete({
          ...rolebinding,
          name: 'llm-rollout-rotate-token.gpt-oss',
          namespace: 'librechat',
        }),
      'librechat-credentials-env',
      /^Try: oc /m,
    ],
  ])('%s ends with 77, and nothing is changed', async (_, arrange, headline, hint) => {
    const scene = await setTheScene();
    const before = scene.stored();
    arrange(scene);
    const { code, log } = await scene.run();
    expect(code).toBe(77);
    expect(log).toContain('error refused: ');
    expect(log).toContain(headline);
    expect(log).toMatch(hint);
    expect(scene.anchors()).toEqual([]);
    expect([before, Buffer.alloc(0)]).toContainEqual(scene.stored());
  });

  test('more time for the client than a timer can count ends with 64', async () => {
    const scene = await setTheScene();
    const { code, log } = await scene.run({ flags: ['--rollout-timeout=300h'] });
    expect(code).toBe(64);
    expect(log).toContain('--rollout-timeout: 300h is more than 24h');
  });

  test('limits that contradict each other end with 64', async () => {
    const scene = await setTheScene();
    const { code, log } = await scene.run({ flags: ['--lifetime=1h', '--min-lifetime=2h'] });
    expect(code).toBe(64);
    expect(log).toContain('min-lifetime is longer than lifetime');
  });
});

describe('an API server that gives less time than asked', () => {
  test('is not believed when it is less than min-lifetime', async () => {
    const scene = await setTheScene({ maxTokenSeconds: 3600 });
    const before = scene.stored();
    const { code, log } = await scene.run();
    expect(code).toBe(65);
    expect(log).toContain('it lives 1.0 h, min-lifetime is 24.0 h (claims of the token)');
    expect(scene.stored()).toEqual(before);
    expect(scene.anchors()).toEqual([]);
  });

  test('is worked with when that is enough, and does not make every run rotate', async () => {
    const scene = await setTheScene({ maxTokenSeconds: 3600 });
    const flags = ['--min-lifetime=30m'];
    expect((await scene.run({ flags, patient: true })).results['outcome']).toBe('ok');
    expect((await scene.run({ flags })).results['outcome']).toBe('unchanged');
  });
});

describe('a model that asks for no token', () => {
  /** At an address where none may travel: in the clear. */
  async function setAnOpenScene() {
    const scene = await setTheScene();
    const model = await startModel({ servedName: 'gpt-oss-20b' });
    onTestFinished(() => model.close());
    const shown: (string | null)[] = [];
    const network = {
      fetch: ((_, init) => {
        shown.push(new Headers(init?.headers).get('authorization'));
        return fetch(`${model.url}/v1/models`, init);
      }) satisfies typeof fetch,
    };
    const log = createLog({ write: () => {}, env: {}, step: 'rotate-token' });
    const service = { namespace: 'gpt-oss', name: 'gpt-oss-20b-rhaiis' };
    const url = 'http://gpt-oss-20b-rhaiis-predictor.gpt-oss.svc.cluster.local:8080';
    const endpoint = createEndpoint({ network, log, service }, { url, bearer: async () => undefined });
    const run = (flags: string[] = []) => scene.run({ flags, tap: (cluster) => ({ cluster, endpoint }) });
    return { ...scene, run, shown };
  }

  test('is told apart and shown none, and the client gets its token all the same', async () => {
    const scene = await setAnOpenScene();
    const { code, log } = await scene.run();
    expect(code).toBe(0);
    expect(log).toContain('warn the model asks for no token, so none can be proved');
    expect(scene.shown).toEqual([null, null]);
    expect(scene.inUse()).toEqual([scene.stored().toString()]);
  });

  test('must serve what the client asks for, as any other', async () => {
    const scene = await setAnOpenScene();
    const { code, log } = await scene.run(['--served-name=llama']);
    expect(code).toBe(65);
    expect(log).toContain('models: gpt-oss-20b');
  });
});

test('a placeholder in the Secret is no secret: neither the log nor a result is spoilt by it', async () => {
  const scene = await setTheScene();
  scene.store('librechat');
  const { code, log, results } = await scene.run();
  expect(code).toBe(0);
  expect(log).toContain('secret=librechat/librechat-credentials-env');
  expect(results['anchor']).toBe('librechat-gpt-oss-token-1');
});

describe('a model that is away', () => {
  test('changes nothing and ends with 69', async () => {
    const scene = await setTheScene();
    const before = scene.stored();
    await scene.model.close();
    const { code } = await scene.run();
    expect(code).toBe(69);
    expect(scene.stored()).toEqual(before);
    expect(scene.anchors()).toEqual([]);
  });

  test('or serves another model changes nothing and ends with 65', async () => {
    const scene = await setTheScene();
    const before = scene.stored();
    const { code, log } = await scene.run({ flags: ['--served-name=llama'] });
    expect(code).toBe(65);
    expect(log).toContain('models: gpt-oss-20b');
    expect(scene.stored()).toEqual(before);
  });
});

test('a workload that was broken before does not keep the client from its fresh token', async () => {
  const scene = await setAnOldScene();
  const labels = { app: 'forgotten' };
  const container = {
    name: 'c',
    image: 'nowhere.example/x:1',
    envFrom: [{ secretRef: { name: place.secret } }],
  };
  scene.cluster.controllers.put({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'forgotten', namespace: place.namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  });
  await vi.waitFor(() => expect(podNames(scene)).toContainEqual(expect.stringMatching(/^forgotten/)));
  // Into the next second, which is as exactly as pods know their age.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { code, log } = await scene.run({ flags: [...renew.flags, '--rollout-timeout=1m'] });
  expect(code).toBe(0);
  expect(log).toContain('did not run before its restart, and does not now  workload=deployment/forgotten');
  expect(scene.stored().toString()).not.toBe(scene.old);
  expect(scene.inUse()).toEqual([scene.stored().toString()]);
});

describe('two runs at once', () => {
  test('rotate once: the second waits and finds a good token', async () => {
    const scene = await setTheScene();
    const runs = await Promise.all(['a', 'b', 'c'].map((taskRun) => scene.run({ taskRun })));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.filter(({ log }) => log.includes('issued a token'))).toHaveLength(1);
    expect(scene.anchors()).toEqual(['librechat-gpt-oss-token-1']);
  });

  test('that wait too long end with 75 and name the other', async () => {
    const scene = await setTheScene();
    scene.cluster.controllers.put(leaseOf('other', new Date()));
    const { code, log } = await scene.run({ flags: ['--lock-timeout=0s'] });
    expect(code).toBe(75);
    expect(log).toContain('holderIdentity: other');
    expect(log).toMatch(/^Try: tkn taskrun logs other -f -n gpt-oss/m);
  });

  test('do not wait for one that died long ago', async () => {
    const scene = await setTheScene();
    scene.cluster.controllers.put(leaseOf('dead', new Date(Date.now() - day)));
    expect((await scene.run({ flags: ['--lock-timeout=0s'] })).code).toBe(0);
  });
});

function setPaused({ cluster }: Scene, paused: boolean) {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'librechat-librechat' };
  cluster.controllers.update(
    { ...deployment, namespace: place.namespace },
    (draft) => void (draft['spec'] = { ...(draft['spec'] as object), paused }),
  );
}

function leaseOf(holderIdentity: string, taken: Date) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: `${account.name}-token`, namespace: account.namespace },
    spec: { holderIdentity, renewTime: taken.toISOString().replace('Z', '000Z'), leaseDurationSeconds: 600 },
  };
}

function podNames({ cluster }: Scene): string[] {
  return cluster.controllers
    .list({ apiVersion: 'v1', kind: 'Pod', namespace: place.namespace })
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);
}
