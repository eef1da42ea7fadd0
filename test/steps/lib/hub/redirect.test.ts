import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nextHop } from '../../../../steps/lib/hub/redirect.ts';
import { model, putToWork, weights } from './at-work.ts';

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

  test('allowed hosts count with what is below them', () => {
    const rules = { endpoint: hub, allowedHosts: ['hf.co'] };
    expect(nextHop(hub, 'https://cdn.hf.co/x', rules).host).toBe('cdn.hf.co');
    expect(nextHop(hub, 'https://huggingface.co/y', rules).host).toBe('huggingface.co');
    expect(() => nextHop(hub, 'https://evilhf.co/x', rules)).toThrow('is not among the allowed hosts');
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

describe('F16 the token', () => {
  test('goes to the Hub and never to its CDN', async () => {
    const { fake, read } = await putToWork({ token: 'hf_secret', withToken: 'hf_secret' });
    expect(weights.equals(await read('model.safetensors'))).toBe(true);
    const bySite = Object.groupBy(fake.requests, ({ server }) => server);
    expect(bySite.hub?.every(({ authorization }) => authorization === 'Bearer hf_secret')).toBe(true);
    expect(bySite.cdn?.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('stays at home when a small file is redirected, too', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response
        .writeHead(206, { 'content-range': 'bytes 0-24/25' })
        .end('{"model_type":"gpt_other"}'.slice(0, 25));
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => other.close().closeAllConnections());
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/elsewhere`;
    const work = await putToWork({
      token: 'hf_secret',
      withToken: 'hf_secret',
      faults: [
        {
          at: 'resolve',
          path: 'config.json',
          effect: { kind: 'answer', status: 302, headers: { location } },
        },
      ],
    });
    const file = { path: 'config.json', size: 25, gitSha1: 'a'.repeat(40) };
    const range = { model, commit: work.commit, file, start: 0, end: 25 };
    for await (const chunk of work.hub.readRange(range)) expect(chunk).toHaveLength(25);
    expect(seen).toEqual([undefined]);
  });

  test('and redirects have an end', async () => {
    const work = await putToWork();
    const location = `${work.fake.url}/${model}/resolve/${work.commit}/config.json`;
    work.fake.inject({
      at: 'resolve',
      effect: { kind: 'answer', status: 302, headers: { location } },
      times: Infinity,
    });
    await expect(work.read('config.json')).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('answers 302'),
    });
    expect(work.fake.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(6);
  });
});
