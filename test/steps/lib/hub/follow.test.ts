import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { model, putToWork, weights } from './at-work.ts';

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
    const file = {
      path: 'config.json',
      size: 25,
      digest: { algorithm: 'git-sha1', hex: 'a'.repeat(40) } as const,
    };
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
