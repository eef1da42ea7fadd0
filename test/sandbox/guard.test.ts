import { createServer, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../sandbox/certificates.ts';
import { startGuard } from '../../sandbox/guard.ts';
import type { Reviews } from '../../sandbox/model/access.ts';

const reviews: Reviews = {
  reviewToken: (token) => Promise.resolve(token === 'unknown' ? undefined : { username: token }),
  mayGet: ({ username }) => Promise.resolve(username === 'client'),
};

test.for([
  [undefined, 401, 'Unauthorized\n'],
  ['unknown', 401, 'Unauthorized\n'],
  ['stranger', 403, 'Forbidden (user=stranger, verb=get, resource=inferenceservices, subresource=)\n'],
  ['client', 200, 'POST /v1/chat?n=1 hello, authorization undefined'],
] as const)('answers the token %s with %i', async ([token, status, body]) => {
  const ask = await guarded(await listen());
  expect(await ask(token)).toEqual({ status, body });
});

test('says 502 while there is no model behind it', async () => {
  const ask = await guarded('http://127.0.0.1:1');
  expect((await ask('client')).status).toBe(502);
});

/** A model that tells what it was asked. */
async function listen(): Promise<string> {
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    void text(incoming).then((body) =>
      response.end(`${method} ${url} ${body}, authorization ${headers.authorization}`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function guarded(upstream: string) {
  const authority = await createAuthority('guard');
  const guard = await startGuard({ upstream, tls: await authority.issue(['localhost']), reviews });
  onTestFinished(() => guard.close());
  return async (token: string | undefined) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method: 'POST', ca: authority.pem, headers, agent: false };
      request(`https://localhost:${guard.port}/v1/chat?n=1`, options, resolve)
        .on('error', reject)
        .end('hello');
    });
    return { status: answer.statusCode, body: await text(answer) };
  };
}
