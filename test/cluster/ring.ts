import { run, type CommandOutput } from './command.ts';
import { openForward } from './forward.ts';
import { findRing, insideCommand } from './inside-command.ts';
import { Kubectl } from './kubectl.ts';
import { createNamespace, type Namespace } from './namespace.ts';
import type { RingAddress } from './up.ts';

/** What a test needs of vitest's context: where to say what is to happen at its end. */
export interface TestEnd {
  onTestFailed(action: () => Promise<void>): void;
  onTestFinished(action: () => Promise<void>): void;
}

/** A cluster that is up, from outside its namespaces. */
export interface Ring {
  readonly address: RingAddress;
  /** As a cluster administrator. */
  readonly kubectl: Kubectl;
  /** The tag of one of the ring's images: `product`, `sandbox`, `simulator`, `pause` … */
  image(name: string): string;
  /** Runs a program inside the cluster's namespaces, with KUBECONFIG set and kubectl and tkn in PATH. */
  inside(program: string, args: readonly string[]): Promise<CommandOutput>;
  /** A URL on this machine's loopback that leads to a host (an address, or a Service's full name) and port inside. */
  forward(host: string, port: number): Promise<string>;
  /**
   * A fresh namespace under the restricted pod security standard and OpenShift's UIDs. When the test fails, its pods, events, logs and runs
   * are printed; when it ends, the namespace is deleted.
   */
  namespace(test: TestEnd, prefix: string): Promise<Namespace>;
  /** Closes what this process opened; the cluster stays. */
  leave(): void;
}

/** The cluster that is up: the one the test run started, or the one that `npm run cluster` keeps. */
export async function joinRing(): Promise<Ring> {
  const address = await findRing();
  if (address === undefined) throw new Error('No cluster is up.\nTry: npm run cluster');
  const kubectl = new Kubectl(`${address.folders.kubernetes}/kubectl`, address.kubeconfig);
  const open: { close(): void }[] = [];
  return {
    address,
    kubectl,
    image: (name) => imageOf(address, name),
    inside: async (program, args) => {
      const command = insideCommand(address, program, args);
      return run(command.program, command.args, { env: command.env });
    },
    forward: async (host, port) => {
      const forward = await openForward(address.forwardSocket, host, port);
      open.push(forward);
      return `http://127.0.0.1:${forward.port}`;
    },
    namespace: async (test, prefix) => {
      const namespace = await createNamespace(kubectl, prefix);
      test.onTestFailed(async () => console.error(await namespace.report()));
      test.onTestFinished(() => namespace.remove());
      return namespace;
    },
    leave: () => {
      for (const forward of open) forward.close();
    },
  };
}

function imageOf({ images }: RingAddress, name: string): string {
  const tag = images[name];
  if (tag === undefined) {
    const hint = ['product', 'sandbox'].includes(name)
      ? '\nThe sources did not bundle when it started.\nTry: npm run build'
      : '';
    throw new Error(`The ring has no image ${name}, only ${Object.keys(images).join(', ')}.${hint}`);
  }
  return tag;
}
