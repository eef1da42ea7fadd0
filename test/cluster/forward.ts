import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createConnection, createServer, isIP, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeAddress } from './node/network.ts';

/**
 * Serves a Unix socket inside the cluster's network: a client's first line is `host:port`, what follows goes there.
 * A socket's path leads across network namespaces, so this is the way in for what runs outside.
 */
export async function serveForwards(path: string): Promise<Server> {
  const server = createServer((client) => {
    client.on('error', () => {});
    void connect(client).catch(() => client.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(path, resolve);
  });
  return server;
}

/** Opens a port on this machine's loopback that leads to a host and port inside the cluster; names of Services are resolved there. */
export async function openForward(
  path: string,
  host: string,
  port: number,
): Promise<{ port: number; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    const socket = createConnection({ path });
    socket.write(`${host}:${port}\n`);
    join(client, socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The forward has no port.');
  const close = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { port: address.port, close };
}

async function connect(client: Socket): Promise<void> {
  const { host, port, rest } = await targetOf(client);
  const socket = await reach(host, port);
  socket.write(rest);
  join(client, socket);
}

const patienceMs = 20_000;

/** A Service whose pod is ready answers only when DNS and kube-proxy have heard of it too. */
async function reach(host: string, port: number): Promise<Socket> {
  for (const end = Date.now() + patienceMs; ; await sleep(200)) {
    try {
      const socket = createConnection({ host: await resolve(host), port });
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

function targetOf(client: Socket): Promise<{ host: string; port: number; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(0x0a);
      if (end === -1) return;
      client.off('data', read);
      client.pause();
      const [host = '', port] = head.subarray(0, end).toString().split(':');
      resolve({ host, port: Number(port), rest: head.subarray(end + 1) });
    };
    client.on('data', read);
    client.on('close', () => reject(new Error('closed before it named a target')));
  });
}

async function resolve(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const resolver = new Resolver({ timeout: 2000 });
  resolver.setServers([nodeAddress]);
  const [address] = await resolver.resolve4(host);
  if (address === undefined) throw new Error(`${host} has no address`);
  return address;
}

function join(one: Socket, other: Socket): void {
  pipeline(one, other, () => other.destroy());
  pipeline(other, one, () => one.destroy());
}
