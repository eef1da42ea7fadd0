import { describe, expect, test } from 'vitest';
import { nextHop } from '../../../../steps/lib/hub/redirect.ts';

const hub = new URL('https://huggingface.co/');

describe('F16 where an answer may send us', () => {
  test.each([
    ['https://cas-bridge.xethub.hf.co/repos/x?X-Amz-Signature=abc'],
    ['/api/resolve-cache/models/openai/gpt-oss-20b/x'],
    ['https://us.aws.cdn.hf.co:8443/x'],
  ])('%s: yes', (location) => {
    expect(nextHop(hub, location, { endpoint: hub }).href).toBe(new URL(location, hub).href);
  });

  test.each([
    ['http://cdn.hf.co/x', 'is not https'],
    ['ftp://cdn.hf.co/x', 'is not https'],
    ['https://me:secret@cdn.hf.co/x', 'carries a name and a password'],
    ['https://169.254.169.254/latest/meta-data', "is a cloud's metadata service"],
    ['https://[::ffff:169.254.169.254]/latest', "is a cloud's metadata service"],
    ['https://[fd00:ec2::254]/latest', "is a cloud's metadata service"],
    ['https://100.100.100.200/latest', "is a cloud's metadata service"],
    ['https://10.1.2.3/x', 'is an address inside'],
    ['https://127.0.0.1/x', 'is an address inside'],
    ['https://2130706433/x', 'is an address inside'],
    ['https://localhost/x', 'is an address inside'],
    ['https://[::1]/x', 'is an address inside'],
    ['https://[fd12::1]/x', 'is an address inside'],
    ['https://localhost./x', 'is an address inside'],
    ['https://a.localhost/x', 'is an address inside'],
    ['https://kubernetes/x', 'is an address inside'],
    ['https://kubernetes.default.svc/x', 'is an address inside'],
    ['https://s3.openshift-storage.svc.cluster.local/x', 'is an address inside'],
    ['https://vault.corp.internal/x', 'is an address inside'],
    ['https://metadata.google.internal/x', "is a cloud's metadata service"],
    ['https://', 'says no address'],
    [null, 'says no address'],
  ])('%s: no, it %s', (location, reason) => {
    expect(() => nextHop(hub, location, { endpoint: hub })).toThrow(reason);
  });

  test('a mirror inside may send us on inside, but never to the metadata service', () => {
    const endpoint = new URL('http://10.0.0.1:8080/hf/');
    expect(nextHop(endpoint, 'http://10.0.0.2/x', { endpoint }).host).toBe('10.0.0.2');
    expect(() => nextHop(endpoint, 'http://169.254.169.254/x', { endpoint })).toThrow('metadata');
  });

  test('the signature of an address is not in what is thrown', () => {
    const thrown = (() => {
      try {
        nextHop(hub, 'http://cdn.hf.co/repos/x?X-Amz-Signature=abcdef', { endpoint: hub });
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toMatchObject({
      failure: 'refused',
      evidence: ['Location: http://cdn.hf.co/… (huggingface.co)'],
    });
  });
});
