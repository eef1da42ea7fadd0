import type {
  ApplyOptions,
  Cluster,
  KubeObject,
  ListQuery,
  LogQuery,
  ObjectRef,
} from '../../../../steps/lib/cluster.ts';
import { StepError } from '../../../../steps/lib/errors.ts';
import { mergeApplied } from './memory-apply.ts';

export interface MemoryRequest {
  readonly verb: 'get' | 'list' | 'apply' | 'dry-run' | 'create' | 'replace' | 'delete' | 'logs' | 'openApi';
  readonly kind: string;
  readonly name: string;
}

export interface MemoryCluster extends Cluster {
  readonly requests: MemoryRequest[];
  readonly logTexts: Map<string, string>;
  /** Called before each request is served; throws to make it fail. */
  before: (request: MemoryRequest) => void;
  /** Called after each write by the code under test; controllers live here. */
  onWrite: (object: KubeObject) => void;
  /** What the API server would have, written by somebody else; its fields are theirs when `manager` is given. */
  put(object: KubeObject, manager?: string): KubeObject;
  peek(kind: string, name: string): KubeObject | undefined;
  names(kind: string): string[];
  drop(kind: string, name: string): void;
  /** Requests that change something. */
  writes(): MemoryRequest[];
}

/** A Kubernetes API in a Map: resourceVersions, a small server-side apply with owners, and a hook in front of every request. */
export function memoryCluster({ openApi = {} }: { readonly openApi?: unknown } = {}): MemoryCluster {
  const objects = new Map<string, KubeObject>();
  const owners = new Map<string, Map<string, unknown>>();
  let version = 0;
  const keyOf = (kind: string, name: string) => `${kind}/${name}`;
  const refKey = ({ kind, name }: ObjectRef) => keyOf(kind, name);
  const objectKey = ({ kind, metadata }: KubeObject) => keyOf(kind, metadata.name);

  const store = (object: KubeObject): KubeObject => {
    const old = objects.get(objectKey(object));
    const same = JSON.stringify(old?.['spec']) === JSON.stringify(object['spec']);
    const generation = (old?.metadata.generation ?? 0) + (old && same ? 0 : 1);
    version += 1;
    const metadata = {
      creationTimestamp: new Date(version * 1000).toISOString(),
      uid: `uid-${version}`,
      ...old?.metadata,
      ...object.metadata,
      generation,
      resourceVersion: String(version),
    };
    const stored = structuredClone({ ...object, metadata });
    objects.set(objectKey(object), stored);
    return structuredClone(stored);
  };

  const serve = async <T>(request: MemoryRequest, work: () => T): Promise<T> => {
    cluster.requests.push(request);
    await Promise.resolve();
    cluster.before(request);
    return work();
  };

  const written = (object: KubeObject): KubeObject => {
    cluster.onWrite(object);
    return structuredClone(objects.get(objectKey(object)) ?? object);
  };

  const applyTo = (object: KubeObject, options: ApplyOptions) => {
    const key = objectKey(object);
    const managers = owners.get(key) ?? new Map<string, unknown>();
    const merged = mergeApplied(objects.get(key), object, { ...options, managers });
    if (options.dryRun) return { object: merged };
    owners.set(key, new Map(managers).set(options.fieldManager, object));
    const unchanged = JSON.stringify(objects.get(key)) === JSON.stringify(merged);
    return { object: unchanged ? merged : store(merged), changed: !unchanged };
  };

  const cluster: MemoryCluster = {
    server: 'https://memory',
    namespace: 'gpt-oss',
    requests: [],
    logTexts: new Map(),
    before: () => {},
    onWrite: () => {},
    put: (object, manager) => {
      if (manager) owners.set(objectKey(object), new Map([[manager, object]]));
      return store(object);
    },
    peek: (kind, name) => structuredClone(objects.get(keyOf(kind, name))),
    names: (kind) =>
      [...objects.values()].filter((object) => object.kind === kind).map(({ metadata }) => metadata.name),
    drop: (kind, name) => {
      objects.delete(keyOf(kind, name));
      owners.delete(keyOf(kind, name));
    },
    writes: () => cluster.requests.filter(({ verb }) => /^(apply|create|replace|delete)$/.test(verb)),
    bearer: () => Promise.resolve('token'),
    get: <T extends KubeObject>(ref: ObjectRef) =>
      serve(
        { verb: 'get', kind: ref.kind, name: ref.name },
        () => structuredClone(objects.get(refKey(ref))) as T | undefined,
      ),
    list: <T extends KubeObject>(query: ListQuery) =>
      serve({ verb: 'list', kind: query.kind, name: '' }, () =>
        structuredClone([...objects.values()].filter((object) => selects(query, object)) as T[]),
      ),
    apply: <T extends KubeObject>(object: KubeObject, options: ApplyOptions) =>
      serve(
        { verb: options.dryRun ? 'dry-run' : 'apply', kind: object.kind, name: object.metadata.name },
        () => {
          const result = applyTo(object, options);
          return result.changed ? (written(result.object) as T) : (result.object as T);
        },
      ),
    create: <T extends KubeObject>(object: KubeObject) =>
      serve({ verb: 'create', kind: object.kind, name: object.metadata.name }, () =>
        objects.has(objectKey(object)) ? undefined : (written(store(object)) as T),
      ),
    replace: <T extends KubeObject>(object: KubeObject) =>
      serve({ verb: 'replace', kind: object.kind, name: object.metadata.name }, () => {
        const { resourceVersion } = objects.get(objectKey(object))?.metadata ?? {};
        if (resourceVersion !== object.metadata.resourceVersion) return undefined;
        return written(store(object)) as T;
      }),
    delete: (ref) =>
      serve({ verb: 'delete', kind: ref.kind, name: ref.name }, () => objects.delete(refKey(ref))),
    logs: ({ pod, container, previous }: LogQuery) =>
      serve(
        { verb: 'logs', kind: 'Pod', name: pod },
        () => cluster.logTexts.get(`${pod}/${container}${previous ? '/previous' : ''}`) ?? '',
      ),
    openApi: () => serve({ verb: 'openApi', kind: '', name: '' }, () => openApi),
    mergePatch: () => Promise.reject(new Error('not in this memory')),
    jsonPatch: () => Promise.reject(new Error('not in this memory')),
    createToken: () => Promise.reject(new Error('not in this memory')),
  };
  return cluster;
}

/** A failure as the adapter gives it when the API server stays away. */
export function unavailable(): StepError {
  return new StepError('unavailable', 'the API server does not answer', { hint: 'wait' });
}

function selects({ kind, labelSelector = '', fieldSelector = '' }: ListQuery, object: KubeObject): boolean {
  if (object.kind !== kind) return false;
  const labels = pairs(labelSelector).every(([name, value]) => object.metadata.labels?.[name] === value);
  const about = object['involvedObject'] as Record<string, string> | undefined;
  return (
    labels &&
    pairs(fieldSelector).every(([name, value]) => about?.[name.replace('involvedObject.', '')] === value)
  );
}

function pairs(selector: string): [string, string][] {
  return selector
    .split(',')
    .filter((each) => each !== '')
    .map((each) => each.split('=') as [string, string]);
}
