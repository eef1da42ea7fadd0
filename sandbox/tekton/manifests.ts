import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { pipelineRunShape, pipelineShape, refuseUnknown, type Shape, taskShape } from './strict.ts';

export interface Binding {
  readonly name: string;
  readonly value: string;
}

export interface Declared {
  readonly name: string;
  readonly type?: string;
  readonly default?: string;
}

export interface When {
  readonly input: string;
  readonly operator: 'in' | 'notin';
  readonly values: readonly string[];
}

export interface MatrixParam {
  readonly name: string;
  /** Written out, or a whole list: `$(tasks.plan.results.shards[*])`. */
  readonly value: string | readonly string[];
}

export interface PipelineTask {
  readonly name: string;
  readonly taskRef: { readonly name: string };
  readonly runAfter?: readonly string[];
  readonly params?: readonly Binding[];
  readonly matrix?: { readonly params: readonly MatrixParam[] };
  readonly when?: readonly When[];
  readonly retries?: number;
  readonly timeout?: string;
}

export interface Pipeline {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly params?: readonly Declared[];
    readonly results?: readonly Binding[];
    readonly tasks: readonly PipelineTask[];
    readonly finally?: readonly PipelineTask[];
  };
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly secret?: { readonly secretName: string; readonly optional?: boolean };
  readonly configMap?: { readonly name: string; readonly optional?: boolean };
}

export interface Step {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly Binding[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Task {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly params?: readonly Declared[];
    readonly results?: readonly Declared[];
    readonly volumes?: readonly Volume[];
    readonly steps: readonly Step[];
  };
}

export interface PipelineRun {
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace?: string };
  readonly spec: {
    readonly pipelineRef: { readonly name: string };
    readonly params?: readonly Binding[];
    readonly timeouts?: { readonly pipeline?: string; readonly tasks?: string; readonly finally?: string };
    readonly taskRunTemplate?: { readonly serviceAccountName?: string };
    readonly taskRunSpecs?: readonly {
      readonly pipelineTaskName: string;
      readonly serviceAccountName?: string;
    }[];
  };
}

const kinds: Readonly<Record<string, Shape>> = {
  Pipeline: pipelineShape,
  Task: taskShape,
  PipelineRun: pipelineRunShape,
};

/** The one object of that kind in a YAML file; a field that the sandbox does not implement is refused. */
export async function readManifest<T extends Task | Pipeline | PipelineRun>(
  path: string,
  kind: string,
): Promise<T> {
  const found = parseAllDocuments(await readFile(path, 'utf8'))
    .map((document) => document.toJS() as { apiVersion?: string; kind?: string } | null)
    .filter((object) => object?.kind === kind);
  const [object, ...more] = found;
  const shape = kinds[kind];
  if (!object || more.length > 0 || !shape)
    throw new Error(`${path}: ${found.length} objects of kind ${kind}, wanted one`);
  if (object.apiVersion !== 'tekton.dev/v1')
    throw new Error(`${path}: apiVersion ${object.apiVersion}, wanted tekton.dev/v1`);
  refuseUnknown(object, shape, kind);
  return object as unknown as T;
}
