import type { Binding, MatrixParam } from './manifests.ts';
import { substitute, type Variables } from './substitute.ts';

/** One set of values for the params of a matrix: one TaskRun. */
export type Combination = readonly Binding[];

/** All combinations of a matrix, in Tekton's order; none when a list is empty, and then the task is skipped. */
export function fanOut(params: readonly MatrixParam[], variables: Variables): Combination[] {
  let combinations: Combination[] = [[]];
  for (const { name, value } of params) {
    const values = valuesOf(value, variables);
    combinations = values.flatMap((one) => combinations.map((before) => [...before, { name, value: one }]));
  }
  demandFew(combinations.length);
  return combinations;
}

function valuesOf(value: MatrixParam['value'], variables: Variables): string[] {
  if (typeof value !== 'string') return value.map((text) => substitute(text, variables));
  const list = variables.get(listVariable(value) ?? '');
  if (list === undefined) throw new Error(`nothing gives the list ${value}`);
  return JSON.parse(list) as string[];
}

/** `tasks.plan.results.shards[*]` of `$(tasks.plan.results.shards[*])`; undefined when the text is more or less than that. */
export function listVariable(text: string): string | undefined {
  return /^\$\(([A-Za-z][\w.-]*\[\*\])\)$/.exec(text)?.[1];
}

/** Tekton's default-max-matrix-combinations-count. */
const mostCombinations = 256;

export function demandFew(combinations: number): void {
  if (combinations > mostCombinations)
    throw new Error(`matrix: expected 0 <= ${combinations} <= ${mostCombinations}`);
}
