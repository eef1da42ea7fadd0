import { expect, test } from 'vitest';
import { bareHost } from '../../../../steps/lib/network/address.ts';

test.each([
  ['[::1]', '::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['hub.example', 'hub.example'],
])('%s is %s for a socket', (hostname, host) => expect(bareHost(hostname)).toBe(host));
