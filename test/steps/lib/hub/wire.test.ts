import { createServer } from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import type { HubFault } from '../../../../steps/lib/hub/fault.ts';
import { openWire, type WireGet } from '../../../../steps/lib/hub/wire.ts';

/** A server that answers each request with the next of these texts, piece by piece. */
async function serve(...answers: (readonly string[])[]) {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (text) => {
      asked.push(String(text));
      void (async () => {
        for (const piece of answers[asked.length - 1] ?? []) {
          if (piece === 'end') socket.end();
          else socket.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/a?b=c`), asked, connections: () => sockets.size };
}

function get(url: URL, length: number, more: Partial<WireGet> = {}) {
  const came: number[] = [];
  const into = Buffer.from(new SharedArrayBuffer(length));
  const watch = { idleMs: 5_000, slowMs: 60_000, slowBytesPerSecond: 1 };
  const asked: WireGet = {
    url,
    headers: { range: `bytes=0-${length - 1}` },
    into,
    accept: ({ status }) => status === 206,
    came: (bytes) => came.push(bytes),
    watch,
    now: Date.now,
    signal: undefined,
    ...more,
  };
  return { asked, into, came };
}

const ok = (body: string) => `HTTP/1.1 206 Partial Content\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('a body lands in the memory it is for, whether it comes with its head or after it', async () => {
  const { url, asked } = await serve([ok('abcdef').slice(0, -3), 'de', 'f']);
  const wire = openWire(url, {});
  const { into, came, asked: asking } = get(url, 6);
  expect(await wire.get(asking)).toBe(true);
  expect(into.toString()).toBe('abcdef');
  expect(came.reduce((sum, bytes) => sum + bytes)).toBe(6);
  expect(asked).toEqual([
    `GET /a?b=c HTTP/1.1\r\nhost: ${url.host}\r\nuser-agent: llm-rollout\r\naccept-encoding: identity\r\nrange: bytes=0-5\r\n\r\n`,
  ]);
});

test('small pieces are told together, and at an early end all that came', async () => {
  const pieces = Array.from({ length: 20 }, () => 'x'.repeat(10_000));
  const head = ok('').replace('Content-Length: 0', 'Content-Length: 200000');
  const { url } = await serve([head, ...pieces], [head, ...pieces.slice(0, 15), 'end']);
  const whole = get(url, 200_000);
  expect(await openWire(url, {}).get(whole.asked)).toBe(true);
  expect(whole.came.reduce((sum, bytes) => sum + bytes)).toBe(200_000);
  expect(whole.came.length).toBeLessThan(4);
  const cut = get(url, 200_000);
  await expect(openWire(url, {}).get(cut.asked)).rejects.toThrow('ended');
  expect(cut.came.reduce((sum, bytes) => sum + bytes)).toBe(150_000);
});

test('the connection is used again', async () => {
  const { url, connections } = await serve([ok('abc')], [ok('def')]);
  const wire = openWire(url, {});
  const [first, second] = [get(url, 3), get(url, 3)];
  await wire.get(first.asked);
  expect(wire.open).toBe(true);
  await wire.get(second.asked);
  expect([first.into.toString(), second.into.toString(), connections()]).toEqual(['abc', 'def', 1]);
});

test('a connection that is used often gathers no listeners', async () => {
  const { url } = await serve(...Array.from({ length: 12 }, () => [ok('abc')]));
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  const wire = openWire(url, {});
  for (let i = 0; i < 12; i += 1) expect(await wire.get(get(url, 3).asked)).toBe(true);
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});

test.each<[string, string]>([
  ['is not accepted', ok('abc').replace('206', '200')],
  ['has another length', ok('abcd')],
  [
    'says no length',
    'HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ],
  ['goes on after its end', `${ok('abc')}more`],
  ['is of another version', ok('abc').replace('HTTP/1.1', 'HTTP/1.0')],
  ['hints before it answers', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('abc')}`],
  ['is no HTTP', '220 smtp\r\n\r\n'],
  ['has a head without an end', `HTTP/1.1 206 Partial Content\r\nX: ${'x'.repeat(20_000)}`],
])('an answer that %s is left, and its connection with it', async (_title, answer) => {
  const { url } = await serve([answer]);
  const wire = openWire(url, {});
  expect(await wire.get(get(url, 3).asked)).toBe(false);
  expect(wire.open).toBe(false);
});

test('bytes that nobody asked for close the connection', async () => {
  const { url } = await serve([ok('abc'), 'HTTP/1.1 206 smuggled\r\n\r\n']);
  const wire = openWire(url, {});
  expect(await wire.get(get(url, 3).asked)).toBe(true);
  await expect.poll(() => wire.open).toBe(false);
});

const faultOf = async (work: Promise<unknown>) =>
  (await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as HubFault;

test('a body that ends early, a stall and a server that says nothing are faults that may pass', async () => {
  for (const answers of [[ok('abcdef').slice(0, -3), 'end'], ['HTTP/1.1 2'], ['end']]) {
    const { url } = await serve(answers);
    const watch = { idleMs: 200, slowMs: 60_000, slowBytesPerSecond: 1 };
    const fault = await faultOf(openWire(url, {}).get(get(url, 6, { watch }).asked));
    expect(fault, String(answers)).toMatchObject({ name: 'Error', final: { name: 'StepError' } });
    expect(fault.verdict).not.toBe(false);
  }
});

test.each([
  ['its status', () => 503, {}],
  ['its trickle', () => 206, { slowMs: 0, slowBytesPerSecond: 1e12 }],
])(
  'an answer over TLS that is refused for %s ends there, however full its first record is',
  async (_title, status, slow) => {
    const authority = await createAuthority('a test authority');
    const server = createServer(await authority.issue(['localhost']), (_, response) => {
      response.writeHead(status(), { 'content-length': 100_000 }).end(Buffer.alloc(100_000, 'e'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}/`);
    const accept = ({ status }: { status: number }) => {
      if (status !== 206) throw new Error(`refused ${status}`);
      return true;
    };
    let time = 0;
    const watch = { idleMs: 5_000, slowMs: 60_000, slowBytesPerSecond: 1, ...slow };
    const asking = get(url, 100_000, { accept, watch, now: () => (time += 1) }).asked;
    const wire = openWire(url, { ca: [authority.pem] });
    await expect(wire.get(asking)).rejects.toBeInstanceOf(Error);
    await expect.poll(() => wire.open).toBe(false);
  },
);

test('a trickle is too slow', async () => {
  const { url } = await serve([ok('abcdef').slice(0, -3), 'd', 'e', 'f']);
  const watch = { idleMs: 5_000, slowMs: 1, slowBytesPerSecond: 1e6 };
  const fault = await faultOf(openWire(url, {}).get(get(url, 6, { watch }).asked));
  expect(fault.final.message).toMatch(/sent \d+ bytes in/);
});

test('a kept connection that the server had closed costs no try', async () => {
  const { url } = await serve([ok('abc')], ['end']);
  const wire = openWire(url, {});
  await wire.get(get(url, 3).asked);
  expect((await faultOf(wire.get(get(url, 3).asked))).verdict).toEqual({ afterMs: 0 });
});

test('an abort ends it, with the reason', async () => {
  const { url } = await serve([ok('abcdef').slice(0, -3)]);
  const stop = new AbortController();
  const wire = openWire(url, {});
  const came = () => stop.abort(new Error('stopped by SIGTERM'));
  await expect(wire.get(get(url, 6, { came, signal: stop.signal }).asked)).rejects.toThrow(
    'stopped by SIGTERM',
  );
  expect(wire.open).toBe(false);
});

test('a header cannot smuggle a second request', async () => {
  const { url, asked } = await serve([ok('abc')]);
  const headers = { authorization: 'Bearer x\r\nhost: other' };
  await expect(openWire(url, {}).get(get(url, 3, { headers }).asked)).rejects.toThrow('authorization');
  expect(asked).toEqual([]);
});

test.each([
  ['of an authority that we know', true, 'localhost'],
  ['of one that we do not know', false, 'localhost'],
  ['for another host', true, 'other.test'],
])('a certificate %s: trusted %s, for %s', async (_title, known, name) => {
  const authority = await createAuthority('a test authority');
  let asked = 0;
  const server = createServer(await authority.issue([name]), (_, response) => {
    asked += 1;
    response.writeHead(206, { 'content-length': 3 }).end('abc');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}/`);
  const { asked: asking, into } = get(url, 3);
  const getting = openWire(url, known ? { ca: [authority.pem] } : {}).get(asking);
  if (known && name === 'localhost') {
    expect([await getting, into.toString()]).toEqual([true, 'abc']);
    return;
  }
  expect((await faultOf(getting)).final.message).toMatch(/certificate/);
  expect(asked).toBe(0);
});
