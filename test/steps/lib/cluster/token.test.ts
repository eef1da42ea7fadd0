import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connect, failureOf, map } from './connect.ts';

afterEach(closeAll);

async function anchored(options: Parameters<typeof connect>[0] = {}) {
  const ground = await connect(options);
  const secret = await ground.cluster.create({ ...map('anchor'), kind: 'Secret' });
  const boundObject = { apiVersion: 'v1', kind: 'Secret', name: 'anchor', uid: secret?.metadata.uid ?? '' };
  const query = { namespace: 'team', serviceAccount: 'default', expirationSeconds: 86_400, boundObject };
  return { ...ground, query };
}

describe('a token', () => {
  test('is masked in every line from the start', async () => {
    const { cluster, log, lines, query } = await anchored();
    const { token } = await cluster.createToken(query);
    log.info('look', { token });
    expect(lines.join('')).toContain('look');
    expect(lines.join('')).not.toContain(token.slice(-20));
  });

  test('ends when the server says, and a shortened life is said', async () => {
    const { cluster, lines, query } = await anchored({ maxTokenSeconds: 3600 });
    const { expires } = await cluster.createToken(query);
    expect(expires.getTime() - Date.now()).toBeLessThan(3_700_000);
    expect(lines.join('')).toContain('requested expiration of 86400 seconds shortened to 3600 seconds');
  });

  test('of nobody is refused by name', async () => {
    const { cluster, query } = await anchored();
    const error = await failureOf(cluster.createToken({ ...query, serviceAccount: 'nobody' }));
    expect(error.message).toBe('a token of ServiceAccount team/nobody does not exist');
  });

  test('that is not in the answer is no token', async () => {
    const { cluster, sandbox, query } = await anchored();
    const body = '{"kind":"TokenRequest","status":{}}';
    sandbox.addFault({ on: { path: /\/token$/ }, play: { status: 201, body } });
    expect((await failureOf(cluster.createToken(query))).failure).toBe('unavailable');
  });

  test('whose end is not said is no token either, and masked all the same', async () => {
    const { cluster, log, lines, sandbox, query } = await anchored();
    const token = 'opaque-token-of-somebody-0123456789abcdef';
    const body = JSON.stringify({ kind: 'TokenRequest', status: { token } });
    sandbox.addFault({ on: { path: /\/token$/ }, play: { status: 201, body } });
    const error = await failureOf(cluster.createToken(query));
    expect(error.evidence.join()).not.toContain(token);
    log.info('look', { token });
    expect(lines.join('')).not.toContain(token);
  });
});
