import { describe, expect, test } from 'vitest';
import { isWithinCluster, readProxies, translateBypass } from '../../../../steps/lib/network/proxy.ts';

describe('NO_PROXY in the words of Node', () => {
  test.each([
    ['172.30.0.0/16', ['172.30.0.0-172.30.255.255']],
    ['10.128.0.0/14', ['10.128.0.0-10.131.255.255']],
    ['10.129.7.9/14', ['10.128.0.0-10.131.255.255']],
    ['192.168.1.7/32', ['192.168.1.7-192.168.1.7']],
    ['0.0.0.0/0', ['0.0.0.0-255.255.255.255']],
    ['255.255.255.255/1', ['128.0.0.0-255.255.255.255']],
    ['10.9.*', ['10.9.0.0-10.9.255.255']],
    ['10.*', ['10.0.0.0-10.255.255.255']],
    ['10.9.8.*', ['10.9.8.0-10.9.8.255']],
    ['10.9.*.*', ['10.9.0.0-10.9.255.255']],
    ['.svc', ['.svc']],
    ['*.corp.example', ['*.corp.example']],
    ['corp.example', ['corp.example', '.corp.example']],
    ['corp.example:8443', ['corp.example:8443']],
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.1-10.0.0.9', ['10.0.0.1-10.0.0.9', '.10.0.0.1-10.0.0.9']],
    ['fd02::1', ['fd02::1']],
    ['*', ['*']],
    [' .svc , .cluster.local\t', ['.svc', '.cluster.local']],
  ])('%j', (given, entries) => {
    expect(translateBypass(given)).toEqual({ entries, ignored: [] });
  });

  test.each(['fd02::/112', '10.0.0.0/33', '10.0.0.0/x', '10.0/8'])(
    '%s is named as not understood',
    (entry) => {
      expect(translateBypass(entry)).toEqual({ entries: [], ignored: [entry] });
    },
  );
});

test.each([
  ['el-llm-rollout', true],
  ['minio', true],
  ['el-llm-rollout.gpt-oss', false],
  ['el-llm-rollout.gpt-oss.svc', false],
  ['huggingface.co', false],
  ['10.0.0.1', false],
  ['[fd02::1]', false],
  ['fd02::1', false],
])('%s is a name that only the cluster knows: %s', (hostname, expected) => {
  expect(isWithinCluster(hostname)).toBe(expected);
});

describe('the proxy variables', () => {
  test('lower case wins, passwords are for the proxy alone, and a bare address gets its scheme', () => {
    const proxies = readProxies({
      HTTPS_PROXY: 'http://upper:3128',
      https_proxy: 'http://me:pass%40word@lower:3128/',
      HTTP_PROXY: 'proxy.corp:3128',
      NO_PROXY: '.svc',
    });
    expect(proxies).toMatchObject({
      https: 'http://lower:3128',
      http: 'http://proxy.corp:3128',
      bypass: '.svc',
      env: { HTTPS_PROXY: 'http://me:pass%40word@lower:3128/', HTTP_PROXY: 'http://proxy.corp:3128/' },
      passwords: ['pass%40word', 'pass@word'],
    });
    const { env, passwords: _, ...shown } = proxies;
    expect(env.NO_PROXY).toMatch(/(^|,)\.svc$/);
    expect(JSON.stringify(shown)).not.toContain('word');
  });

  test.each([
    ['p%ss', 'p%ss'],
    ['%ff', '%ff'],
    ['a%', 'a%'],
    ['p%2525', 'p%25'],
  ])('of the password %s the proxy gets %s', (given, meant) => {
    const { env, passwords } = readProxies({ HTTP_PROXY: `http://me:${given}@proxy:3128` });
    expect(decodeURIComponent(new URL(env.HTTP_PROXY ?? '').password)).toBe(meant);
    expect(passwords).toContain(meant);
  });

  test.each(['socks5://me:secret@proxy:1080', 'http://me:secret@:3128', 'http://me:secret@proxy:99999'])(
    '%s is refused, without showing it',
    (address) => {
      expect(() => readProxies({ HTTPS_PROXY: address })).toThrow(
        expect.objectContaining({
          failure: 'usage',
          message: 'HTTPS_PROXY holds no address of a proxy that we can use',
          evidence: [expect.not.stringContaining('secret')],
        }),
      );
    },
  );

  test('none at all is none', () => {
    expect(readProxies({ NO_PROXY: '.svc', HTTPS_PROXY: '' })).toEqual({
      env: {},
      ignored: [],
      passwords: [],
    });
  });
});
