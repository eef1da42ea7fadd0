import type { Declared, MatrixParam, Pipeline, PipelineTask, Task } from './manifests.ts';
import { demandFew, listVariable } from './matrix.ts';

type Definitions = ReadonlyMap<string, Task>;

/** Throws on what Tekton's admission or its controller would refuse of a matrix, and on what the sandbox does not implement of it. */
export function checkMatrices(pipeline: Pipeline, definitions: Definitions): void {
  const { tasks } = pipeline.spec;
  for (const task of tasks) {
    if (task.matrix) checkMatrix(task, task.matrix.params, tasks, definitions);
  }
  checkUses(pipeline, definitions);
}

function checkMatrix(
  task: PipelineTask,
  params: readonly MatrixParam[],
  tasks: readonly PipelineTask[],
  definitions: Definitions,
): void {
  if (params.length === 0) throw new Error(`task ${task.name}: a matrix without params`);
  const declared = definitions.get(task.taskRef.name)?.spec.params ?? [];
  for (const [i, { name, value }] of params.entries()) {
    const at = `task ${task.name}: matrix parameter ${name}`;
    if (params.slice(0, i).some((param) => param.name === name)) throw new Error(`${at} is there twice`);
    if (task.params?.some((param) => param.name === name))
      throw new Error(`${at}: expected exactly one, got both matrix[${name}] and params[${name}]`);
    demandString(
      at,
      declared.find((one) => one.name === name),
    );
    if (typeof value === 'string') checkList(at, value, tasks, definitions);
  }
  demandFew(params.reduce((count, { value }) => count * (typeof value === 'string' ? 1 : value.length), 1));
}

/** A matrix gives each TaskRun one string. */
function demandString(at: string, param: Declared | undefined): void {
  if (!param) throw new Error(`${at} is no parameter of the Task`);
  if ((param.type ?? 'string') !== 'string') throw new Error(`${at} has type ${param.type} in the Task`);
}

function checkList(
  at: string,
  value: string,
  tasks: readonly PipelineTask[],
  definitions: Definitions,
): void {
  const variable = listVariable(value);
  if (variable === undefined)
    throw new Error(`${at}: parameters of type array only are allowed, but got the string ${value}`);
  const [, from, result] = /^tasks\.([^.]+)\.results\.([^.]+)\[\*\]$/.exec(variable) ?? [];
  if (from === undefined) throw new Error(`${at}: the sandbox's Tekton does not implement the list ${value}`);
  const definition = definitions.get(tasks.find(({ name }) => name === from)?.taskRef.name ?? '');
  const type = definition?.spec.results?.find(({ name }) => name === result)?.type;
  if (type !== 'array') throw new Error(`${at}: ${value} is no result of type array`);
}

/** A list fits into a matrix alone, and the results of a matrix are lists. */
function checkUses({ spec }: Pipeline, definitions: Definitions): void {
  const matrixed = new Set(spec.tasks.filter(({ matrix }) => matrix).map(({ name }) => name));
  const lists = new Set(spec.tasks.flatMap((task) => listsOf(task, definitions)));
  const texts = [
    ...[...spec.tasks, ...(spec.finally ?? [])].flatMap(textsOf),
    ...(spec.results ?? []).map(({ name, value }) => ({ at: `result ${name}`, text: value })),
  ];
  for (const { at, text } of texts) {
    for (const [, name = '', all] of text.matchAll(/\$\((tasks\.[\w.-]+\.results\.[\w-]+)(\[\*\])?\)/g)) {
      const from = name.split('.')[1] ?? '';
      if (matrixed.has(from) && !all)
        throw new Error(`${at}: a matrixed task can only be consumed in aggregate using [*], not ${text}`);
      if (matrixed.has(from))
        throw new Error(
          `${at}: the sandbox's Tekton does not implement results of the matrixed task ${from}`,
        );
      if (all || lists.has(name)) throw new Error(`${at}: a list where Tekton wants a string: ${text}`);
    }
  }
}

function listsOf({ name, taskRef }: PipelineTask, definitions: Definitions): string[] {
  const results = definitions.get(taskRef.name)?.spec.results ?? [];
  return results.filter(({ type }) => type === 'array').map((one) => `tasks.${name}.results.${one.name}`);
}

/** Every text of a task that has to be a string. */
function textsOf({ name, params = [], when = [], matrix }: PipelineTask): { at: string; text: string }[] {
  const elements = (matrix?.params ?? []).flatMap(({ value }) => (typeof value === 'string' ? [] : value));
  return [
    ...params.map(({ value }) => value),
    ...when.flatMap(({ input, values }) => [input, ...values]),
    ...elements,
  ].map((text) => ({ at: `task ${name}`, text }));
}
