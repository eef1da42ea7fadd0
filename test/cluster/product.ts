import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './kubectl.ts';
import type { Ring } from './ring.ts';

export const repository = join(import.meta.dirname, '../..');

/** Where objects of the product go, which are written for the namespaces `gpt-oss` and `librechat`. */
export interface Places {
  readonly namespace: string;
  readonly consumer: string;
}

/**
 * All that an administrator applies, with the ring's image: the two kustomizations as kubectl renders them, and beside them what the client
 * needs. Objects without a namespace are cluster-wide, or are for the namespace of the model.
 */
export async function renderProduct(ring: Ring, places: Places): Promise<KubeObject[]> {
  const kustomized = await Promise.all(
    ['.', 'triggers'].map((folder) => ring.kubectl.run(['kustomize', join(repository, folder)])),
  );
  const files = await Promise.all(
    ['tasks/rotate-token/rbac-consumer-namespace.yaml', 'tasks/rotate-token/samples/client-account.yaml'].map(
      (file) => readFile(join(repository, file), 'utf8'),
    ),
  );
  return [...kustomized, ...files].flatMap(parse).map((object) => placed(withImage(object, ring), places));
}

/** The PipelineRun that ships as a sample for a Pipeline, with other parameters. */
export async function sampleRun(
  params: Readonly<Record<string, string>>,
  pipeline = 'rollout-model',
): Promise<KubeObject> {
  const [run] = parse(await readFile(join(repository, `pipelines/samples/${pipeline}-run.yaml`), 'utf8'));
  if (run === undefined) throw new Error('The sample holds no object.');
  const spec = run['spec'] as { params: Param[] };
  const given = new Map(spec.params.map(({ name, value }) => [name, value]));
  for (const [name, value] of Object.entries(params)) given.set(name, value);
  return { ...run, spec: { ...spec, params: [...given].map(([name, value]) => ({ name, value })) } };
}

/** Accounts of the sample run, by the task of the Pipeline that works as them. */
export async function sampleAccounts(): Promise<Record<string, string>> {
  const spec = (await sampleRun({}))['spec'] as {
    taskRunSpecs: { pipelineTaskName: string; serviceAccountName: string }[];
  };
  return Object.fromEntries(
    spec.taskRunSpecs.map(({ pipelineTaskName, serviceAccountName }) => [
      pipelineTaskName,
      serviceAccountName,
    ]),
  );
}

interface Param {
  name: string;
  value: string;
}

const parse = (text: string): KubeObject[] =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);

function withImage(object: KubeObject, ring: Ring): KubeObject {
  const text = JSON.stringify(object).replaceAll('localhost/llm-rollout:0.1.0', ring.image('product'));
  return JSON.parse(text) as KubeObject;
}

/** Cluster-wide objects get a name of their own, so that namespaces of tests do not share them. */
function placed(object: KubeObject, { namespace, consumer }: Places): KubeObject {
  const text = JSON.stringify(object)
    .replaceAll('"namespace":"gpt-oss"', `"namespace":"${namespace}"`)
    .replaceAll('"namespace":"librechat"', `"namespace":"${consumer}"`);
  const here = JSON.parse(text) as KubeObject;
  if (!object.kind.startsWith('Cluster')) return here;
  const own = (name: string): string => `${name}-${namespace}`;
  const role = here['roleRef'] as { name: string } | undefined;
  return {
    ...here,
    metadata: { ...here.metadata, name: own(here.metadata.name ?? '') },
    ...(role && { roleRef: { ...role, name: own(role.name) } }),
  };
}
