import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SandboxCluster, startCluster } from '../../../sandbox/cluster.ts';
import { clusterReviews } from '../../../sandbox/model/cluster-reviews.ts';
import { type Cluster, createCluster } from '../../../steps/lib/cluster.ts';
import { readToken } from '../../../steps/lib/jwt.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { systemClock } from '../../../steps/lib/retry.ts';
import { issueToken, revoke } from '../../../steps/rotate-token/issue.ts';
import type { Slot } from '../../../steps/rotate-token/plan.ts';

const account = { namespace: 'models', name: 'client' };
const limits = { current: undefined, lifetimeMs: 3_600_000, minLifetimeMs: 600_000 };

let sandbox: SandboxCluster;
let cluster: Cluster;
const lines: string[] = [];
const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'try' });
beforeEach(async () => {
  lines.length = 0;
  sandbox = await startCluster({ namespaces: ['models'] });
  cluster = await createCluster({ env: { KUBECONFIG: await sandbox.kubeconfig() }, log });
  sandbox.token({ namespace: 'models', serviceAccount: 'client' });
});
afterEach(() => sandbox.close());

const world = () => ({ cluster, log, clock: systemClock, signal: new AbortController().signal });
const reviews = () =>
  clusterReviews({
    server: sandbox.url,
    ca: sandbox.ca,
    token: async () => sandbox.adminToken,
    service: { namespace: 'models', name: 'm' },
  });
const anchors = () =>
  sandbox.controllers
    .list({ apiVersion: 'v1', kind: 'Secret', namespace: 'models' })
    .filter(({ metadata }) => metadata.name.startsWith('client-token-'));
const names = () => anchors().map(({ metadata }) => metadata.name);

function occupy(...taken: Slot[]) {
  for (const slot of taken)
    sandbox.controllers.put({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `client-token-${slot}`, namespace: 'models' },
    });
}

describe('issueToken', () => {
  test('binds the token to an empty anchor that belongs to the account', async () => {
    const { token, slot, expires } = await issueToken(account, limits, world());
    const [anchor] = anchors();
    expect(slot).toBe(1);
    expect(readToken(token)?.secret).toEqual({ name: 'client-token-1', uid: anchor?.metadata.uid });
    expect(Math.abs(expires.getTime() - Date.now() - 3_600_000)).toBeLessThan(60_000);
    expect(anchor).toMatchObject({
      immutable: true,
      metadata: { ownerReferences: [{ kind: 'ServiceAccount', name: 'client' }] },
    });
    expect(anchor).not.toHaveProperty('data');
    expect(log.redact(token)).toBe('***');
  });

  test.each<[Slot | undefined, Slot[], Slot]>([
    [undefined, [], 1],
    [1, [1], 2],
    [4, [4], 1],
    [2, [2, 3], 4],
    [2, [1, 2, 3, 4], 3],
  ])('with %s in use and %j there takes slot %s', async (current, taken, slot) => {
    occupy(...taken);
    const issued = await issueToken(account, { ...limits, current }, world());
    expect(issued.slot).toBe(slot);
    expect(names()).toContain(`client-token-${slot}`);
    expect(current === undefined || names().includes(`client-token-${current}`)).toBe(true);
  });

  test('leaves no anchor behind when the token cannot be used', async () => {
    const asked = { ...limits, minLifetimeMs: 2 * 3_600_000 };
    await expect(issueToken(account, asked, world())).rejects.toMatchObject({
      failure: 'check',
      evidence: ['it lives 1.0 h, min-lifetime is 2.0 h (claims of the token)'],
    });
    expect(names()).toEqual([]);
  });

  test('leaves no anchor behind when the API server refuses', async () => {
    await expect(issueToken(account, { ...limits, lifetimeMs: 60_000 }, world())).rejects.toThrow(
      'a token of ServiceAccount models/client is invalid',
    );
    expect(names()).toEqual([]);
  });

  test('makes nothing for an account that does not exist', async () => {
    await expect(issueToken({ ...account, name: 'nobody' }, limits, world())).rejects.toMatchObject({
      failure: 'refused',
      message: 'there is no ServiceAccount models/nobody',
    });
    expect(names()).toEqual([]);
  });
});

describe('revoke', () => {
  test('ends the token at once', async () => {
    const { token, slot } = await issueToken(account, limits, world());
    expect(await reviews().reviewToken(token)).toMatchObject({
      username: 'system:serviceaccount:models:client',
    });
    await revoke(account, slot, world());
    expect(names()).toEqual([]);
    expect(await reviews().reviewToken(token)).toBeUndefined();
  });

  test('of what is not there says nothing, and a failure is only a warning', async () => {
    await revoke(account, 1, world());
    expect(lines.join('')).not.toContain('revoked');
    const broken = { ...cluster, delete: () => Promise.reject(new Error('down')) };
    await revoke(account, 1, { cluster: broken, log });
    expect(lines.join('')).toContain('warn could not delete an anchor  anchor=client-token-1');
  });
});
