import { expect, test } from 'vitest';
import { authorization, defaultTimings, type HubSettings } from '../../../../steps/lib/hub/settings.ts';

const settings = (token: string | undefined): Pick<HubSettings, 'endpoint' | 'token'> => ({
  endpoint: new URL('https://hub.example/hf/'),
  token,
});

test.each([
  ['https://hub.example/hf/api/models', true],
  ['https://hub.example/anything', true],
  ['https://hub.example:443/', true],
  ['http://hub.example/', false],
  ['https://hub.example:8443/', false],
  ['https://cdn.hub.example/', false],
  ['https://hub.example.evil/', false],
])('the token goes to %s: %s', (url, goes) => {
  const expected = goes ? { authorization: 'Bearer hf_secret' } : {};
  expect(authorization(new URL(url), settings('hf_secret'))).toEqual(expected);
  expect(authorization(new URL(url), settings(undefined))).toEqual({});
});

test('a slow server is told from a silent one: the silence is over first', () => {
  expect(defaultTimings.idleMs).toBeLessThan(defaultTimings.slowMs);
});
