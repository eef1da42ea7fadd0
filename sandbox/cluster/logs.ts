import type { KubeObject } from '../../steps/lib/cluster.ts';
import type { ContainerRef } from './controllers.ts';
import { at, listAt, textAt } from './json.ts';
import { readInteger } from './reads.ts';
import { badRequest } from './status.ts';

export interface Logs {
  set(container: ContainerRef, text: string): void;
  append(container: ContainerRef, text: string): void;
  /** The answer to `pods/<name>/log`, with the kubelet's refusals. */
  read(pod: KubeObject, query: URLSearchParams): string;
}

export function createLogs(): Logs {
  const texts = new Map<string, string>();
  return {
    set: (container, text) => void texts.set(keyOf(container), text),
    append: (container, text) => void texts.set(keyOf(container), (texts.get(keyOf(container)) ?? '') + text),
    read(pod, query) {
      const container = containerOf(pod, query.get('container') ?? undefined);
      const previous = query.get('previous') === 'true';
      const key = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container, previous };
      const text = texts.get(keyOf(key));
      if (text === undefined) refuse(pod, container, previous);
      return lastLines(text ?? '', query.get('tailLines'));
    },
  };
}

const keyOf = ({ namespace, pod, container, previous = false }: ContainerRef): string =>
  [namespace, pod, container, previous].join('/');

const namesOf = (pod: KubeObject, list: string): string[] =>
  listAt(pod, 'spec', list).flatMap((container) => textAt(container, 'name') ?? []);

function containerOf(pod: KubeObject, asked: string | undefined): string {
  const { name } = pod.metadata;
  const containers = namesOf(pod, 'containers');
  const all = [...namesOf(pod, 'initContainers'), ...containers];
  if (asked !== undefined) {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const [only] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  if (containers.length === 1) return only;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}

/** No log was ever set: says what the kubelet says about a container that has not run. */
function refuse(pod: KubeObject, container: string, previous: boolean): void {
  if (textAt(pod, 'spec', 'nodeName') === undefined) return;
  const which = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata.name)}`;
  const status = ['initContainerStatuses', 'containerStatuses']
    .flatMap((list) => listAt(pod, 'status', list))
    .find((one) => textAt(one, 'name') === container);
  if (status === undefined) throw badRequest(`${which} is not available`);
  if (previous) throw badRequest(`previous terminated ${which} not found`);
  const reason = textAt(status, 'state', 'waiting', 'reason');
  if (reason !== undefined && at(status, 'lastState', 'terminated') === undefined) {
    throw badRequest(`${which} is waiting to start: ${waitingText(reason)}`);
  }
}

function waitingText(reason: string): string {
  if (reason === 'ErrImagePull') return "image can't be pulled";
  return reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
}

function lastLines(text: string, tailLines: string | null): string {
  if (tailLines === null) return text;
  const count = readInteger(tailLines);
  return count === 0
    ? ''
    : text
        .split(/(?<=\n)/)
        .slice(-count)
        .join('');
}
