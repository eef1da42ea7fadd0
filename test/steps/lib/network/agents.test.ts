import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createBucket } from '../../../../steps/lib/bucket.ts';
import { sendPart } from '../../../../steps/lib/bucket/send-part.ts';
import { defaultTimings } from '../../../../steps/lib/bucket/timings.ts';
import { open } from '../../../../steps/lib/hub/connection.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { type Agents, agentsFor, createAgents, destroyAgents } from '../../../../steps/lib/network/agents.ts';
import { createFetch } from '../../../../steps/lib/network/fetch.ts';

// The only name without a dot that is known on every machine; readProxies would name it in NO_PROXY, which is not given here.
const neighbour = 'localhost';

const ways: Record<string, (url: URL, agents: Agents) => Promise<unknown>> = {
  fetch: async (url, agents) => (await createFetch(agents)(url)).text(),
  'the Hub': async (url, network) => text(await open(url, { network, headers: {}, idleMs: 10_000 })),
  'the bucket': async (url, network) => {
    const secret = {
      AWS_ACCESS_KEY_ID: 'AKIASANDBOX0000001',
      AWS_SECRET_ACCESS_KEY: 'the-secret-key',
      AWS_S3_ENDPOINT: url.origin,
      AWS_S3_BUCKET: 'models',
    };
    const log = createLog({ write: () => {}, env: {}, step: 'test' });
    const bucket = createBucket({ secret, network, log });
    const key = { key: 'a', uploadId: 'u', partNumber: 1, body: Buffer.from('x') };
    return Promise.all([bucket.head('a'), bucket.uploadPart(key)]);
  },
  // As a thread does, which has no bucket of its own.
  'a part': ({ protocol, hostname, port }, network) =>
    sendPart(
      {
        protocol,
        hostname,
        port: Number(port),
        method: 'PUT',
        path: '/models/a',
        headers: {},
        body: Buffer.from('x'),
      },
      { network, timings: defaultTimings },
    ),
};

test.each(Object.keys(ways))(
  '%s goes around the proxy to a host without a dot, and to no other',
  async (way) => {
    const proxied: string[] = [];
    const proxy = await listen((request, response) => {
      proxied.push(`${request.method} ${request.url}`);
      response.writeHead(200, { etag: '"1"' }).end();
    });
    const direct: string[] = [];
    const server = await listen((request, response) => {
      direct.push(`${request.method} ${request.url}`);
      response.writeHead(200, { etag: '"1"' }).end();
    });
    const agents = createAgents({ HTTP_PROXY: `http://127.0.0.1:${proxy}` });
    onTestFinished(() => destroyAgents(agents));
    await ways[way]?.(new URL(`http://${neighbour}:${server}/`), agents);
    expect(proxied).toEqual([]);
    const asked = direct.splice(0).length;
    expect(asked).toBeGreaterThan(0);
    await ways[way]?.(new URL(`http://s3.example:${server}/`), agents);
    expect(direct).toEqual([]);
    expect(proxied).toHaveLength(asked);
  },
);

test('without a proxy there is one pair of agents', () => {
  const agents = createAgents({});
  onTestFinished(() => destroyAgents(agents));
  expect(agents.direct).toBeUndefined();
  expect(agentsFor(agents, 'minio')).toBe(agents);
});

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, () => resolve()));
  onTestFinished(() => server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}
