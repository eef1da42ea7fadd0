import { output, run, type CommandOutput } from './command.ts';

/** A Kubernetes object, as far as everybody knows it. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; generateName?: string; namespace?: string; [key: string]: unknown };
  [key: string]: unknown;
}

/** kubectl with its kubeconfig. */
export class Kubectl {
  readonly #program: string;
  readonly #kubeconfig: string;

  constructor(program: string, kubeconfig: string) {
    this.#program = program;
    this.#kubeconfig = kubeconfig;
  }

  /** Runs kubectl; a failure is an error with its last lines. Returns stdout. */
  run(args: readonly string[], input?: string): Promise<string> {
    return output(this.#program, this.#arguments(args), input === undefined ? {} : { input });
  }

  /** Runs kubectl and returns what it said, whatever its exit code. */
  attempt(args: readonly string[], input?: string): Promise<CommandOutput> {
    return run(this.#program, this.#arguments(args), input === undefined ? {} : { input });
  }

  /** Server-side apply of objects, taking over fields that others own. */
  async apply(objects: readonly KubeObject[], args: readonly string[] = []): Promise<void> {
    if (objects.length === 0) return;
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.run(['apply', '--server-side', '--force-conflicts', ...args, '-f', '-'], list);
  }

  #arguments(args: readonly string[]): string[] {
    return [`--kubeconfig=${this.#kubeconfig}`, ...args];
  }
}
