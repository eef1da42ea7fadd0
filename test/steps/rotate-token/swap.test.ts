import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Cluster, KubeObject } from '../../../steps/lib/cluster.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import { aroundSwap, place, type Scene, setAnOldScene, setTheScene } from './rotating.ts';

type Tap = ReturnType<typeof aroundSwap>;

const renew = { flags: ['--renew-before=3000h'] };
const secretRef = { apiVersion: 'v1', kind: 'Secret', name: place.secret, namespace: place.namespace };

describe('a client that does not come back', () => {
  /** Its new pods want an image that nobody has. */
  function breakRestart({ cluster: { controllers } }: Scene) {
    const good = 'ghcr.io/danny-avila/librechat:latest';
    const bad = 'nowhere.example/x:1';
    let broken = true;
    // In the write itself: whatever looks at the Deployment afterwards may be faster than we are.
    controllers.addWebhook({
      name: 'breaks.restarts',
      kinds: ['Deployment'],
      mutate: (draft) => {
        const text = JSON.stringify(draft['spec']);
        if (draft.metadata.namespace !== place.namespace || !text.includes('restartedAt')) return;
        const [from, to] = broken ? [good, bad] : [bad, good];
        draft['spec'] = JSON.parse(text.replaceAll(from, to));
      },
    });
    return () => (broken = false);
  }

  test('gets its token back, which still works, and the new one is revoked', async () => {
    const scene = await setAnOldScene();
    const mend = breakRestart(scene);
    let swaps = 0;
    const { code, log } = await scene.run({
      flags: [...renew.flags, '--rollout-timeout=5m'],
      tap: aroundSwap({
        before: () => {
          swaps += 1;
          if (swaps === 2) mend();
        },
      }),
    });
    expect(code).toBe(75);
    expect(log).toContain(
      'error not-ready: deployment/librechat-librechat does not come back after its restart',
    );
    expect(log).toContain('  | the token before is back in the Secret, and works until its time');
    expect(log).toMatch(/^ {2}\| (Err)?ImagePull.*nowhere\.example/m);
    expect(scene.stored().toString()).toBe(scene.old);
    expect(await scene.accepts(scene.old)).toBe(true);
    expect(scene.anchors()).toEqual(['librechat-gpt-oss-token-1']);
  });

  test('keeps the new token when the one before was no good', async () => {
    const scene = await setTheScene();
    await settled(scene);
    breakRestart(scene);
    const { code, log } = await scene.run({ flags: ['--rollout-timeout=1m'] });
    expect(code).toBe(75);
    expect(log).toContain(
      '  | the new token stays in the Secret: it was proved, and the one before is no good',
    );
    expect(await scene.accepts(scene.stored().toString())).toBe(true);
  });
});

describe('a run that is stopped after the swap', () => {
  test('ends with 143 and leaves a token that works; the next one restarts the client', async () => {
    const scene = await setTheScene();
    await settled(scene);
    let stop = () => {};
    const { code } = await scene.run({
      onStart: (by) => (stop = by),
      tap: aroundSwap({ after: () => stop() }),
    });
    expect(code).toBe(143);
    const token = scene.stored().toString();
    expect(await scene.accepts(token)).toBe(true);
    expect(scene.inUse()).not.toEqual([token]);
    const { results } = await scene.run();
    expect(results['outcome']).toBe('ok');
    expect(scene.stored().toString()).toBe(token);
    expect(scene.inUse()).toEqual([token]);
  });
});

describe('writes that meet others', () => {
  test('an answer that is lost does not make a second token or a wrong report', async () => {
    const scene = await setTheScene();
    scene.cluster.addFault({ on: { method: 'PATCH', path: /secrets/ }, times: 1, play: { cut: 'after' } });
    const { code, results } = await scene.run();
    expect(code).toBe(0);
    expect(results['anchor']).toBe('librechat-gpt-oss-token-1');
    expect(scene.inUse()).toEqual([scene.stored().toString()]);
  });

  /** Changes the Secret just before our write, once. */
  const meanwhile = (scene: Scene, change: (data: Record<string, string>) => void) => {
    let done = false;
    const before = () => {
      if (done) return;
      done = true;
      scene.cluster.controllers.update(secretRef, (draft) => change(draft['data'] as Record<string, string>));
    };
    return scene.run({ tap: aroundSwap({ before }) });
  };

  test('another key that changes meanwhile is kept', async () => {
    const scene = await setTheScene();
    const { code } = await meanwhile(scene, (data) => void (data['OTHER'] = 'bmV3'));
    expect(code).toBe(0);
    expect(scene.cluster.controllers.get(secretRef)?.['data']).toMatchObject({ OTHER: 'bmV3' });
  });

  test('our key that changes meanwhile is left as it is, with 65', async () => {
    const scene = await setTheScene();
    const { code, log } = await meanwhile(
      scene,
      (data) => void (data[place.key] = Buffer.from('theirs').toString('base64')),
    );
    expect(code).toBe(65);
    expect(log).toContain(
      'somebody else has changed GPT_OSS_API_KEY in librechat/librechat-credentials-env meanwhile',
    );
    expect(scene.stored().toString()).toBe('theirs');
    expect(scene.anchors()).toEqual([]);
  });
});

describe('a Secret that somebody puts back while the client restarts', () => {
  /** As GitOps does, once the client's pods run with the new token. */
  const putBack = (scene: Awaited<ReturnType<typeof setAnOldScene>>): Tap => {
    let done = false;
    return (cluster, endpoint) => ({
      endpoint,
      cluster: {
        ...cluster,
        get: async <T extends KubeObject>(...args: Parameters<Cluster['get']>) => {
          const found = await cluster.get<T>(...args);
          const [token = scene.old] = scene.inUse();
          if (!done && token !== scene.old) {
            done = true;
            scene.store(scene.old);
          }
          return found;
        },
      },
    });
  };

  test('is no success', async () => {
    const scene = await setAnOldScene();
    const { code, log } = await scene.run({ ...renew, tap: putBack(scene) });
    expect(code).toBe(65);
    expect(log).toContain(
      'somebody else has changed GPT_OSS_API_KEY in librechat/librechat-credentials-env meanwhile',
    );
    expect(log).toContain('  | the value is not the one that we wrote (Secret); it was left as it is');
    expect(log).toContain('  | the new token is not revoked yet: pods may have started with it');
    expect(scene.stored().toString()).toBe(scene.old);
  });

  test('does not revoke the token that its pods run with', async () => {
    const scene = await setAnOldScene();
    await scene.run({ ...renew, tap: putBack(scene) });
    const [token = ''] = scene.inUse();
    expect(token).not.toBe(scene.old);
    expect(await scene.accepts(token)).toBe(true);
  });
});

describe('what something else restarts', () => {
  test('keeps a working token when the new one is taken back: it may have read it', async () => {
    const scene = await setAnOldScene();
    let proofs = 0;
    const { code } = await scene.run({
      flags: [...renew.flags, '--restart=false'],
      tap: (cluster, endpoint) => ({
        cluster,
        endpoint: {
          ...endpoint,
          withToken: (...args) => {
            proofs += 1;
            if (proofs === 2) throw new StepError('unavailable', 'the model is away', { hint: 'wait' });
            return endpoint.withToken(...args);
          },
        },
      }),
    });
    expect(code).toBe(69);
    expect(scene.stored().toString()).toBe(scene.old);
    expect(scene.anchors()).toEqual(['librechat-gpt-oss-token-1', 'librechat-gpt-oss-token-2']);
  });
});

test('a pod that began while the write was under way is restarted too', async () => {
  const scene = await setAnOldScene();
  await settled(scene);
  const { controllers } = scene.cluster;
  const pods = { apiVersion: 'v1', kind: 'Pod', namespace: place.namespace };
  const { code } = await scene.run({
    ...renew,
    patient: true,
    tap: (cluster, endpoint) => ({
      endpoint,
      cluster: {
        ...cluster,
        jsonPatch: async <T extends KubeObject>(...args: Parameters<Cluster['jsonPatch']>) => {
          // Into the next second, which is as exactly as pods know their age.
          await delay(1000);
          for (const { metadata } of controllers.list({ ...pods, labelSelector: 'app=librechat' }))
            controllers.delete({ ...pods, name: metadata.name });
          await delay(100);
          await settled(scene);
          return cluster.jsonPatch<T>(...args);
        },
      },
    }),
  });
  expect(code).toBe(0);
  expect(scene.inUse()).toEqual([scene.stored().toString()]);
});

/** Until the client runs. */
async function settled(scene: Scene): Promise<void> {
  while (scene.inUse()[0] === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
}
