import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { isReady, isTerminating, pods } from './objects.ts';
import type { InferenceService, Pod } from './objects.ts';
import type { World } from './world.ts';

/** A stable loopback address for each service, which leads to its ready pods in turn, as a Service does. */
export interface Addresses {
  /** `http://127.0.0.1:<port>`; undefined until it listens. */
  of(service: InferenceService): string | undefined;
  close(): Promise<void>;
}

export function createAddresses(world: World): Addresses {
  const servers = new Map<string, Server>();
  return {
    of: ({ metadata }) => {
      const key = `${metadata.namespace}/${metadata.name}`;
      const server = servers.get(key) ?? open(world, metadata);
      servers.set(key, server);
      const address = server.address() as AddressInfo | null;
      return address === null ? undefined : `http://127.0.0.1:${address.port}`;
    },
    close: async () => {
      await Promise.all(
        [...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))),
      );
    },
  };
}

function open(world: World, { name, namespace = '' }: InferenceService['metadata']): Server {
  let turn = 0;
  const server = createServer((client) => {
    const ports = readyPorts(world, { name, namespace });
    turn += 1;
    const port = ports[turn % Math.max(1, ports.length)];
    if (port === undefined) {
      client.resetAndDestroy();
      return;
    }
    const backend = connect(port, '127.0.0.1');
    client.pipe(backend).pipe(client);
    client.on('error', () => backend.destroy());
    client.on('close', () => backend.destroy());
    backend.on('error', () => client.resetAndDestroy());
    backend.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1', () => world.again());
  return server;
}

function readyPorts(
  { controllers, running }: World,
  { name, namespace }: { name: string; namespace: string },
): number[] {
  const mine = controllers.list({
    ...pods,
    namespace,
    labelSelector: `serving.kserve.io/inferenceservice=${name}`,
  }) as Pod[];
  return mine
    .filter((pod) => isReady(pod) && !isTerminating(pod))
    .map(({ metadata }) => running.get(metadata.uid ?? '')?.model?.port)
    .filter((port) => port !== undefined);
}
