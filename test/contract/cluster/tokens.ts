import { describe, expect, test, vi } from 'vitest';
import { readToken } from '../../../steps/lib/jwt.ts';
import { failureOf, type On, tokenOf } from './ground.ts';

/** TokenRequest, binding, revocation, TokenReview. */
export function tokensContract(on: On): void {
  async function anchor(name: string) {
    const { admin, namespace } = on();
    await admin.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
    const secret = await admin.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } });
    const { uid = '' } = secret?.metadata ?? {};
    return { apiVersion: 'v1', kind: 'Secret', name, uid };
  }

  const ask = async (name: string, change: object = {}) => {
    const { admin, namespace } = on();
    const boundObject = await anchor(name);
    return await admin.createToken({
      namespace,
      serviceAccount: name,
      expirationSeconds: 3600,
      boundObject,
      ...change,
    });
  };

  const review = async (token: string) => {
    const { body } = await on().raw({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    });
    return body['status'] as Record<string, unknown>;
  };

  describe('tokens', () => {
    test('a token says who, until when and bound to what', async () => {
      const { namespace } = on();
      const before = Date.now();
      const { token, expires } = await ask('client');
      const claims = readToken(token);
      expect(claims).toMatchObject({
        sub: `system:serviceaccount:${namespace}:client`,
        secret: { name: 'client' },
      });
      expect(claims?.aud?.length).toBeGreaterThan(0);
      const seconds = (expires.getTime() - before) / 1000;
      expect(seconds).toBeGreaterThan(3590);
      expect(seconds).toBeLessThan(3620);
      expect(Math.abs((claims?.exp ?? 0) - expires.getTime() / 1000)).toBeLessThanOrEqual(1);
    });

    test('it opens the API, and deleting its Secret shuts it', async () => {
      const { admin, namespace, withToken } = on();
      const { token } = await ask('revoked');
      const own = await withToken(token);
      const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'revoked' };
      expect((await failureOf(own.get(secret))).status).toBe(403);
      await admin.delete(secret);
      await vi.waitFor(async () => expect((await failureOf(own.get(secret))).status).toBe(401), {
        timeout: 30_000,
        interval: 500,
      });
      expect(await review(token)).toMatchObject({
        user: {},
        error: '[invalid bearer token, service account token has been invalidated]',
      });
    });

    test('a review names user and groups', async () => {
      const { namespace } = on();
      const { token } = await ask('reviewed-token');
      expect(await review(token)).toMatchObject({
        authenticated: true,
        user: {
          username: `system:serviceaccount:${namespace}:reviewed-token`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        },
      });
    });

    test('a word that is no token is nobody', async () => {
      const status = await review('abc.def.ghi');
      expect(status['authenticated'] ?? false).toBe(false);
      expect(String(status['error'])).toMatch(/^\[?invalid bearer token/);
    });

    test('the shortest life is ten minutes', async () => {
      const error = await failureOf(ask('short', { expirationSeconds: 599 }));
      expect(error.evidence[0]).toContain(
        'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      );
    });

    test('a Secret of another uid is another Secret', async () => {
      const boundObject = { ...(await anchor('other-uid')), uid: '11111111-2222-3333-4444-555555555555' };
      const error = await failureOf(ask('other-uid', { boundObject }));
      expect(error.status).toBe(409);
      expect(error.evidence[0]).toMatch(
        /the UID in the bound object reference \(.*\) does not match the UID in record/,
      );
    });

    test('without the Secret there is no token', async () => {
      const boundObject = { apiVersion: 'v1', kind: 'Secret', name: 'no-anchor', uid: 'x' };
      const error = await failureOf(ask('unanchored', { boundObject }));
      expect(error).toMatchObject({ status: 404, failure: 'refused' });
      expect(error.evidence[0]).toContain('secrets "no-anchor" not found');
    });

    test('an account that is not there is named', async () => {
      const { admin, namespace } = on();
      const boundObject = await anchor('someone');
      const query = { namespace, serviceAccount: 'no-one', expirationSeconds: 3600, boundObject };
      const error = await failureOf(admin.createToken(query));
      expect(error.evidence[0]).toContain('serviceaccounts "no-one" not found');
    });

    test('a deleted account takes its tokens with it', async () => {
      const { admin, namespace, raw } = on();
      await on().as('leaver');
      const token = await tokenOf(raw, namespace, 'leaver');
      await admin.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'leaver' });
      await vi.waitFor(
        async () => expect((await raw({ method: 'GET', path: '/api', token })).status).toBe(401),
        { timeout: 30_000, interval: 500 },
      );
    });
  });
}
