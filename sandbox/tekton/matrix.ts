import type { Binding, MatrixParam, Pipeline, PipelineTask, Task } from './manifests.ts';
import { substitute, type Variables } from './substitute.ts';

/** One set of values for the params of a matrix: one TaskRun. */
export type Combination = readonly Binding[];

/** Tekton's default-max-matrix-combinations-count. */
const mostCombinations = 256;

/** All combinations of a matrix, in Tekton's order; none when a list is empty, and then the task is skipped. */
export function fanOut(params: readonly MatrixParam[], variables: Variables): Combination[] {
  let combinations: Combination[] = [[]];
  for (const { name, value } of params) {
    const values = valuesOf(value, variables);
    combinations = values.flatMap((one) => combinations.map((before) => [...before, { name, value: one }]));
  }
  if (combinations.length > mostCombinations)
    throw new Error(`matrix: expected 0 <= ${combinations.length} <= ${mostCombinations}`);
  return combinations;
}

function valuesOf(value: MatrixParam['value'], variables: Variables): string[] {
  if (typeof value !== 'string') return value.map((text) => substitute(text, variables));
  const list = variables.get(listVariable(value) ?? '');
  if (list === undefined) throw new Error(`nothing gives the list ${value}`);
  return JSON.parse(list) as string[];
}

/** `tasks.plan.results.shards[*]` of `$(tasks.plan.results.shards[*])`; undefined when the text is more or less than that. */
function listVariable(text: string): string | undefined {
  return /^\$\(([A-Za-z][\w.-]*\[\*\])\)$/.exec(text)?.[1];
}

/** Throws on what Tekton's admission or its controller would refuse of a matrix, and on what the sandbox does not implement of it. */
export function checkMatrices({ spec }: Pipeline, definitions: ReadonlyMap<string, Task>): void {
  for (const task of spec.tasks) checkMatrix(task, spec.tasks, definitions);
  const matrixed = new Set(spec.tasks.filter(({ matrix }) => matrix).map(({ name }) => name));
  const lists = new Set(
    spec.tasks.flatMap(({ name, taskRef }) =>
      (definitions.get(taskRef.name)?.spec.results ?? [])
        .filter(({ type }) => type === 'array')
        .map((result) => `tasks.${name}.results.${result.name}`),
    ),
  );
  for (const { at, text } of stringsOf(spec)) {
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

function checkMatrix(
  { name: at, matrix, params, taskRef }: PipelineTask,
  tasks: readonly PipelineTask[],
  definitions: ReadonlyMap<string, Task>,
): void {
  if (!matrix) return;
  if (matrix.params.length === 0) throw new Error(`task ${at}: a matrix without params`);
  const declared = definitions.get(taskRef.name)?.spec.params ?? [];
  const seen = new Set<string>();
  for (const { name, value } of matrix.params) {
    if (seen.has(name)) throw new Error(`task ${at}: parameter ${name} is twice in matrix.params`);
    seen.add(name);
    if (params?.some((param) => param.name === name))
      throw new Error(`task ${at}: expected exactly one, got both matrix[${name}] and params[${name}]`);
    const param = declared.find((one) => one.name === name);
    if (!param) throw new Error(`task ${at}: matrix parameter ${name} is none of Task ${taskRef.name}`);
    if ((param.type ?? 'string') !== 'string')
      throw new Error(`task ${at}: matrix parameter ${name} has type ${param.type} in Task ${taskRef.name}`);
    if (typeof value === 'string') checkList(`task ${at}: parameter ${name}`, value, tasks, definitions);
  }
  fanOutLiterals(matrix.params);
}

function checkList(
  at: string,
  value: string,
  tasks: readonly PipelineTask[],
  definitions: ReadonlyMap<string, Task>,
): void {
  const variable = listVariable(value);
  if (variable === undefined)
    throw new Error(`${at}: parameters of type array only are allowed in a matrix, got string ${value}`);
  const [, from, result] = /^tasks\.([^.]+)\.results\.([^.]+)\[\*\]$/.exec(variable) ?? [];
  if (from === undefined)
    throw new Error(`${at}: the sandbox's Tekton does not implement the list ${value} in a matrix`);
  const definition = definitions.get(tasks.find(({ name }) => name === from)?.taskRef.name ?? '');
  const type = definition?.spec.results?.find(({ name }) => name === result)?.type;
  if (type !== 'array') throw new Error(`${at}: ${value} is no result of type array`);
}

/** Too many combinations are refused before the run where they are written out. */
function fanOutLiterals(params: readonly MatrixParam[]): void {
  const count = params.reduce(
    (product, { value }) => product * (typeof value === 'string' ? 1 : value.length),
    1,
  );
  if (count > mostCombinations) throw new Error(`matrix: expected 0 <= ${count} <= ${mostCombinations}`);
}

/** Every text of the Pipeline that takes a string, and where it stands. */
function* stringsOf(spec: Pipeline['spec']): Generator<{ at: string; text: string }> {
  for (const task of [...spec.tasks, ...(spec.finally ?? [])]) {
    const at = `task ${task.name}`;
    for (const { value } of task.params ?? []) yield { at, text: value };
    for (const { input, values } of task.when ?? [])
      for (const text of [input, ...values]) yield { at, text };
    for (const { value } of task.matrix?.params ?? [])
      if (typeof value !== 'string') for (const text of value) yield { at, text };
  }
  for (const { name, value } of spec.results ?? []) yield { at: `result ${name}`, text: value };
}
